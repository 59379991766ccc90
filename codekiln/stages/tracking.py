"""Tracking of stages in MLflow: settings, figures, training curve, input data, and the adapter."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from codekiln import models
from codekiln.data.manifests import DataManifest
from codekiln.errors import InputError
from codekiln.models.chat_files import save_chat_files
from codekiln.models.hub_access import pinned
from codekiln.registry.runs import CONFIG, WEIGHTS, StageRun
from codekiln.stages.base import Stage, StageContext, StageManifest
from codekiln.stages.model_folder.assembly import assemble, has_chat_files
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
        found["model_id"] = _log_adapter(run, context, manifest)
    return found


def _log_adapter(run: StageRun, context: StageContext, manifest: StageManifest) -> str:
    """Log the adapter as a whole model folder."""
    spec, tags = models.get(context.settings.base_model), adapter_tags(context, manifest)
    with tempfile.TemporaryDirectory(prefix="codekiln-") as place:
        folder, chat = Path(place, "model"), _chat_files(context, Path(place, "chat"))
        folder.mkdir()
        assemble(context.output, folder, spec, context.step, context.settings.registered_name, chat)
        return run.adapter(folder, context.step, spec.id, tags=tags)


def _chat_files(context: StageContext, folder: Path) -> Path | None:
    """Return where the adapter's chat files are; for one that was trained elsewhere its base's, in ``folder``."""
    if has_chat_files(context.output):
        return context.output
    try:
        save_chat_files(pinned(models.get(context.settings.base_model)), folder)
    except InputError as error:
        # A job on a pool may read a base that this step cannot. The adapter is judged all the same.
        print(
            f"{context.step}: logged without tokenizer and MLmodel, because its base is not here: {error}", flush=True
        )
        return None
    return folder


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
        "base_commit": str(own.get("revision") or ""),
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
