"""Runs one stage on folders: the common entry of KFP steps and of ``codekiln stage``."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codekiln import stages
from codekiln.errors import InputError
from codekiln.settings.schema import Settings
from codekiln.stages.base import StageContext, StageManifest, execute
from codekiln.stages.run_folder import EVALUATION, TRAIN, read_settings


def run_check(settings: Settings, output: Path, *, gate: bool = True) -> StageManifest:
    """Run check into ``output``.

    Args:
        settings: Resolved settings of the run.
        output: Folder to fill.
        gate: Whether a gate ends the run, so that its evaluation problems must suffice for one.

    Raises:
        InputErrors: All problems found.
    """
    from codekiln.stages.check import GATELESS
    from codekiln.stages.tracking import tracked, untracked

    # Tracked afterwards, because check itself creates the parent run.
    stage = stages.get("check")
    parameters = {} if gate else {GATELESS: "yes"}
    context = StageContext(
        settings=settings, inputs={}, output=output, step=stage.name, run_folder=output, parameters=parameters
    )
    manifest, _ = execute(stage, context, untracked)
    with tracked(stage, context) as log:
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
        step: Name of this use of the stage in the run; empty: the stage's name.
        parameters: Further parameters, for example the adapter that fetch brings.
        task_config: Settings of the task that Kubeflow Pipelines passed through, for a job on a GPU pool.

    Raises:
        InputError: A required input is missing.
    """
    from codekiln.stages.tracking import tracked

    folders = _Folders({TRAIN: run / TRAIN, EVALUATION: run / EVALUATION, **inputs})
    stage = stages.get(name)
    context = StageContext(
        settings=read_settings(run),
        inputs=folders,
        output=output,
        step=step or name,
        run_folder=run,
        parameters=dict(parameters or {}),
        task_config=dict(task_config or {}),
    )
    return execute(stage, context, partial(tracked, stage, context))


class _Folders(dict[str, Path]):
    """Input folders by name; a missing one is an InputError that lists those given."""

    def __missing__(self, name: str) -> Path:
        known = ", ".join(sorted(set(self) - {TRAIN, EVALUATION})) or "none"
        raise InputError(f"needs the input '{name}'; given: {known}", where="--input", fix=f"add --input {name}=FOLDER")
