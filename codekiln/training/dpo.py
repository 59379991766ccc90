"""Direct preference optimisation with TRL. Imports torch and TRL: import this lazily."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, TrainerCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer
from codekiln.training.arguments import lora_config
from codekiln.training.job import TrainingJob
from codekiln.training.settings import DpoSettings

DPOP = "dpop"


class DpoTrainer(DPOTrainer):
    """TRL's trainer over tokenised rows, without telemetry, and with the DPO-Positive loss.

    Args:
        dpop: Weight and lambda of `dpop_loss`, which is added to the losses of the configuration; None: not added.
    """

    def __init__(self, *args: Any, dpop: tuple[float, float] | None = None, **kwargs: Any) -> None:
        self._dpop = dpop
        super().__init__(*args, **kwargs)

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False) -> Any:
        compute = cast(Callable[..., Any], super()._compute_loss)  # TRL leaves it untyped
        if self._dpop is None:
            return compute(model, inputs, return_outputs)
        with self._recorded_outputs() as recorded:
            found = compute(model, inputs, return_outputs)
        loss, outputs = found if return_outputs else (found, None)
        weight, lambda_ = self._dpop
        # TRL runs the policy's forward pass first and the reference's second.
        policy, reference = (
            output.log_probs[:, 1 - inputs["completion_mask"].size(1) :].sum(dim=1) for output in recorded[:2]
        )
        chosen, rejected = (policy - reference.detach()).chunk(2)
        loss = loss + weight * dpop_loss(chosen, rejected, self.beta, lambda_).mean()
        return (loss, outputs) if return_outputs else loss

    @contextmanager
    def _recorded_outputs(self) -> Iterator[list[Any]]:
        """Collect the model's outputs in this context, so that no forward pass is repeated for the added loss."""
        recorded: list[Any] = []
        hook = self.accelerator.unwrap_model(self.model).register_forward_hook(
            lambda module, args, output: recorded.append(output)
        )
        try:
            yield recorded
        finally:
            hook.remove()

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def _send_telemetry(self) -> None:
        pass


def dpop_loss(chosen: torch.Tensor, rejected: torch.Tensor, beta: float, lambda_: float) -> torch.Tensor:
    """Return the loss of DPO-Positive (Pal et al. 2024, arXiv 2402.13228) for each pair.

    ``-log sigmoid(beta * (chosen - rejected - lambda * max(0, -chosen)))``. While a chosen program is at least as
    likely as under the reference, this is DPO's loss. When it becomes less likely, DPO's loss still falls as long as
    the rejected program falls faster, which happens with pairs that differ in a few tokens; the additional term
    outweighs that by a gradient of ``1 + lambda`` on the chosen program.

    Args:
        chosen: log(policy / reference) of the chosen completions, shape (pairs,).
        rejected: The same of the rejected completions.
        beta: Strength of the pull towards the reference.
        lambda_: Weight of the additional term.
    """
    return -torch.nn.functional.logsigmoid(beta * (chosen - rejected - lambda_ * torch.relu(-chosen)))


def build(
    job: TrainingJob,
    spec: BaseModelSpec,
    chat: ChatTokenizer,
    load: Callable[[], PreTrainedModel | PeftModel],
    train: Dataset,
    held: Dataset | None,
    arguments: dict[str, Any],
    callbacks: list[TrainerCallback],
) -> DpoTrainer:
    """Return a trainer over validated pairs (columns ``prompt_ids``, ``chosen_ids``, ``rejected_ids``).

    A PeftModel is trained further. The reference policy is a frozen copy of the adapter it came with (``previous``),
    or the base model with adapters off (``base``, or when there is no adapter yet). Neither loads the base twice.
    """
    # The configuration comes before the model: under ZeRO-3 it decides how the weights are loaded.
    config = _config(job.dpo, arguments)
    model = load()
    trainer = DpoTrainer(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held,
        processing_class=chat.tokenizer,
        callbacks=callbacks,
        peft_config=None if isinstance(model, PeftModel) else lora_config(spec, job.lora),
        dpop=_dpop_weights(job.dpo),
    )
    # TRL uses the adapter "ref" as the reference policy where it exists, and else the model without adapters.
    trained = cast(PeftModel, trainer.model)
    if job.dpo.reference == "base" and "ref" in trained.peft_config:
        trained.delete_adapter("ref")
    return trainer


def _config(settings: DpoSettings, arguments: dict[str, Any]) -> DPOConfig:
    # TRL requires a loss of its own, also where DPO-Positive is the only one.
    losses = [(name, weight) for name, weight in _weighted(settings) if name != DPOP] or [("sigmoid", 0.0)]
    names, weights = zip(*losses, strict=True)
    return DPOConfig(**arguments, beta=settings.beta, loss_type=list(names), loss_weights=list(weights))


def _dpop_weights(settings: DpoSettings) -> tuple[float, float] | None:
    weight = sum(weight for name, weight in _weighted(settings) if name == DPOP)
    return (weight, settings.dpop_lambda) if DPOP in settings.loss else None


def _weighted(settings: DpoSettings) -> list[tuple[str, float]]:
    weights = settings.loss_weights or (1.0,) * len(settings.loss)
    return list(zip(settings.loss, weights, strict=True))
