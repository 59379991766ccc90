"""Run a compiled pipeline on this machine through kfp.local, and go on where an earlier run stopped."""

import contextlib
import fcntl
import logging
import os
import shutil
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TextIO

import yaml

from codekiln.errors import InputError, did_you_mean
from codekiln.stages.step import FAILED, MARK, WORKDIR

LOG = "kfp.log"
LAST_WORDS = 8
RESULTS = ("results.json", "report.html", "model_card.md")


def compiled(pipeline: str) -> Path:
    """Return the YAML of a pipeline: a shipped one by name, or a file by path.

    Raises:
        InputError: There is no such pipeline.
    """
    if Path(pipeline).suffix in (".yaml", ".yml"):
        if not Path(pipeline).is_file():
            raise InputError("no such file", where=pipeline, fix="give a compiled pipeline")
        return Path(pipeline)
    folder = _folder()
    path = folder / f"{pipeline}.yaml"
    if not path.is_file():
        raise InputError(f"no pipeline '{pipeline}'", where="PIPELINE", fix=did_you_mean(pipeline, pipelines()))
    return path


def pipelines() -> list[str]:
    """Return the names of the shipped pipelines."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def run(pipeline: str, arguments: Mapping[str, str], workdir: Path) -> bool:
    """Run a pipeline in ``workdir``; returns False when a step failed, after it has said why.

    The steps' own lines are shown as they come; everything KFP prints goes to ``kfp.log``.

    Raises:
        InputError: Another run works in ``workdir``, or the pipeline does not take an argument.
    """
    path = compiled(pipeline)
    workdir = workdir.absolute()
    workdir.mkdir(parents=True, exist_ok=True)
    with _only_one(workdir), (workdir / LOG).open("a", encoding="utf-8") as log, _kfp_prints_to(log) as splitter:
        ok = _execute(path, arguments, workdir)
        # A step that was killed says nothing itself; what its shell and KFP said last is all there is.
        for line in [] if ok or splitter.explained else splitter.unmarked:
            splitter.show(line)
    if ok:
        _publish(workdir)
    return ok


def _execute(path: Path, arguments: Mapping[str, str], workdir: Path) -> bool:
    warnings.filterwarnings("ignore", module="kfp")
    from kfp import components, local

    os.environ[WORKDIR] = str(workdir)
    # The steps import this very installation, whatever `python3` the shell would find first.
    os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root=str(workdir / "kfp"), raise_on_error=True)
    loaded = components.load_component_from_text(_without_retries(path))
    if unknown := set(arguments) - set(loaded.component_spec.inputs or {}):
        raise InputError(
            f"the pipeline takes no '{sorted(unknown)[0]}'",
            where=str(path),
            fix=did_you_mean(sorted(unknown)[0], loaded.component_spec.inputs),
        )
    try:
        loaded(**arguments)
    except RuntimeError as error:
        if "failed" not in str(error) and "FAILURE" not in str(error):
            raise
        logging.getLogger(__name__).debug("%s", error)
        return False
    finally:
        shutil.rmtree(workdir / "kfp", ignore_errors=True)
    return True


def _without_retries(path: Path) -> str:
    # On a cluster a retry survives a lost node. Here it would repeat a user's mistake after a minute's wait.
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    for task in documents[0]["root"].get("dag", {}).get("tasks", {}).values():
        task.pop("retryPolicy", None)
    return yaml.safe_dump_all(documents, sort_keys=False)


def _publish(workdir: Path) -> None:
    for name in RESULTS:
        if (workdir / "promote" / name).exists():
            shutil.copyfile(workdir / "promote" / name, workdir / name)


@contextlib.contextmanager
def _only_one(workdir: Path) -> Iterator[None]:
    with (workdir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "another run is at work in this folder",
                where=str(workdir),
                fix="wait for it, or give another --workdir",
            ) from None
        yield


@contextlib.contextmanager
def _kfp_prints_to(log: TextIO) -> Iterator["_Splitter"]:
    shown = sys.stdout
    splitter = _Splitter(log, shown)
    with contextlib.redirect_stdout(splitter), contextlib.redirect_stderr(splitter):
        yield splitter


class _Splitter:
    """A stream that keeps every line in a log and shows those that a stage marked as its own."""

    def __init__(self, log: TextIO, shown: TextIO) -> None:
        self.log, self.shown, self.rest = log, shown, ""
        self.explained = False
        self.unmarked: deque[str] = deque(maxlen=LAST_WORDS)

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            self.log.write(line + "\n")
            marked, mark, words = line.partition(MARK)
            if mark and not marked.strip():
                self.show(words)
                self.explained |= words.startswith(FAILED)
                self.unmarked.clear()
            elif line.strip():
                self.unmarked.append(line.strip())
        self.log.flush()
        return len(text)

    def show(self, line: str) -> None:
        """Show a line to the user."""
        print(line, file=self.shown, flush=True)

    def flush(self) -> None:
        """Flush what the user sees."""
        self.shown.flush()

    def isatty(self) -> bool:
        return False


def _folder() -> Path:
    packaged = Path(str(resources.files("codekiln"))) / "compiled"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "pipelines" / "compiled"
