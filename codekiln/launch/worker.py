"""``python -m codekiln.launch.worker PLACE``: what the pods of a job run.

Starts one process per accelerator with torchrun's own machinery, which reads the ``PET_*`` variables that Kubeflow
Trainer sets (https://www.kubeflow.org/docs/components/trainer); without them it is one node. Exit codes: 0 done, 2 a
user's mistake, 3 no step waits for it, 143 stopped by SIGTERM, otherwise that of the process that failed first; 128 + n
when signal n ended it.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from codekiln.data.files import write_atomic
from codekiln.errors import CodekilnError, InputError
from codekiln.launch.exchange import JOB, opened
from codekiln.launch.heartbeat import ABANDONED, Watch
from codekiln.launch.processes import APART

PATIENCE_SECONDS = 3600
MODULES = ("codekiln.training", "codekiln.inference.sampling")
ERROR_FILE = "TORCHELASTIC_ERROR_FILE"  # set by torchrun for every process
USAGE = """usage: python -m codekiln.launch.worker PLACE

Runs the job in PLACE/job.json on this node; PLACE is a folder, or s3://bucket/prefix."""


def main(arguments: list[str]) -> int:
    """Run the job of a place, and return the exit code for the pod."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    place, node = arguments[0], int(os.environ.get("PET_NODE_RANK", "0"))
    if "://" in place:
        os.environ[APART] = "1"
    # From the start: the first process of a container has no default for SIGTERM.
    before = signal.signal(signal.SIGTERM, _pass_on)
    watch = Watch(place)
    try:
        watch.start()
        code = _work(place, node)
    except SystemExit as ended:
        code = int(ended.code or 0)
    finally:
        signal.signal(signal.SIGTERM, before)
    if watch.abandoned and code:
        print("no step has waited for this job for two hours, so it ended itself", file=sys.stderr)
        return ABANDONED
    return code


def _work(place: str, node: int) -> int:
    try:
        with opened(place, node) as folder:
            module, job = _unpack(folder, node)
            code = _launch(["-m", module, str(job)])
            signal.signal(signal.SIGTERM, signal.SIG_IGN)  # what is left is to bring the results to safety
        return code
    except CodekilnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def say_last(words: str) -> None:
    """Say why this process ends: to the worker, which repeats it once for all processes, or else to standard error."""
    file = os.environ.get(ERROR_FILE)
    if not file:
        print(words, file=sys.stderr, flush=True)
        return
    # The form that torch.distributed.elastic.multiprocessing.errors reads.
    content = {"message": words, "extraInfo": {"py_callstack": words, "timestamp": time.time()}}
    write_atomic(Path(file), json.dumps({"message": content}))


def _unpack(folder: Path, node: int) -> tuple[str, Path]:
    path = folder / JOB
    fix = "give the place that codekiln wrote the job to"
    try:
        content = json.loads(path.read_bytes())
        module, job = content["module"], content["job"]
    except FileNotFoundError:
        raise InputError("no such file", where=str(path), fix=fix) from None
    except (ValueError, KeyError, TypeError):
        raise InputError('is not {"module": ..., "job": {...}}', where=str(path), fix=fix) from None
    if module not in MODULES:
        raise InputError(f"module '{module}' cannot be run", where=str(path), fix=f"use one of {', '.join(MODULES)}")
    # One file per node: several may share the folder. It stays in the folder, which relative paths are relative to.
    own = folder / f"job-{node}.json"
    write_atomic(own, json.dumps(job, indent=2))
    return module, own


def _launch(command: list[str]) -> int:
    from torch.distributed import run as torchrun
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    try:
        torchrun.run(torchrun.parse_args([*_options(), *command]))
    except ChildFailedError as error:
        return _explain(error)
    except SignalException as error:
        return 128 + int(error.sigval)
    return 0


def _options() -> list[str]:
    import torch

    # SIGTERM is left to `_pass_on`: torchrun would kill the processes 30 seconds later, amid their checkpoint.
    options = ["--max-restarts=0", "--signals-to-handle=SIGINT,SIGHUP,SIGQUIT"]
    # Pods of one job may start far apart: a new node has to be made, and to pull the image.
    options.append(f"--rdzv-conf=timeout={PATIENCE_SECONDS}")
    if "PET_NPROC_PER_NODE" not in os.environ:
        options.append(f"--nproc-per-node={max(1, torch.cuda.device_count())}")
    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # or DeepSpeed warns in every process that it guessed so
    if "PET_MASTER_ADDR" not in os.environ and "PET_RDZV_ENDPOINT" not in os.environ:
        options.append("--standalone")
    return options


def _pass_on(signum: int, frame: Any) -> None:
    import psutil

    children = psutil.Process().children()
    if not children:
        raise SystemExit(128 + signum)
    for child in children:
        child.send_signal(signum)


def _explain(error: Any) -> int:
    rank, failure = min(error.failures.items(), key=lambda item: _moment(item[1]))
    code = failure.exitcode if failure.exitcode >= 0 else 128 - failure.exitcode
    if code != 128 + signal.SIGTERM:
        print(_words(rank, failure), file=sys.stderr, flush=True)
    return code


def _moment(failure: Any) -> float:
    # torchrun cuts the time to a second, too coarse to tell the cause from what followed.
    message = failure.error_file_data.get("message")
    return message["extraInfo"]["timestamp"] if isinstance(message, dict) else failure.timestamp + 1


def _words(rank: int, failure: Any) -> str:
    message = failure.message
    if isinstance(message, dict):
        return message["message"]
    return f"process {rank} ended with exit code {failure.exitcode}" + (
        f": {message}" if failure.exitcode < 0 else "; its last lines are above"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
