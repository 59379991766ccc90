"""Run one stage on folders; what a KFP step and ``codekiln stage`` both call."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codekiln import stages
from codekiln.errors import InputError
from codekiln.settings.schema import Settings
from codekiln.stages.base import StageManifest, Work, execute
from codekiln.stages.run_folder import EVALUATION, TRAIN, read_run


def run_check(settings: Settings, output: Path) -> StageManifest:
    """Run check into ``output``.

    Raises:
        InputErrors: Everything that is wrong.
    """
    from codekiln.stages.tracking import tracked, untracked

    stage = stages.get("check")
    work = Work(settings=settings, inputs={}, output=output, step=stage.name, run=output)
    manifest, _ = execute(stage, work, untracked)
    with tracked(stage, work) as log:
        log(manifest)
    return manifest


def run_stage(
    name: str,
    run: Path,
    inputs: Mapping[str, Path],
    output: Path,
    step: str = "",
    parameters: Mapping[str, str] | None = None,
    task_config: Mapping[str, Any] | None = None,
) -> tuple[StageManifest, bool]:
    """Run a stage unless it is done; returns its manifest and whether it was done already.

    Args:
        name: The stage.
        run: Output of check.
        inputs: Output folders of the stages before, by input name; the problem sets are found in ``run``.
        output: Folder to fill.
        step: What this use of the stage is called in the run; empty: the stage's name.
        parameters: What else the stage is told, for example where fetch takes its adapter from.
        task_config: What Kubeflow passed through from the task, for a job on a GPU pool.

    Raises:
        InputError: An input that the stage cannot do without is not given.
    """
    from codekiln.stages.tracking import tracked

    folders = _Folders({TRAIN: run / TRAIN, EVALUATION: run / EVALUATION, **inputs})
    stage = stages.get(name)
    work = Work(
        settings=read_run(run),
        inputs=folders,
        output=output,
        step=step or name,
        run=run,
        parameters=dict(parameters or {}),
        task_config=dict(task_config or {}),
    )
    return execute(stage, work, partial(tracked, stage, work))


class _Folders(dict[str, Path]):
    """Input folders by name; one that is asked for and not there is the user's mistake."""

    def __missing__(self, name: str) -> Path:
        known = ", ".join(sorted(set(self) - {TRAIN, EVALUATION})) or "none"
        raise InputError(f"needs the input '{name}'; given: {known}", where="--input", fix=f"add --input {name}=FOLDER")
