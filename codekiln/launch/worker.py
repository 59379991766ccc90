"""``python -m codekiln.launch.worker LOCATION``: the entry point of a job's pods.

It starts one process per accelerator through torchrun's own API, which reads the ``PET_*`` variables that Kubeflow
Trainer sets (https://www.kubeflow.org/docs/components/trainer); without them there is one node. Exit codes: 0 done,
2 a user's mistake, 3 no step waits for the job, 143 stopped by SIGTERM; otherwise the code of the process that failed
first, or 128 + n when signal n ended it.
"""

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from codekiln.data.files import write_atomic
from codekiln.data.system_errors import told
from codekiln.errors import CodekilnError, InputError
from codekiln.launch import exit_codes
from codekiln.launch.exchange import JOB, job_folder
from codekiln.launch.heartbeat import HeartbeatMonitor
from codekiln.launch.processes import NO_SHARED_FOLDER

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

PEER_TIMEOUT_SECONDS = 3600
MODULES = ("codekiln.training", "codekiln.inference.sampling")
# Raises SystemExit in the main thread.
_INTERRUPT = signal.SIGUSR1
_FORWARD_SECONDS = 0.05
_STOPPED = (exit_codes.SIGTERM, -signal.SIGTERM)
# torchrun sets this variable for every process.
ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
USAGE = """usage: python -m codekiln.launch.worker LOCATION

Runs the job in LOCATION/job.json on this node; LOCATION is a folder, or s3://bucket/prefix."""


