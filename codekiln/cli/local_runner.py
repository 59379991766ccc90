"""Run a compiled pipeline on this machine through kfp.local; an interrupted run continues where it stopped."""

import contextlib
import fcntl
import logging
import os
import shutil
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from codekiln.cli.run_end import RunEnd, run_end
from codekiln.cli.run_output import RunOutput, run_output
from codekiln.cli.step_failure import StepFailure, oom_kills
from codekiln.data.system_errors import require_depth
from codekiln.errors import InputError, did_you_mean
from codekiln.progress import EVENTS
from codekiln.stages.monitoring.context import PIPELINE
from codekiln.stages.process_tree import GRACE_SECONDS, STEPS_LOCK
from codekiln.stages.run_folder import WORKDIR

LOG = "kfp.log"
RESULTS = ("results.json", "report.html", "model_card.md")


class RunStopped(SystemExit):
    """A signal has ended the run, or the loss of its output.

    Attributes:
        step: The step that was at work; empty where none was.
    """

    def __init__(self, code: Any, step: str) -> None:
        super().__init__(code)
        self.step = step


def run(path: Path, arguments: Mapping[str, Any], workdir: Path) -> StepFailure | None:
    """Run the compiled pipeline ``path`` in ``workdir``; returns which step failed, whose error is then shown.

    The steps' own lines are shown as they are printed; all output of KFP goes to ``kfp.log``.

    Raises:
        InputError: Another run uses ``workdir``, or the pipeline does not take an argument or lacks one.
        RunStopped: SIGTERM, SIGINT or SIGHUP arrived, or nobody reads the output any more (as SIGPIPE); the code is 128
            and the number of the signal, and no process of the run is left.
    """
    workdir = workdir.absolute()
    require_depth(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    with (
        run_end() as end,
        _locked(workdir),
        (workdir / LOG).open("a", encoding="utf-8") as log,
        run_output(log, lambda: end.handle(signal.SIGPIPE)) as output,
    ):
        end.on_signal = output.stopping
        try:
            failure = _execute(path, arguments, workdir, end, output)
        except SystemExit as ended:
            raise RunStopped(ended.code, output.step) from None
        # A step that could not begin prints no error of its own.
        for line in output.unexplained() if failure and failure.code <= 128 else ():
            output.show(line)
    if failure is None:
        _copy_results(workdir)
    return failure


def _execute(
    path: Path, arguments: Mapping[str, Any], workdir: Path, end: RunEnd, output: RunOutput
) -> StepFailure | None:
    warnings.filterwarnings("ignore", module="kfp")
    from kfp import components, local

    os.environ[WORKDIR], os.environ[PIPELINE] = str(workdir), path.stem
    # Steps run `python3`, which has to be this installation's.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(workdir / "kfp"), raise_on_error=True)
    loaded = components.load_component_from_text(_without_retries(path))
    inputs = loaded.component_spec.inputs or {}
    if missing := [name for name, given in inputs.items() if not given.optional and name not in arguments]:
        option = f"--{missing[0].replace('_', '-')}"
        raise InputError(
            f"the pipeline needs {option}", where=path.stem, fix=f"give {option}; see `codekiln run --help`"
        )
    if unknown := set(arguments) - set(inputs):
        raise InputError(
            f"the pipeline takes no '{sorted(unknown)[0]}'",
            where=str(path),
            fix=did_you_mean(sorted(unknown)[0], inputs),
        )
    killed, codes = oom_kills(), list[int]()
    if output.is_live:
        os.environ[EVENTS] = "yes"
    try:
        with end.steps(), _exit_codes(codes), _arguments_as_given():
            loaded(**arguments)
    except RuntimeError as error:
        # KFP has no type of its own for the failure of a task.
        if "failed" not in str(error) and "FAILURE" not in str(error):
            raise
        logging.getLogger(__name__).debug("%s", error)
        return StepFailure(output.step, codes[-1] if codes else 1, oom_kills() > killed)
    finally:
        os.environ.pop(EVENTS, None)
        shutil.rmtree(workdir / "kfp", ignore_errors=True)
    return None


@contextlib.contextmanager
def _exit_codes(codes: list[int]) -> Iterator[None]:
    """Collect the exit codes of the steps, 128 + n where signal n ended one: KFP tells only whether they are 0."""
    from kfp.local import subprocess_task_handler as handler

    original = handler.run_local_subprocess

    def run_local_subprocess(*args: Any, **kwargs: Any) -> int:
        code: int = original(*args, **kwargs)
        codes.append(code if code >= 0 else 128 - code)
        return code

    handler.run_local_subprocess = run_local_subprocess
    try:
        yield
    finally:
        handler.run_local_subprocess = original


@contextlib.contextmanager
def _arguments_as_given() -> Iterator[None]:
    """Keep KFP from writing an interpreter's path over "python3" in arguments, as in ``/usr/lib/python3.11``.

    The command itself needs no other name, because the interpreter comes first in PATH.
    """
    from kfp.local import subprocess_task_handler as handler

    original = handler.replace_python_executable
    handler.replace_python_executable = lambda full_command, new_executable: full_command
    try:
        yield
    finally:
        handler.replace_python_executable = original


def _without_retries(path: Path) -> str:
    # On a cluster a retry survives a lost node. Here it would only repeat a user's mistake after a minute.
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    for task in documents[0]["root"].get("dag", {}).get("tasks", {}).values():
        task.pop("retryPolicy", None)
    return yaml.safe_dump_all(documents, sort_keys=False)


def _copy_results(workdir: Path) -> None:
    for name in RESULTS:
        if (workdir / "promote" / name).exists():
            shutil.copyfile(workdir / "promote" / name, workdir / name)


@contextlib.contextmanager
def _locked(workdir: Path) -> Iterator[None]:
    with (workdir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "another run is at work in this folder",
                where=str(workdir),
                fix="wait for it, or give another --workdir",
            ) from None
        _wait_for_steps(workdir)
        yield


def _wait_for_steps(workdir: Path) -> None:
    """Wait for the steps of a run that was killed: they would write where those of this run do."""
    limit = time.monotonic() + 2 * GRACE_SECONDS
    with (workdir / STEPS_LOCK).open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > limit:
                    fix = "end it, or give another --workdir"
                    raise InputError("a step of an earlier run is at work", where=str(workdir), fix=fix) from None
            time.sleep(0.05)
