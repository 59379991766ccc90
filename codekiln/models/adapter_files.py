"""What an adapter's folder has to hold: LoRA weights, and a configuration that fits them. Loads no torch."""

from pathlib import Path
from typing import Any

from codekiln.errors import InputError
from codekiln.models import BaseModelSpec, is_hub_id
from codekiln.models.adapter_base import CONFIG, RECORD, trained_on
from codekiln.models.weight_files import check_files, read_json

WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_RESTORE = "restore the adapter's folder"


def check_adapter(spec: BaseModelSpec, adapter: Path) -> None:
    """Raise InputError when a folder holds no LoRA adapter, or one that was trained on another base model."""
    kind = adapter_config(adapter).get("peft_type")
    if kind is None:
        raise InputError("is no configuration of PEFT: no peft_type", where=str(adapter / CONFIG), fix=_RESTORE)
    if kind != "LORA":
        fix = "give a LoRA adapter, or merge this one into its base and give that as the base model"
        raise InputError(f"is an adapter of the kind {kind}, not LoRA", where=str(adapter), fix=fix)
    if not any((adapter / name).is_file() for name in WEIGHTS):
        raise InputError(f"has no weights ({WEIGHTS[0]})", where=str(adapter), fix=_RESTORE)
    check_files(adapter)
    base, _ = trained_on(adapter)
    # A folder may be mounted elsewhere from step to step, so only names and Hub ids can be compared.
    is_named = (adapter / RECORD).is_file() or is_hub_id(base)
    if is_named and base != spec.id and not Path(spec.id).is_dir():
        fix = f"use base_model {base}; if it is the same model, say {spec.id} in {CONFIG} (base_model_name_or_path)"
        raise InputError(f"was trained on {base}, not on {spec.id}", where=str(adapter), fix=fix)


def adapter_config(adapter: Path) -> dict[str, Any]:
    """Return PEFT's configuration of an adapter.

    Raises:
        InputError: There is none, it cannot be read, or its ranks are none.
    """
    path = adapter / CONFIG
    if not path.is_file():
        raise InputError(f"holds no adapter ({CONFIG})", where=str(adapter), fix="give an adapter's folder")
    found = read_json(path)
    ranks, pattern = [found.get("r")], found.get("rank_pattern", {})
    ranks += list(pattern.values()) if isinstance(pattern, dict) else [None]
    if not all(isinstance(rank, int) and rank > 0 for rank in ranks):
        raise InputError("r and the values of rank_pattern have to be ranks", where=str(path), fix=_RESTORE)
    return found


def rank_of(adapter: Path) -> int:
    """Return the highest rank of an adapter's matrices."""
    config = adapter_config(adapter)
    return max([int(config["r"]), *map(int, config.get("rank_pattern", {}).values())])


def require_vllm(adapter: Path) -> None:
    """Raise InputError where vLLM does not take an adapter (vllm/lora/peft_helper.py)."""
    config = adapter_config(adapter)
    wanted = {
        "whole modules beside LoRA (modules_to_save)": config.get("modules_to_save"),
        "biases (bias)": config.get("bias") not in (None, "none"),
        "DoRA (use_dora)": config.get("use_dora"),
    }
    if found := [name for name, is_there in wanted.items() if is_there]:
        fix = "sample with engine = transformers, or serve the merged model: codekiln export --format merged"
        raise InputError(f"has {' and '.join(found)}, which vLLM does not take", where=str(adapter), fix=fix)
