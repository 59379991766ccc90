"""Supervised fine-tuning with TRL: loss on completions only. Imports torch and TRL: import this lazily."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, TrainerCallback
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer
from codekiln.training.arguments import lora_config
from codekiln.training.job import TrainingJob
from codekiln.training.packing.filling import Budget
from codekiln.training.packing.sft import PackedSftTrainer
from codekiln.training.precision import keep_float32


class SftTrainer(SFTTrainer):
    """TRL's trainer without telemetry."""

    def _send_telemetry(self) -> None:
        pass


def build(
    job: TrainingJob,
    spec: BaseModelSpec,
    chat: ChatTokenizer,
    load: Callable[[], PreTrainedModel | PeftModel],
    train: Dataset,
    held: Dataset | None,
    arguments: dict[str, Any],
    callbacks: list[TrainerCallback],
    budget: Budget | None = None,
) -> SFTTrainer:
    """Return a trainer over validated rows (columns ``input_ids`` and ``labels``); a PeftModel is trained further.

    Rows are packed where there is a ``budget`` of a pass, and else padded.
    """
    # The configuration comes before the model: under ZeRO-3 it decides how the weights are loaded.
    config = SFTConfig(**arguments, dataset_kwargs={"skip_prepare_dataset": True})
    model = load()
    kind: Callable[..., SFTTrainer] = SftTrainer
    if budget:
        kind = partial(PackedSftTrainer, budget=budget, batch_size=job.sft.batch_size)
    trainer = kind(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held,
        processing_class=chat.tokenizer,
        callbacks=callbacks,
        peft_config=None if isinstance(model, PeftModel) else lora_config(spec, job.lora),
    )
    if job.lora.quantization != "none":
        keep_float32(cast(PeftModel, trainer.model), job.adapter)
    return trainer
