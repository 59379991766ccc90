"""Stages as KFP steps: maps KFP's artifacts to folders, and a stage's results to KFP's metrics and pages."""

import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from codekiln.data.system_errors import told
from codekiln.data.text import lines_of
from codekiln.errors import InputError
from codekiln.launch.pools import placement
from codekiln.stages import pages
from codekiln.stages.base import StageManifest
from codekiln.stages.monitoring.step_watch import watched
from codekiln.stages.process_tree import end_with_run, silence
from codekiln.stages.resolved import resolve_and_read
from codekiln.stages.run_folder import WORKDIR, read_settings
from codekiln.stages.runner import run_check, run_stage

MARK = "codekiln| "
BEGINS, FAILED = "== ", "error in "
SHOWN_OF_EACH = 3
ENDS = DONE_ALREADY, DONE = "was done already", "done in"


def check_step(
    run: Any, page: Any, profile: str, form: Mapping[str, str], overrides: Mapping[str, Any], gate: bool
) -> tuple[str, str, dict[str, str], list[dict[str, Any]]]:
    """Run check as a step; problems found end it with all of them and exit code 2.

    Returns the resources of tasks on the run's pool: accelerator, accelerators per node, node selector, tolerations.

    Args:
        run: KFP artifact that gets the run's folder.
        page: KFP artifact that gets a Markdown page.
        profile: Profile name.
        form: Filled-in fields of the run form.
        overrides: Settings over the profile, by name.
        gate: Whether a gate ends the run.
    """

    folder = _folder(run, "check")

    def perform() -> StageManifest:
        settings = resolve_and_read(profile, form, overrides)
        if WORKDIR not in os.environ and not (settings.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI")):
            raise InputError(
                "no MLflow server is named, and steps on a cluster share no file",
                where="tracking_uri",
                fix="set tracking_uri in the profile or overrides, or MLFLOW_TRACKING_URI in the step",
            )
        return run_check(settings, folder, gate=gate)

    manifest = _guarded("check", "check", folder, folder, perform)
    _write(page, pages.page("check", manifest, Path(run.path)))
    return placement(read_settings(Path(run.path)).pool)


def stage_step(
    name: str,
    step: str,
    output: Any,
    metrics: Any,
    page: Any,
    *,
    report: Any = None,
    parameters: Mapping[str, str] | None = None,
    task_config: Any = None,
    **artifacts: Any,
) -> None:
    """Run a stage as a step; a user's mistake ends it with exit code 2 and no traceback.

    Args:
        name: The stage.
        step: Name of this use of the stage in the run.
        output: KFP artifact that gets the stage's folder.
        metrics: KFP metrics artifact.
        page: KFP Markdown artifact.
        report: KFP HTML artifact; gets the report when the stage writes one.
        parameters: Further parameters.
        task_config: KFP's record of the settings of the task; its fields are None in a local run.
        artifacts: KFP artifacts of the stages before, by input name; None where there is none.
    """
    folders = {key: Path(artifact.path) for key, artifact in artifacts.items() if artifact is not None}
    run, folder = folders.pop("run"), _folder(output, step)
    passed = {key: value for key, value in vars(task_config).items() if value} if task_config else {}
    perform = partial(_stage, name, run, folders, folder, step, parameters, passed)
    manifest = _guarded(name, step, run, folder, perform)
    for key, value in manifest.summary.figures.items():
        metrics.log_metric(key, value)
    _write(page, pages.page(step, manifest, folder))
    if report is not None:
        _write(report, (folder / "report.html").read_text(encoding="utf-8"))


def _stage(
    name: str,
    run: Path,
    folders: Mapping[str, Path],
    folder: Path,
    step: str,
    parameters: Mapping[str, str] | None,
    task_config: Mapping[str, Any],
) -> StageManifest:
    manifest, done = run_stage(name, run, folders, folder, step, parameters, task_config)
    figures = ", ".join(f"{key} {pages.short(value)}" for key, value in list(manifest.summary.figures.items())[:6])
    print(f"{step}: {DONE_ALREADY if done else f'{DONE} {manifest.seconds:.0f} s'}: {figures}", flush=True)
    return manifest


def _guarded(stage: str, step: str, run: Path, folder: Path, perform: Callable[[], StageManifest]) -> StageManifest:
    if WORKDIR in os.environ:
        end_with_run(Path(os.environ[WORKDIR]))
        sys.stdout, sys.stderr = _MarkedStream(sys.stdout), _MarkedStream(sys.stderr)
        _mark_warnings(step)
    print(f"{BEGINS}{step}", flush=True)
    try:
        with watched(stage, step, run) as ended:
            manifest = perform()
            ended(manifest, folder)
        return manifest
    except Exception as error:
        if (found := told(error)) is None:
            raise
        message, code = found
        print(f"{FAILED}{step}: {message}", file=sys.stderr, flush=True)
        sys.exit(code)


def _mark_warnings(step: str) -> None:
    """Have the warnings of codekiln's modules printed as lines of the step."""
    # KFP's own handler has the stream from before it was marked, so that `codekiln run` would hide them.
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.WARNING)
    handler.setFormatter(logging.Formatter(f"{step}: warning: %(message)s"))
    handler.addFilter(_FewOfEach())
    logging.getLogger("codekiln").addHandler(handler)


class _FewOfEach(logging.Filter):
    """Lets the first warnings of each kind through: a busy server gives rise to thousands. KFP's log has all."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        self.seen[record.msg] += 1
        return self.seen[record.msg] <= SHOWN_OF_EACH


def _folder(artifact: Any, step: str) -> Path:
    # In a local run a step's folder is the same every time, so that an interrupted run continues where it stopped.
    if workdir := os.environ.get(WORKDIR):
        artifact.uri = str(Path(workdir) / step)
    return Path(artifact.path)


def _write(artifact: Any, text: str) -> None:
    path = Path(artifact.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


class _MarkedStream:
    """A stream that marks every line, by which `codekiln run` tells a stage's output from KFP's own.

    Where nobody reads it any more, because the run was killed, the lines are dropped: they must not stop the cleanup.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream, self.at_start = stream, True

    def write(self, text: str) -> int:
        try:
            for line in lines_of(text):
                # Before the line is out: whoever reads it may already make another thread write the next.
                is_first, self.at_start = self.at_start, line.endswith("\n")
                self.stream.write((MARK if is_first else "") + line)
        except OSError:
            silence(self.stream)
        return len(text)

    def flush(self) -> None:
        try:
            self.stream.flush()
        except OSError:
            silence(self.stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)
