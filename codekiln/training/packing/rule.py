"""Which jobs are computed on packed rows, and which on padded ones as TRL does it.

Rows of several processes, and of DeepSpeed, stay padded: that they train what one process trains is not measured yet.
"""

from collections.abc import Mapping
from typing import Any

from codekiln.launch import processes
from codekiln.models.adapter_files import adapter_config
from codekiln.training.job import TrainingJob
from codekiln.training.packing.filling import Budget

# Architectures whose packed gradients are compared with TRL's in the tests. Their layers hand keywords down to
# attention, and their LM head is a plain matrix.
ARCHITECTURES = frozenset({"Qwen2ForCausalLM", "Qwen3ForCausalLM", "LlamaForCausalLM", "Gemma3ForCausalLM"})


def why_padded(job: TrainingJob, architecture: str, config: Mapping[str, Any]) -> str:
    """Return why a job's rows cannot be packed, for people; empty where they can.

    Args:
        job: The job.
        architecture: transformers' class of the base model.
        config: What its config.json holds.
    """
    if processes.world_size() > 1 or job.strategy != "ddp":
        return "packing is not measured yet in several processes or with DeepSpeed"
    if job.kind == "dpo" and job.dpo.rows == "labelled":
        return "the loss 'kto' compares each reply with those beside it"
    if architecture not in ARCHITECTURES:
        return f"{architecture} is not among those whose packing is tested"
    if config.get("final_logit_softcapping"):
        return "the base model caps its logits (final_logit_softcapping)"
    if config.get("attention_dropout"):
        return "the base model drops attention weights (attention_dropout)"
    if job.adapter and adapter_config(job.adapter).get("modules_to_save"):
        return "the adapter holds whole modules beside LoRA (modules_to_save)"
    return ""


def budget_of(job: TrainingJob) -> Budget:
    """Return what one pass takes: tokens where the settings say so, else rows."""
    settings = job.settings
    if settings.tokens_per_pass:
        return Budget(tokens=settings.tokens_per_pass)
    return Budget(rows=settings.micro_batch)
