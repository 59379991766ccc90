"""Whether a base model is of a kind that codekiln trains, as its config.json says. Loads no torch."""

import importlib.util
from collections.abc import Mapping
from typing import Any

from codekiln import models
from codekiln.errors import InputError
from codekiln.models import BaseModelSpec

_WRITES = ("CausalLM", "LMHeadModel", "ForConditionalGeneration")
"""What the names of transformers' classes have in them that write text."""
_FIX = "give a causal language model, such as one of `codekiln models`"


def check_base_kind(spec: BaseModelSpec, config: Mapping[str, Any]) -> None:
    """Refuse a model that adapters cannot be trained on, by its configuration.

    Args:
        spec: The model; those of codekiln's table are known to be right.
        config: What its config.json holds.

    Raises:
        InputError: Its weights are quantised, or see `check_kind`.
    """
    # MLX has a name of its own for it, and no method.
    given = config.get("quantization_config") or config.get("quantization")
    if spec.name not in models.names() and given:
        bits = f"{given['bits']} bits" if isinstance(given, dict) and "bits" in given else None
        method = given.get("quant_method", bits) if isinstance(given, dict) else None
        fix = "give the model in full; lora.quantization = nf4 holds it in 4 bits while training"
        raise InputError(f"its weights are quantised ({method or 'unknown'})", where=f"base_model {spec.id}", fix=fix)
    check_kind(spec, config)


def check_kind(spec: BaseModelSpec, config: Mapping[str, Any]) -> None:
    """Refuse a model that is no causal language model, or that transformers has no code for.

    Raises:
        InputError: It is one of these, by its configuration.
    """
    if spec.name in models.names():
        return
    where = f"base_model {spec.id}"
    _require_code(where, str(config.get("model_type") or ""), "auto_map" in config)
    if config.get("is_encoder_decoder"):
        raise InputError("is an encoder with a decoder, not a causal language model", where=where, fix=_FIX)
    classes = [str(name) for name in config.get("architectures") or ()]
    if classes and not spec.architecture and not any(part in name for name in classes for part in _WRITES):
        raise InputError(f"is a {classes[0]}, not a causal language model", where=where, fix=_FIX)


def _require_code(where: str, kind: str, brings_code: bool) -> None:
    # Steps that check may have no transformers; the job that loads the model has it, and says the same.
    if not kind or importlib.util.find_spec("transformers") is None:
        return
    from transformers import CONFIG_MAPPING, __version__

    if kind in CONFIG_MAPPING:
        return
    if brings_code:
        what = f"its kind, {kind}, needs code of its own repository, which codekiln does not run"
        raise InputError(what, where=where, fix=_FIX)
    fix = f"{_FIX}, or install a newer transformers if that knows it"
    raise InputError(f"transformers {__version__} does not know its kind, {kind}", where=where, fix=fix)
