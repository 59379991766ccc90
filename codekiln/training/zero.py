"""DeepSpeed's configuration for ZeRO stages 2 and 3 (https://www.deepspeed.ai/docs/config-json)."""

from typing import Any

from codekiln.training.settings import Strategy

BUCKET = 50_000_000


def deepspeed_config(strategy: Strategy) -> dict[str, Any] | None:
    """Return the configuration; None for DDP. The trainer fills in what is ``auto`` from its own arguments."""
    if strategy == "ddp":
        return None
    return {
        "zero_optimization": _stage2() if strategy == "zero2" else _stage3(),
        "bf16": {"enabled": "auto"},
        "gradient_clipping": "auto",
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
        "gradient_accumulation_steps": "auto",
        # The optimiser is the trainer's AdamW, not DeepSpeed's, which would have to be compiled.
        "zero_allow_untested_optimizer": True,
        "steps_per_print": 1_000_000_000,
        "wall_clock_breakdown": False,
    }


def _stage2() -> dict[str, Any]:
    return {
        "stage": 2,
        "overlap_comm": False,
        "contiguous_gradients": True,
        "reduce_bucket_size": "auto",
        "allgather_bucket_size": BUCKET,
    }


def _stage3() -> dict[str, Any]:
    return {
        "stage": 3,
        "overlap_comm": True,
        "contiguous_gradients": True,
        "reduce_bucket_size": "auto",
        "stage3_prefetch_bucket_size": "auto",
        "stage3_param_persistence_threshold": "auto",
        # Only the adapter is gathered: the trainer leaves frozen weights out.
        "stage3_gather_16bit_weights_on_model_save": True,
    }
