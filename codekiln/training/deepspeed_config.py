"""DeepSpeed's process group and configuration for ZeRO stages 2 and 3 (https://www.deepspeed.ai/docs/config-json)."""

import os
from datetime import timedelta
from typing import Any

from codekiln.errors import InputError
from codekiln.launch import processes
from codekiln.launch.worker import PEER_TIMEOUT_SECONDS
from codekiln.training.settings import Strategy

# Elements per all-gather; an adapter has far fewer than DeepSpeed's default of 5e8.
BUCKET = 50_000_000


def init_distributed(strategy: Strategy) -> None:
    """Initialise the process group for DeepSpeed; call this before the trainer's configuration and the model are made.

    Without it transformers would, on CPUs, describe a run of one process to DeepSpeed. For DDP nothing happens: the
    trainer initialises the process group itself.

    Raises:
        InputError: ZeRO is requested in a process that torchrun did not start.
    """
    if strategy == "ddp":
        return
    if "RANK" not in os.environ:
        raise InputError(
            f"strategy {strategy} needs processes that torchrun started",
            where="strategy",
            fix="start the job with python -m codekiln.launch.worker, or use strategy = ddp",
        )
    import deepspeed
    import torch

    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(processes.local_rank())
    else:
        # DeepSpeed would compile an all-reduce over shared memory, which needs a C++ compiler; gloo has one already.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    timeout = timedelta(seconds=PEER_TIMEOUT_SECONDS)
    deepspeed.init_distributed("nccl" if gpu else "gloo", verbose=False, timeout=timeout)


def deepspeed_config(strategy: Strategy) -> dict[str, Any] | None:
    """Return DeepSpeed's configuration, None for DDP; the trainer replaces ``auto`` by its own arguments."""
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
