"""The language model of a checkpoint that holds more, as a folder of its own. Imports torch: import this lazily."""

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import transformers
from huggingface_hub import constants, snapshot_download
from safetensors import safe_open
from safetensors.torch import save_file

from codekiln.errors import ModelError
from codekiln.models import BaseModelSpec
from codekiln.models.hub_access import read_error


def language_model_folder(spec: BaseModelSpec) -> Path:
    """Return a folder with the weights that `load_model` loads, under the names of the architecture it loads.

    It is written once, shard by shard, into ``CODEKILN_CACHE`` or beside the Hub's cache; later calls find it there.

    Raises:
        InputError: There is no such model, or the Hub does not let us read it.
        ModelError: The checkpoint lacks weights that the architecture has.
    """
    try:
        source = _source(spec)
        config = transformers.AutoConfig.from_pretrained(source).get_text_config()
    except (OSError, ValueError) as error:
        raise read_error(spec, error) from None
    cache = Path(os.environ.get("CODEKILN_CACHE") or Path(constants.HF_HOME) / "codekiln") / "language-models"
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / _digest(spec, source)
    # The processes of a job on one node would all write the same.
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=cache) as scratch:
                _write(spec, source, config, Path(scratch) / "model")
                shutil.move(Path(scratch) / "model", folder)
    return folder


def _source(spec: BaseModelSpec) -> Path:
    if spec.hub_revision is None:
        return Path(spec.source)
    return Path(snapshot_download(spec.id, revision=spec.hub_revision, allow_patterns=["*.json", "*.safetensors"]))


def _digest(spec: BaseModelSpec, source: Path) -> str:
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(source.iterdir())]
    what = json.dumps([str(source), spec.architecture, spec.key_mapping, files])
    return hashlib.sha256(what.encode()).hexdigest()[:16]


def _write(spec: BaseModelSpec, source: Path, config: transformers.PretrainedConfig, folder: Path) -> None:
    kind: Any = getattr(transformers, spec.architecture) if spec.architecture else transformers.AutoModelForCausalLM
    with torch.device("meta"):
        model = kind(config) if spec.architecture else kind.from_config(config)
    tied = set(getattr(model, "all_tied_weights_keys", None) or {})
    wanted = set(model.state_dict())
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    places: dict[str, str] = {}
    for shard in sorted(source.glob("*.safetensors")):
        kept = dict(_kept(spec, shard, wanted))
        if kept:
            save_file(kept, folder / shard.name, metadata={"format": "pt"})
        places |= dict.fromkeys(kept, shard.name)
    if missing := sorted(wanted - tied - places.keys()):
        what = f"{len(missing)} weights are not in the checkpoint, for example {missing[0]}"
        raise ModelError(what, where=spec.name, fix="download the model again")
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=1))


def _kept(spec: BaseModelSpec, shard: Path, wanted: set[str]) -> Iterator[tuple[str, torch.Tensor]]:
    with safe_open(shard, "pt") as file:
        for key in file.keys():  # noqa: SIM118  # it is no mapping
            name = key
            for pattern, text in spec.key_mapping.items():
                name = re.sub(pattern, text, name)
            if name in wanted:
                yield name, file.get_tensor(key)
