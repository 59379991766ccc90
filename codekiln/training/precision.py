"""Adapters on a base in 4 bits. Imports torch: import this lazily."""

from pathlib import Path

from peft import PeftModel, load_peft_weights, set_peft_model_state_dict


def keep_float32(model: PeftModel, start: Path | None) -> None:
    """Train the adapter of a quantised base in float32, as that of any other base.

    TRL rounds it to bfloat16. Then steps of AdamW with a learning rate of preference training are smaller than the
    distance between two numbers, and are lost; and a run that continues from a checkpoint, which PEFT loads in float32,
    is another run.

    Args:
        model: As TRL made it.
        start: The adapter that is continued, which TRL has rounded too; None: a new one.
    """
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    if start:
        weights = load_peft_weights(str(start), device=str(model.device))
        set_peft_model_state_dict(model, weights, adapter_name="default")
