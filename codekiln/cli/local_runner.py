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
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import yaml

from codekiln.cli.run_end import RunEnd, run_end
from codekiln.data.system_errors import require_depth
from codekiln.errors import InputError, did_you_mean
from codekiln.stages.monitoring.context import PIPELINE
from codekiln.stages.process_tree import GRACE_SECONDS, STEPS_LOCK, silence
from codekiln.stages.run_folder import WORKDIR
from codekiln.stages.step import FAILED, MARK

LOG = "kfp.log"
LAST_LINES = 8
RESULTS = ("results.json", "report.html", "model_card.md")


def run(path: Path, arguments: Mapping[str, Any], workdir: Path) -> bool:
    """Run the compiled pipeline ``path`` in ``workdir``; returns False when a step failed, whose error is then shown.

    The steps' own lines are shown as they are printed; all output of KFP goes to ``kfp.log``.

    Raises:
        InputError: Another run uses ``workdir``, or the pipeline does not take an argument or lacks one.
        SystemExit: SIGTERM, SIGINT or SIGHUP arrived, or nobody reads the output any more (as SIGPIPE); the code is 128
            and the number of the signal, and no process of the run is left.
    """
    workdir = workdir.absolute()
    require_depth(workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    with (
        run_end() as end,
        _locked(workdir),
        (workdir / LOG).open("a", encoding="utf-8") as log,
        _filtered_output(log, lambda: end.handle(signal.SIGPIPE)) as output,
    ):
        ok = _execute(path, arguments, workdir, end)
        # A step that was killed prints no error; the last lines of its shell and of KFP are all there is.
        for line in [] if ok or output.has_error else output.unmarked:
            output.show(line)
    if ok:
        _copy_results(workdir)
    return ok


def _execute(path: Path, arguments: Mapping[str, Any], workdir: Path, end: RunEnd) -> bool:
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
    try:
        with end.steps():
            loaded(**arguments)
    except RuntimeError as error:
        # KFP has no type of its own for the failure of a task.
        if "failed" not in str(error) and "FAILURE" not in str(error):
            raise
        logging.getLogger(__name__).debug("%s", error)
        return False
    finally:
        shutil.rmtree(workdir / "kfp", ignore_errors=True)
    return True


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


@contextlib.contextmanager
def _filtered_output(log: TextIO, lost: Callable[[], None]) -> Iterator["_OutputFilter"]:
    output = _OutputFilter(log, sys.stdout, lost)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        yield output


class _OutputFilter:
    """A stream that writes every line to a log and shows those that a stage has marked.

    Args:
        log: Gets every line.
        shown: Gets those that are shown.
        lost: Called when ``shown`` cannot be written any more: its terminal or its reader is gone.

    Attributes:
        has_error: Whether a stage has shown an error.
        unmarked: The last lines since a stage has shown one.
    """

    def __init__(self, log: TextIO, shown: TextIO, lost: Callable[[], None]) -> None:
        self.log, self.shown, self.lost, self.rest = log, shown, lost, ""
        self.has_error = False
        self.unmarked: deque[str] = deque(maxlen=LAST_LINES)

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.log.write(line + "\n")
            before, mark, message = line.partition(MARK)
            if mark and not before.strip():
                self.show(message)
                self.has_error |= message.startswith(FAILED)
                self.unmarked.clear()
            elif line.strip():
                self.unmarked.append(line.strip())
        self.log.flush()
        return len(text)

    def show(self, line: str) -> None:
        """Show a line to the user."""
        try:
            print(line, file=self.shown, flush=True)
        except OSError:
            silence(self.shown)
            self.lost()

    def flush(self) -> None:
        """Do nothing: each line is flushed when it is written."""

    def isatty(self) -> bool:
        return False
