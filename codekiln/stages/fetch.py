"""fetch: copy an adapter that exists already, from the model registry or a folder."""

import shutil
import tempfile
from pathlib import Path

from codekiln import models
from codekiln.errors import InputError
from codekiln.models.chat_files import CHAT_FILES
from codekiln.models.hub_access import is_cached
from codekiln.models.pickled_adapter import in_safetensors
from codekiln.registry.runs import WEIGHTS
from codekiln.stages.base import Stage, StageContext, Summary
from codekiln.stages.run_folder import registry_of


def _fetch(context: StageContext) -> Summary:
    source = context.parameters["source"]
    if source.startswith("models:/"):
        # What promotion added to a version since, and its base model, are no part of the adapter that is judged.
        with tempfile.TemporaryDirectory(prefix="codekiln-") as folder:
            _copy(registry_of(context.run_folder).download_adapter(source, Path(folder)), context.output)
    else:
        with in_safetensors(Path(source)) as adapter:
            _copy(adapter, context.output)
        _require_fit(models.get(context.settings.base_model), Path(source))
    return Summary(figures={"bytes": (context.output / WEIGHTS).stat().st_size}, notes={"source": source})


def _copy(folder: Path, output: Path) -> None:
    if not (folder / WEIGHTS).is_file():
        # A trainer leaves its checkpoints in the folder of its output.
        inside = sorted(
            {path.parent for path in folder.glob("*/adapter_model.*")}, key=lambda path: path.stat().st_mtime
        )
        fix = "give models:/name/version, models:/name@alias, or a folder that PEFT saved"
        if inside:
            fix = f"give {inside[-1]}" + (f", or another of its {len(inside)} adapters" if inside[1:] else "")
        raise InputError(f"no adapter at '{folder}': it holds no {WEIGHTS}", where="adapter", fix=fix)
    for name in (WEIGHTS, "adapter_config.json", "codekiln.json", *CHAT_FILES):
        if (folder / name).is_file():
            shutil.copy2(folder / name, output / name)


def _require_fit(spec: models.BaseModelSpec, adapter: Path) -> None:
    """Refuse an adapter of another base model before anything is sampled, where the base can be read from here."""
    if spec.hub_revision is not None and not is_cached(spec):
        return
    import torch

    from codekiln.models.loading import attach_adapter, quiet, without_weights

    quiet()
    with torch.device("meta"):
        model = without_weights(spec)
    attach_adapter(model, spec, adapter)


# Not cached: an alias may point to another version by now.
fetch = Stage(name="fetch", settings_keys=("base_model",), input_parts={}, run=_fetch, cached=False)
