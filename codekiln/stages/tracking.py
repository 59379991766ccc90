"""What a stage leaves in MLflow: its settings, figures, curve, input data, and the adapter it made."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codekiln import models
from codekiln.data.manifests import DataManifest
from codekiln.registry.runs import WEIGHTS, StageRun
from codekiln.stages.base import Stage, StageManifest, Work
from codekiln.stages.run_folder import read_tracking, registry_of

ARTIFACTS = ("evaluation.json", "results.json", "report.html", "model_card.md")


@contextmanager
def tracked(stage: Stage, work: Work) -> Iterator[Callable[[StageManifest], dict[str, str]]]:
    """Open the stage's nested run; gives the function that logs a finished manifest into it.

    The parent run is RUNNING while a stage is at work, and afterwards what the stage was, so that a pipeline needs no
    last step that closes it.
    """
    registry, parent = registry_of(work.run), read_tracking(work.run).parent_run_id
    registry.client.update_run(parent, status="RUNNING")
    try:
        with registry.stage(parent, work.step) as run:
            yield lambda manifest: _log(run, stage, work, manifest)
    except BaseException:
        registry.finish(parent, "FAILED")
        raise
    registry.finish(parent)


@contextmanager
def untracked() -> Iterator[Callable[[StageManifest], dict[str, str]]]:
    """Log nothing: check runs before its parent run exists."""
    yield lambda manifest: {}


def _log(run: StageRun, stage: Stage, work: Work, manifest: StageManifest) -> dict[str, str]:
    run.params(manifest.settings)
    run.metrics({**manifest.summary.figures, "seconds": manifest.seconds})
    run.curve(manifest.summary.curve)
    for name, part in stage.uses.items():
        folder = work.inputs.get(name, Path("missing")) / part
        if DataManifest.describes(folder):
            run.dataset(folder, "evaluation" if name.startswith("evaluation") else "training")
    for name in ARTIFACTS:
        if (work.output / name).exists():
            run.artifact(work.output / name)
    found = {"run_id": run.id}
    if (work.output / WEIGHTS).exists():
        base = models.get(work.settings.base_model)
        found["model_id"] = run.adapter(work.output, work.step, base.id, tags=adapter_tags(work, manifest))
    return found


def adapter_tags(work: Work, manifest: StageManifest) -> dict[str, str]:
    """Return an adapter's lineage as the tags its logged model and registered versions carry."""
    base = models.get(work.settings.base_model)
    own = json.loads((work.output / "codekiln.json").read_bytes()) if (work.output / "codekiln.json").exists() else {}
    return {
        "base_revision": base.revision,
        "stage": manifest.step,
        "recipe": work.settings.recipe,
        "metric": work.settings.metric,
        "code_version": manifest.code_version,
        "reference": str(own.get("reference", "")),
        "parent_adapter": manifest.inputs.get("start", ""),
        "seed": str(work.settings.seed),
        **{f"data.{name}": digest for name, digest in manifest.inputs.items() if name != "start"},
    }
