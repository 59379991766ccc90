"""Direct preference optimisation with TRL. Imports torch and TRL: import this lazily."""

from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel
from trl import DPOConfig, DPOTrainer

from codekiln.models import BaseModelSpec
from codekiln.models.chat import Chat
from codekiln.training.arguments import lora_config
from codekiln.training.job import TrainingJob


class Trainer(DPOTrainer):
    """TRL's trainer over rows that are tokenised already, which reports to nobody."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def _send_telemetry(self) -> None:
        pass


def configure(job: TrainingJob, arguments: dict[str, Any]) -> DPOConfig:
    """Return the trainer's configuration; under ZeRO-3 it decides how the model is loaded afterwards."""
    settings = job.dpo
    return DPOConfig(
        **arguments,
        beta=settings.beta,
        loss_type=list(settings.loss),
        loss_weights=list(settings.loss_weights) if settings.loss_weights else None,
    )


def build(
    job: TrainingJob,
    spec: BaseModelSpec,
    chat: Chat,
    model: PreTrainedModel | PeftModel,
    train: Dataset,
    held: Dataset | None,
    config: DPOConfig,
    callbacks: list[Any],
) -> Trainer:
    """Return a trainer over proven pairs (columns ``prompt_ids``, ``chosen_ids``, ``rejected_ids``).

    A PeftModel is continued. The reference policy is a frozen copy of the adapter it came with (``previous``), or the
    base model with adapters off (``base``, or when there is no adapter yet). Neither loads the base a second time.
    """
    trainer = Trainer(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held,
        processing_class=chat.tokenizer,
        callbacks=callbacks,
        peft_config=None if isinstance(model, PeftModel) else lora_config(spec, job.lora),
    )
    # TRL takes the adapter "ref" as the reference when there is one, and the model without adapters when there is not.
    if job.dpo.reference == "base" and "ref" in trainer.model.peft_config:
        trainer.model.delete_adapter("ref")
    return trainer
