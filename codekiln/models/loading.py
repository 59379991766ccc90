"""Base models and adapters in memory. Imports torch: import this lazily."""

import warnings
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from peft import PeftModel

from codekiln.errors import InputError, ModelError
from codekiln.models import BaseModelSpec, is_hub_id
from codekiln.models.adapter_base import CONFIG, RECORD, trained_on
from codekiln.models.hub_access import read_error
from codekiln.models.quantization import require_bitsandbytes
from codekiln.models.weight_files import check_files

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def device() -> str:
    """Return 'cuda' where there is a GPU, else 'cpu'."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_of(name: str) -> torch.dtype:
    """Return the dtype for a name of DTYPES, or for 'auto': bfloat16 on a GPU, float32 on a CPU."""
    return DTYPES["bfloat16" if device() == "cuda" else "float32"] if name == "auto" else DTYPES[name]


def quiet() -> None:
    """Silence progress bars, and warnings of transformers, TRL and PEFT about each other's deprecated arguments."""
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"(transformers|trl|peft)\.")
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()


def load_model(spec: BaseModelSpec, dtype: str = "auto", quantization: str = "none") -> transformers.PreTrainedModel:
    """Load a base model as a causal language model, on the CPU, in evaluation mode.

    Args:
        spec: The model.
        dtype: Of the weights, or of what is computed with quantised ones.
        quantization: 'none', or 'nf4' for linear layers in 4-bit NormalFloat whose scales are quantised too.

    Raises:
        InputError: There is no such model, its weight files hold none, the Hub does not let us read it, or bitsandbytes
            is missing.
        ModelError: The checkpoint lacks weights the architecture has (they would be random).
    """
    quiet()
    if spec.hub_revision is None:
        check_files(Path(spec.source))
    quantized = {} if quantization == "none" else {"quantization_config": _nf4(dtype_of(dtype))}
    kind: Any = getattr(transformers, spec.architecture) if spec.architecture else transformers.AutoModelForCausalLM
    try:
        model, info = kind.from_pretrained(
            spec.source,
            revision=spec.hub_revision or "main",
            dtype=dtype_of(dtype),
            output_loading_info=True,
            key_mapping=spec.key_mapping or None,
            trust_remote_code=False,
            **quantized,
        )
    except (OSError, ValueError) as error:
        raise read_error(spec, error) from None
    missing = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if missing:
        what = f"{len(missing)} weights are not in the checkpoint, for example {missing[0]}"
        raise ModelError(what, where=spec.name, fix="download the model again")
    return cast(transformers.PreTrainedModel, model.eval())


def _nf4(dtype: torch.dtype) -> transformers.BitsAndBytesConfig:
    require_bitsandbytes()
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def attach_adapter(
    model: transformers.PreTrainedModel, spec: BaseModelSpec, adapter: Path, trainable: bool = False
) -> PeftModel:
    """Wrap a base model with a LoRA adapter; with ``trainable`` the adapter can be trained further.

    Raises:
        InputError: There is no adapter, or it was trained on another base model.
    """
    check_adapter(spec, Path(adapter))
    try:
        return PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
    except RuntimeError as error:
        if "size mismatch" not in str(error):
            raise
        what = f"its matrices do not fit {spec.id}, so it was trained on another base model"
        raise InputError(what, where=str(adapter), fix="give the base model that it was trained on") from None


def check_adapter(spec: BaseModelSpec, adapter: Path) -> None:
    """Raise InputError when a folder holds no adapter, or one that was trained on another base model."""
    if not (adapter / CONFIG).is_file():
        raise InputError(f"holds no adapter ({CONFIG})", where=str(adapter), fix="give an adapter's folder")
    check_files(adapter)
    base, _ = trained_on(adapter)
    # A folder may be mounted elsewhere from step to step, so only names and Hub ids can be compared.
    is_named = (adapter / RECORD).is_file() or is_hub_id(base)
    if is_named and base != spec.id and not Path(spec.id).is_dir():
        fix = f"use base_model {base}; if it is the same model, say {spec.id} in {CONFIG} (base_model_name_or_path)"
        raise InputError(f"was trained on {base}, not on {spec.id}", where=str(adapter), fix=fix)
