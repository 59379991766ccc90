"""Direct preference optimisation with TRL. Imports torch and TRL: import this lazily."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel
from trl import DPOConfig, DPOTrainer

from codekiln.models import BaseModelSpec
from codekiln.models.chat import Chat
from codekiln.training.arguments import lora_config
from codekiln.training.job import TrainingJob

DPOP = "dpop"


class Trainer(DPOTrainer):
    """TRL's trainer over rows that are tokenised already, which reports to nobody and knows one loss more.

    Args:
        positive: Weight and lambda of `dpop`, which is added to the losses of the configuration; None: it is not.
    """

    def __init__(self, *args: Any, positive: tuple[float, float] | None = None, **kwargs: Any) -> None:
        self._positive = positive
        super().__init__(*args, **kwargs)

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False) -> Any:
        if self._positive is None:
            return super()._compute_loss(model, inputs, return_outputs)
        with self._watched() as seen:
            found = super()._compute_loss(model, inputs, return_outputs)
        loss, outputs = found if return_outputs else (found, None)
        weight, charge = self._positive
        # TRL asks the policy first and the reference second.
        policy, reference = (one.log_probs[:, 1 - inputs["completion_mask"].size(1) :].sum(dim=1) for one in seen[:2])
        chosen, rejected = (policy - reference.detach()).chunk(2)
        loss = loss + weight * dpop(chosen, rejected, self.beta, charge).mean()
        return (loss, outputs) if return_outputs else loss

    @contextmanager
    def _watched(self) -> Iterator[list[Any]]:
        """Collect what the model returns, call by call; the forward pass of a batch is not done twice."""
        seen: list[Any] = []
        hook = self.accelerator.unwrap_model(self.model).register_forward_hook(
            lambda module, args, output: seen.append(output)
        )
        try:
            yield seen
        finally:
            hook.remove()

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def _send_telemetry(self) -> None:
        pass


def dpop(chosen: torch.Tensor, rejected: torch.Tensor, beta: float, charge: float) -> torch.Tensor:
    """Return the loss of DPO-Positive (Pal et al. 2024, arXiv 2402.13228) for each pair.

    ``-log sigmoid(beta * (chosen - rejected - charge * max(0, -chosen)))``. Where a chosen program is at least as
    likely as the reference has it, that is DPO's loss. Below, DPO is content as long as the rejected program falls
    faster, which is what happens to pairs that differ in a few tokens; here raising the chosen one back pays
    ``1 + charge`` times.

    Args:
        chosen: log(policy / reference) of the chosen completions, shape (pairs,).
        rejected: The same of the rejected completions.
        beta: Strength of the pull towards the reference.
        charge: The paper's lambda.
    """
    return -torch.nn.functional.logsigmoid(beta * (chosen - rejected - charge * torch.relu(-chosen)))


def configure(job: TrainingJob, arguments: dict[str, Any]) -> DPOConfig:
    """Return the trainer's configuration; under ZeRO-3 it decides how the model is loaded afterwards."""
    settings = job.dpo
    weights = settings.loss_weights or (1.0,) * len(settings.loss)
    others = [(name, weight) for name, weight in zip(settings.loss, weights, strict=True) if name != DPOP]
    # TRL wants a loss of its own, also where ours is the only one.
    names, weights = zip(*(others or [("sigmoid", 0.0)]), strict=True)
    return DPOConfig(**arguments, beta=settings.beta, loss_type=list(names), loss_weights=list(weights))


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
        positive=_positive(job),
    )
    # TRL takes the adapter "ref" as the reference when there is one, and the model without adapters when there is not.
    if job.dpo.reference == "base" and "ref" in trainer.model.peft_config:
        trainer.model.delete_adapter("ref")
    return trainer


def _positive(job: TrainingJob) -> tuple[float, float] | None:
    settings = job.dpo
    weights = settings.loss_weights or (1.0,) * len(settings.loss)
    weight = sum(weight for name, weight in zip(settings.loss, weights, strict=True) if name == DPOP)
    return (weight, settings.dpop_lambda) if DPOP in settings.loss else None
