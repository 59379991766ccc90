"""What an adapter's folder has to hold: LoRA weights, and a configuration that fits them. Loads no torch."""

from pathlib import Path
from typing import Any

from codekiln.errors import InputError
from codekiln.models import BaseModelSpec, is_hub_id
from codekiln.models.adapter_base import CONFIG, RECORD, trained_on
from codekiln.models.adapter_template import check_template
from codekiln.models.weight_files import check_files, read_json

WEIGHTS = ("adapter_model.safetensors", "adapter_model.bin")
_RESTORE = "restore the adapter's folder"


def check_adapter(spec: BaseModelSpec, adapter: Path) -> None:
    """Refuse a folder without a LoRA adapter, or with one of another base model or chat template.

    Raises:
        InputError: It is one of these.
    """
    adapter_config(adapter)
    if not any((adapter / name).is_file() for name in WEIGHTS):
        raise InputError(f"has no weights ({WEIGHTS[0]})", where=str(adapter), fix=_RESTORE)
    check_files(adapter)
    base, _ = trained_on(adapter)
    # A folder may be mounted elsewhere from step to step, so only names and Hub ids can be compared.
    is_named = (adapter / RECORD).is_file() or is_hub_id(base)
    if is_named and base != spec.id and not Path(spec.id).is_dir():
        fix = f"if that is the same model, also a copy in 4 bits, say {spec.id} in {CONFIG} (base_model_name_or_path); "
        fix += f"else use base_model {base}"
        raise InputError(f"was trained on {base}, not on {spec.id}", where=str(adapter), fix=fix)
    if not (adapter / RECORD).is_file():  # codekiln's own have the base model's template, as it was changed
        check_template(spec, adapter)


def adapter_config(adapter: Path) -> dict[str, Any]:
    """Return PEFT's configuration of an adapter.

    Raises:
        InputError: There is none, it cannot be read, it is of another kind, or its ranks are none.
    """
    path = adapter / CONFIG
    if not path.is_file():
        raise InputError(f"holds no adapter ({CONFIG})", where=str(adapter), fix=_meant(adapter))
    found = read_json(path)
    kind = found.get("peft_type")
    if kind is None:
        fix = "give an adapter that PEFT saved; of one that MLX trained, `mlx_lm.fuse` makes a base model"
        raise InputError("is no configuration of PEFT: no peft_type", where=str(path), fix=fix)
    if kind != "LORA":
        fix = "give a LoRA adapter, or merge this one into its base and give that as the base model"
        raise InputError(f"is an adapter of the kind {kind}, not LoRA", where=str(adapter), fix=fix)
    ranks, pattern = [found.get("r")], found.get("rank_pattern", {})
    ranks += list(pattern.values()) if isinstance(pattern, dict) else [None]
    if not all(isinstance(rank, int) and rank > 0 for rank in ranks):
        raise InputError("r and the values of rank_pattern have to be ranks", where=str(path), fix=_RESTORE)
    return found


def _meant(folder: Path) -> str:
    """Return what to give in place of a folder without an adapter: trainers write them into checkpoint-STEP."""
    if inside := sorted((str(path.parent) for path in folder.glob(f"*/{CONFIG}")), key=lambda name: (len(name), name)):
        return f"give {' or '.join(inside[-3:])}"
    if (folder / "config.json").is_file():
        return "give it as base_model: it holds a model"
    return "give an adapter's folder"


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
