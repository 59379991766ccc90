"""The trainers' arguments from a job's settings. Imports torch and transformers: import this lazily."""

import math
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig

from codekiln.errors import InputError, did_you_mean
from codekiln.launch import processes
from codekiln.launch.worker import PEER_TIMEOUT_SECONDS
from codekiln.models import BaseModelSpec
from codekiln.models.loading import dtype_of, without_weights
from codekiln.training.checkpoints import FOLDER
from codekiln.training.deepspeed_config import deepspeed_config
from codekiln.training.job import TrainingJob
from codekiln.training.settings import LoraSettings, TrainingSettings

EVALUATIONS_PER_EPOCH = 4


def common_arguments(
    job: TrainingJob, train_rows: int, evaluate: bool, world: int, packed: bool = False
) -> dict[str, Any]:
    """Return the keyword arguments that SFTConfig and DPOConfig share.

    Args:
        job: The run.
        train_rows: Number of training rows.
        evaluate: Whether there are held-out rows.
        world: Number of processes.
        packed: Whether rows are packed, in one process.

    Raises:
        InputError: Rows are padded, and batch_size is not a multiple of micro_batch times the number of processes.
    """
    settings = job.settings
    steps_per_epoch = math.ceil(train_rows / settings.batch_size)
    every = settings.eval_every or max(1, steps_per_epoch // EVALUATIONS_PER_EPOCH)
    gpu = torch.cuda.is_available()
    return {
        "output_dir": str(Path(job.output) / FOLDER),
        "seed": job.seed,
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.scheduler,
        "warmup_steps": math.ceil(settings.warmup * settings.epochs * steps_per_epoch),
        "weight_decay": settings.weight_decay,
        "max_grad_norm": settings.max_grad_norm,
        **(_packed_batch(settings) if packed else _padded_batch(settings, world)),
        "gradient_checkpointing": settings.gradient_checkpointing,
        "bf16": dtype_of(settings.dtype) is torch.bfloat16,
        "use_cpu": not gpu,
        "dataloader_pin_memory": gpu,
        "ddp_find_unused_parameters": False,
        # One process may still download the base model while the others wait for it.
        "ddp_timeout": PEER_TIMEOUT_SECONDS,
        "deepspeed": deepspeed_config(job.strategy),
        "max_length": settings.max_length,
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": "none",
        "save_strategy": "steps",
        "save_on_each_node": processes.nodes_share_no_folder(),
        "save_steps": every,
        "save_total_limit": 2,
        "restore_callback_states_from_checkpoint": True,
        **(_evaluation(every) if evaluate else {}),
    }


def lora_config(spec: BaseModelSpec, lora: LoraSettings) -> LoraConfig:
    """Return PEFT's description of a new adapter."""
    targets = lora.targets or spec.lora_targets
    return LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        use_rslora=lora.rslora,
        use_dora=lora.dora,
        task_type="CAUSAL_LM",
    )


def require_targets(model: torch.nn.Module, lora: LoraSettings) -> None:
    """Raise an InputError where the settings name linear layers that the model does not have, or its LM head.

    TRL computes the LM head without adapters.
    """
    linear = [name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear)]
    for target in lora.targets or ():
        if target == "lm_head" or not any(f".{name}".endswith(f".{target}") for name in linear):
            known = {name.rsplit(".", 1)[-1] for name in linear} - {"lm_head"}
            raise InputError(
                "the LM head gets no adapter" if target == "lm_head" else f"the base model has no layer '{target}'",
                where="lora.targets",
                fix=did_you_mean(target, sorted(known)),
            )


def check_targets(spec: BaseModelSpec, lora: LoraSettings) -> None:
    """Do what `require_targets` does without the model's weights.

    Raises:
        InputError: See there, or the model's configuration cannot be read.
    """
    with torch.device("meta"):
        require_targets(without_weights(spec), lora)


def _packed_batch(settings: TrainingSettings) -> dict[str, Any]:
    # The trainer gets a whole step at a time, and divides it itself.
    return {"per_device_train_batch_size": settings.batch_size, "gradient_accumulation_steps": 1}


def _padded_batch(settings: TrainingSettings, world: int) -> dict[str, Any]:
    rows = settings.micro_batch * world
    if settings.batch_size % rows:
        raise InputError(
            f"batch_size {settings.batch_size} is not a multiple of micro_batch {settings.micro_batch} x {world}",
            where="batch_size",
            fix=f"use batch_size = {rows * math.ceil(settings.batch_size / rows)}",
        )
    return {
        "per_device_train_batch_size": settings.micro_batch,
        "per_device_eval_batch_size": settings.micro_batch,
        "gradient_accumulation_steps": settings.batch_size // rows,
        "include_num_input_tokens_seen": "non_padding",
    }


def _evaluation(every: int) -> dict[str, Any]:
    return {
        "eval_strategy": "steps",
        "eval_steps": every,
        "load_best_model_at_end": True,
        "metric_for_best_model": "eval_loss",
        "greater_is_better": False,
    }
