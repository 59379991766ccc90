"""Supervised fine-tuning with TRL: loss on completions only. Imports torch and TRL: import this lazily."""

from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel
from trl import SFTConfig, SFTTrainer

from codekiln.models import BaseModelSpec
from codekiln.models.chat import Chat
from codekiln.training.arguments import lora_config
from codekiln.training.job import TrainingJob


class Trainer(SFTTrainer):
    """TRL's trainer, which reports to nobody."""

    def _send_telemetry(self) -> None:
        pass


def configure(job: TrainingJob, arguments: dict[str, Any]) -> SFTConfig:
    """Return the trainer's configuration; under ZeRO-3 it decides how the model is loaded afterwards."""
    return SFTConfig(**arguments, dataset_kwargs={"skip_prepare_dataset": True})


def build(
    job: TrainingJob,
    spec: BaseModelSpec,
    chat: Chat,
    model: PreTrainedModel | PeftModel,
    train: Dataset,
    held: Dataset | None,
    config: SFTConfig,
    callbacks: list[Any],
) -> Trainer:
    """Return a trainer over proven rows (columns ``input_ids`` and ``labels``); a PeftModel is continued."""
    return Trainer(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held,
        processing_class=chat.tokenizer,
        callbacks=callbacks,
        peft_config=None if isinstance(model, PeftModel) else lora_config(spec, job.lora),
    )
