"""Base models and adapters in memory. Imports torch: import this lazily."""

import re
import warnings
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from peft.utils.save_and_load import load_peft_weights

from codekiln.data.text import first_line
from codekiln.errors import InputError, ModelError
from codekiln.models import BaseModelSpec
from codekiln.models.adapter_files import check_adapter
from codekiln.models.adapter_names import renamed
from codekiln.models.hub_access import UNREADABLE, read_error
from codekiln.models.model_kind import check_kind
from codekiln.models.quantization import require_bitsandbytes
from codekiln.models.weight_files import check_base, read_json

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

# How torch names the embedding or the head of another vocabulary.
_ROWS = re.compile(
    r"size mismatch for \S*?(?P<name>embed_tokens|lm_head|wte|embed_in|embed_out)\S*: copying a param with shape "
    r"torch\.Size\(\[(?P<theirs>\d+), (?P<width>\d+)\]\) from checkpoint, the shape in current model is "
    r"torch\.Size\(\[(?P<ours>\d+), (?P=width)\]\)"
)


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
        InputError: There is no such model, its weight files hold none or others than it says, the Hub does not let us
            read it, or bitsandbytes is missing.
        ModelError: The checkpoint lacks weights the architecture has (they would be random).
    """
    quiet()
    if spec.hub_revision is None:
        check_base(Path(spec.source))
        check_kind(spec, read_json(Path(spec.source) / "config.json"))
    quantized = {} if quantization == "none" else {"quantization_config": _nf4(dtype_of(dtype))}
    kind = _class_of(spec)
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
    except UNREADABLE as error:
        raise read_error(spec, error) from None
    except RuntimeError as error:
        if "ignore_mismatched_sizes" not in str(error):
            raise
        what = "its weights have other shapes than its config.json says"
        raise InputError(
            what, where=spec.source, fix="download the model again, or save it with save_pretrained"
        ) from None
    missing = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if missing:
        what = f"{len(missing)} weights are not in the checkpoint, for example {missing[0]}"
        if others := sorted(info["unexpected_keys"]):
            fix = "save the model itself: merged, if it has an adapter, and not as torch.compile or DDP wraps it"
            raise ModelError(f"{what}; it has {others[0]}", where=spec.name, fix=fix)
        raise ModelError(what, where=spec.name, fix="download the model again")
    if quantized:
        _keep_layout(model)
    return cast(transformers.PreTrainedModel, model.eval())


def _class_of(spec: BaseModelSpec) -> Any:
    return getattr(transformers, spec.architecture) if spec.architecture else transformers.AutoModelForCausalLM


def without_weights(spec: BaseModelSpec) -> transformers.PreTrainedModel:
    """Return a base model by its configuration alone, on torch's present default device; 'meta' takes no memory.

    Raises:
        InputError: The configuration cannot be read.
    """
    kind = _class_of(spec)
    # The class of a text model takes its part of the configuration of one that sees images too.
    read = kind.config_class if spec.architecture else transformers.AutoConfig
    try:
        config = read.from_pretrained(spec.source, revision=spec.hub_revision or "main")
        model = kind(config) if spec.architecture else kind.from_config(config)
        return cast(transformers.PreTrainedModel, model)
    except UNREADABLE as error:
        raise read_error(spec, error) from None


def _nf4(dtype: torch.dtype) -> transformers.BitsAndBytesConfig:
    require_bitsandbytes()
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )


def _keep_layout(model: torch.nn.Module) -> None:
    """Keep weights in 4 bits as they are on CPUs that multiply bfloat16.

    bitsandbytes would rearrange them in every evaluation while training, for a product in bfloat16 that fits only
    matrices whose sides are multiples of 32 and 64: figures would depend on the machine.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            cast(Any, module).support_avx512bf16_for_cpu = False


def attach_adapter(
    model: transformers.PreTrainedModel, spec: BaseModelSpec, adapter: Path, trainable: bool = False
) -> PeftModel:
    """Wrap a base model with a LoRA adapter; with ``trainable`` the adapter can be trained further.

    Raises:
        InputError: There is no adapter, or it was trained on another base model.
    """
    check_adapter(spec, Path(adapter))
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Found missing adapter keys")
            warnings.filterwarnings("ignore", message="for .*: copying from a non-meta parameter")
            warnings.filterwarnings("ignore", message="Model has `tie_word_embeddings=True` and a tied layer")
            wrapped = PeftModel.from_pretrained(model, str(adapter), is_trainable=trainable)
            _require_all(wrapped, Path(adapter))
    except (ValueError, TypeError, LookupError, NotImplementedError) as error:
        if "not found in the base model" in str(error):
            raise _unfit(spec, adapter) from None
        what = f"is refused by PEFT: {first_line(str(error)) or type(error).__name__}"
        raise InputError(
            what, where=str(adapter), fix="correct its adapter_config.json, or restore its folder"
        ) from None
    except RuntimeError as error:
        if "size mismatch" not in str(error):
            raise
        raise _unfit(spec, adapter, str(error)) from None
    return wrapped


def _unfit(spec: BaseModelSpec, adapter: Path, said: str = "") -> InputError:
    """Return the error for an adapter that does not fit; ``said`` is torch's list of mismatches."""
    if rows := _ROWS.search(said):
        what = f"has {rows['theirs']} tokens ({rows['name']}), and {spec.id} {rows['ours']}: tokens were added first"
        fix = "add them to the base model too (resize_token_embeddings), save that, and give it as the base model"
        return InputError(what, where=str(adapter), fix=fix)
    what = f"its matrices do not fit {spec.id}, so it was trained on another base model"
    return InputError(what, where=str(adapter), fix="give the base model that it was trained on")


def _require_all(model: PeftModel, adapter: Path) -> None:
    """Load weights that have other names here, and refuse what does not fill the adapter: PEFT only warns."""
    wanted = set(get_peft_model_state_dict(model, save_embedding_layers=False))
    held = load_peft_weights(str(adapter), device="cpu")
    if missing := sorted(wanted - set(held)):
        if not (names := renamed(held, wanted)):
            what = f"{len(missing)} of {len(wanted)} weights are not in it, for example {missing[0]}"
            what += f"; it has {min(set(held) - wanted)}" if set(held) - wanted else ""
            raise InputError(what, where=str(adapter), fix="restore the adapter's folder, or give its own base model")
        set_peft_model_state_dict(model, {ours: held[theirs] for ours, theirs in names.items()})
    for name, weight in model.named_parameters():
        if "lora_" in name and not weight.is_meta and not torch.isfinite(weight).all():
            raise InputError(f"{name} is not finite", where=str(adapter), fix="train it again, with a smaller step")