def main(arguments: list[str]) -> int:
    """Run the job at a location on this node, and return the exit code for the pod."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments and arguments[0] in ("-h", "--help") else exit_codes.USER_ERROR
    location, node = arguments[0], int(os.environ.get("PET_NODE_RANK", "0"))
    if "://" in location:
        os.environ[NO_SHARED_FOLDER] = "1"
    # From the start: PID 1 of a container ignores a SIGTERM that it does not handle.
    shutdown = Shutdown()
    monitor = HeartbeatMonitor(location)
    try:
        monitor.start()
        code = _run(location, node, shutdown)
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        # Not as before: a further signal must not change the exit code of a process that ends anyway.
        shutdown.close()
    if monitor.abandoned and code:
        print("no step has waited for this job for two hours, so it ended itself", file=sys.stderr)
        return exit_codes.ABANDONED
    return code


class Shutdown:
    """What SIGTERM does: it reaches the processes of the job, or ends this one while there are none.

    Signals may come in bursts. So the handler does nothing at all: Python's own writes the signal's number to a pipe,
    and a thread passes it on, once to each process, and raises SystemExit in the main thread once at most, so that what
    ends this process in good order is not interrupted.

    Attributes:
        signalled: Whether SIGTERM has come.
    """

    def __init__(self) -> None:
        self.signalled = self._over = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)
        signal.signal(_INTERRUPT, _exit)
        signal.signal(signal.SIGTERM, _nothing)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        threading.Thread(target=self._forward, name="shutdown", daemon=True).start()

    def check(self) -> None:
        """Raise SystemExit if SIGTERM has come: one that was raised in a finaliser is lost."""
        if self.signalled:
            _exit()

    def close(self) -> None:
        """Ignore SIGTERM from now on."""
        self._over = True
        for number in (signal.SIGTERM, _INTERRUPT):
            signal.signal(number, signal.SIG_IGN)
        signal.set_wakeup_fd(-1)
        with suppress(BlockingIOError):  # full, so that the thread reads something anyway
            os.write(self._write, b"\0")

    def _forward(self) -> None:
        while signal.SIGTERM not in os.read(self._read, 4096):
            if self._over:
                return
        self.signalled = True
        this, told, is_interrupted = psutil.Process(), set[psutil.Process](), False
        # Until the end, since a process may be starting at this moment.
        while not self._over:
            children = set(this.children())
            for child in children - told:
                with suppress(psutil.Error):  # one that has ended needs none
                    child.send_signal(signal.SIGTERM)
            told |= children
            if not told and not is_interrupted:
                is_interrupted = True
                signal.pthread_kill(threading.main_thread().ident or 0, _INTERRUPT)
            time.sleep(_FORWARD_SECONDS)


def _nothing(signum: int, frame: Any) -> None:
    pass


def _exit(signum: int = 0, frame: Any = None) -> None:
    raise SystemExit(exit_codes.SIGTERM)


def _run(location: str, node: int, shutdown: Shutdown) -> int:
    try:
        with job_folder(location, node) as folder:
            module, job = _unpack(folder, node)
            code = _launch(["-m", module, str(job)], shutdown)
            # Only the upload of the output is left, which a signal must not interrupt.
            shutdown.close()
        return code
    except CodekilnError as error:
        print(f"error: {error}", file=sys.stderr)
        return exit_codes.USER_ERROR
    except OSError as error:
        if (found := told(error)) is None:
            raise
        print(f"error: {found[0]}", file=sys.stderr)
        return found[1]


def report_failure(message: str) -> None:
    """Report why this process fails: to the worker, which prints it once for all processes, or to standard error."""
    file = os.environ.get(ERROR_FILE)
    if not file:
        print(message, file=sys.stderr, flush=True)
        return
    # The format that torch.distributed.elastic.multiprocessing.errors reads.
    content = {"message": message, "extraInfo": {"py_callstack": message, "timestamp": time.time()}}
    write_atomic(Path(file), json.dumps({"message": content}))


def _unpack(folder: Path, node: int) -> tuple[str, Path]:
    """Return the module that runs the job, and a file with the job alone."""
    path = folder / JOB
    fix = "give the location that codekiln wrote the job to"
    try:
        content = json.loads(path.read_bytes())
        module, job = content["module"], content["job"]
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix=fix) from None
    except (ValueError, KeyError, TypeError):
        raise InputError('is not {"module": ..., "job": {...}}', where=str(path), fix=fix) from None
    if module not in MODULES:
        raise InputError(f"module '{module}' cannot be run", where=str(path), fix=f"use one of {', '.join(MODULES)}")
    # One file per node, since nodes may share the folder; in the folder, since the job's paths are relative to it.
    own = folder / f"job-{node}.json"
    write_atomic(own, json.dumps(job, indent=2))
    return module, own


def _launch(command: list[str], shutdown: Shutdown) -> int:
    from torch.distributed import run as torchrun
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        options = torchrun.parse_args([*_options(), *command])  # type: ignore[no-untyped-call]  # torch has no types here
        shutdown.check()
        torchrun.run(options)  # type: ignore[no-untyped-call]
    except ChildFailedError as error:
        return _failure_code(error, shutdown.signalled)
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


def _options() -> list[str]:
    import torch

    # SIGTERM is left to `Shutdown`: torchrun would kill the processes 30 seconds later, amid their checkpoint.
    options = ["--max-restarts=0", "--signals-to-handle=SIGINT,SIGHUP,SIGQUIT"]
    # Pods of one job may start at very different times: a new node has to be provisioned, and to pull the image.
    options.append(f"--rdzv-conf=timeout={PEER_TIMEOUT_SECONDS}")
    if "PET_NPROC_PER_NODE" not in os.environ:
        options.append(f"--nproc-per-node={max(1, torch.cuda.device_count())}")
    if not torch.cuda.is_available():
        # Without this DeepSpeed guesses, and warns about it in every process.
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    if "PET_MASTER_ADDR" not in os.environ and "PET_RDZV_ENDPOINT" not in os.environ:
        options.append("--standalone")
    return options


def _failure_code(error: "ChildFailedError", signalled: bool) -> int:
    """Print the message of the process that failed first, and return its exit code."""
    if signalled and any(failure.exitcode in _STOPPED for failure in error.failures.values()):
        # One that the signal ended before it could handle it takes others with it, whose errors say nothing.
        return exit_codes.SIGTERM
    rank, failure = min(error.failures.items(), key=lambda item: _failure_time(item[1]))
    code = failure.exitcode if failure.exitcode >= 0 else 128 - failure.exitcode
    if code != exit_codes.SIGTERM:
        print(_failure_message(rank, failure), file=sys.stderr, flush=True)
    return code


def _failure_time(failure: "ProcessFailure") -> float:
    # torchrun truncates its own timestamp to a second, too coarse to tell the cause from its consequences.
    message = failure.error_file_data.get("message")
    return float(message["extraInfo"]["timestamp"]) if isinstance(message, dict) else failure.timestamp + 1.0


def _failure_message(rank: int, failure: "ProcessFailure") -> str:
    # torch declares the message as text, but it is what the process wrote to the error file.
    message: Any = failure.message
    if isinstance(message, dict):
        return str(message["message"])
    return f"process {rank} ended with exit code {failure.exitcode}" + (
        f": {message}" if failure.exitcode < 0 else "; its last lines are above"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
