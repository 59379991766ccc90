"""Tracking of stages in MLflow: settings, figures, training curve, input data, and the adapter."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codekiln import models
from codekiln.data.manifests import DataManifest
from codekiln.registry.runs import CONFIG, WEIGHTS, StageRun
from codekiln.stages.base import Stage, StageContext, StageManifest
from codekiln.stages.run_folder import read_tracking, registry_of

ARTIFACTS = ("evaluation.json", "results.json", "report.html", "model_card.md")


@contextmanager
def tracked(stage: Stage, context: StageContext) -> Iterator[Callable[[StageManifest], dict[str, str]]]:
    """Open a nested run for a stage; yields the function that logs the finished manifest to it.

    The parent run has the status of the stage that ran last, so that a pipeline needs no final step to close it.
    """
    registry, parent = registry_of(context.run_folder), read_tracking(context.run_folder).parent_run_id
    registry.client.update_run(parent, status="RUNNING")
    try:
        with registry.stage(parent, context.step) as run:
            yield lambda manifest: _log(run, stage, context, manifest)
    except BaseException:  # an interruption, too, must not leave the run RUNNING
        registry.finish(parent, "FAILED")
        raise
    registry.finish(parent)


@contextmanager
def untracked() -> Iterator[Callable[[StageManifest], dict[str, str]]]:
    """Log nothing, for check, which runs before its parent run exists."""
    yield lambda manifest: {}


def _log(run: StageRun, stage: Stage, context: StageContext, manifest: StageManifest) -> dict[str, str]:
    run.params(manifest.settings)
    run.metrics({**manifest.summary.figures, "seconds": manifest.seconds})
    run.curve(manifest.summary.curve)
    for name, part in stage.parts(context.settings).items():
        folder = context.inputs.get(name, Path("missing")) / part
        if DataManifest.describes(folder):
            run.dataset(folder, "evaluation" if name.startswith("evaluation") else "training")
    for name in ARTIFACTS:
        if (context.output / name).exists():
            run.artifact(context.output / name)
    found = {"run_id": run.id}
    if (context.output / WEIGHTS).exists():
        base = models.get(context.settings.base_model)
        found["model_id"] = run.adapter(context.output, context.step, base.id, tags=adapter_tags(context, manifest))
    return found


def adapter_tags(context: StageContext, manifest: StageManifest) -> dict[str, str]:
    """Return an adapter's lineage as tags, for its logged model and its registered versions."""
    base = models.get(context.settings.base_model)
    own = (
        json.loads((context.output / "codekiln.json").read_bytes())
        if (context.output / "codekiln.json").exists()
        else {}
    )
    peft = json.loads((context.output / CONFIG).read_bytes()) if (context.output / CONFIG).exists() else {}
    return {
        "base_revision": base.revision,
        "stage": manifest.step,
        "recipe": context.settings.recipe,
        "metric": context.settings.metric,
        "code_version": manifest.code_version,
        "reference": str(own.get("reference") or ""),
        "quantization": str(own.get("quantization") or ""),
        "parent_adapter": manifest.inputs.get("start", ""),
        "seed": str(context.settings.seed),
        "peft_version": str(peft.get("peft_version") or ""),
        **{f"data.{name}": digest for name, digest in manifest.inputs.items() if name != "start"},
    }
