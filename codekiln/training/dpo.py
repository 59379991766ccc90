"""Direct preference optimisation with TRL. Imports torch and TRL: import this lazily."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
from trl.trainer.dpo_config import DPOConfig
from trl.trainer.dpo_trainer import DPOTrainer

from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer
from codekiln.training.arguments import lora_config
from codekiln.training.focus import focus_of
from codekiln.training.job import TrainingJob
from codekiln.training.losses import Likelihoods, padded_losses, weighted
from codekiln.training.packing import reference
from codekiln.training.packing.dpo import PackedDpoTrainer
from codekiln.training.packing.filling import Budget
from codekiln.training.precision import keep_float32
from codekiln.training.settings import DpoSettings


class DpoTrainer(DPOTrainer):
    """TRL's trainer over tokenised rows, without telemetry, and with losses that TRL's lacks.

    Args:
        settings: Losses of theirs in `padded_losses` are added to those of the configuration. Where none needs a
            reference policy, none is asked: its log-likelihoods count as 0, so that rewards are the policy's own. With
            ``focus``, tokens have weights in whatever is compared with the reference.
    """

    def __init__(self, *args: Any, settings: DpoSettings, **kwargs: Any) -> None:
        self._settings = settings
        own = padded_losses(settings)
        self._own = [(own[name], weight) for name, weight in weighted(settings) if name in own]
        super().__init__(*args, **kwargs)
        self._focus = focus_of(settings, cast(PreTrainedTokenizerBase, self.processing_class))
        # From here on TRL reads the reference's log-likelihoods from the batch.
        self.precompute_ref_logps = not settings.needs_reference

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False) -> Any:
        compute = cast(Callable[..., Any], super()._compute_loss)  # TRL leaves it untyped
        if self.precompute_ref_logps:
            nothing = torch.zeros(inputs["input_ids"].size(0) // 2, device=inputs["input_ids"].device)
            inputs = {**inputs, "ref_chosen_logps": nothing, "ref_rejected_logps": nothing}
        if not self._own and self._focus is None:
            return compute(model, inputs, return_outputs)
        with self._recorded_outputs(self._weights(inputs)) as recorded:
            found = compute(model, inputs, return_outputs)
        if not self._own:
            return found
        loss, outputs = found if return_outputs else (found, None)
        likelihoods = self._likelihoods(inputs["completion_mask"], recorded)
        for own, weight in self._own:
            loss = loss + weight * own(likelihoods, self._settings).mean()
        return (loss, outputs) if return_outputs else loss

    def _weights(self, inputs: dict[str, Any]) -> torch.Tensor | None:
        """Return the weight of each position of the batch, of the shape of its ids; None: all count alike."""
        if self._focus is None:
            return None
        mask = inputs["completion_mask"].bool()
        weights = torch.ones(mask.shape, device=mask.device)
        ids = [tuple(row[kept].tolist()) for row, kept in zip(inputs["input_ids"], mask, strict=True)]
        for place, rejected in enumerate(range(len(ids) // 2, len(ids))):
            sides = self._focus.weights(ids[place], ids[rejected])
            for row, side in zip((place, rejected), sides, strict=True):
                weights[row, mask[row]] = torch.tensor(side, device=mask.device)
        return weights

    def _likelihoods(self, mask: torch.Tensor, recorded: list[tuple[Any, Any]]) -> Likelihoods:
        # TRL runs the policy's forward pass first and the reference's second.
        length = mask.size(1) - 1
        policy, *reference = (seen[:, -length:].sum(dim=1) for _, seen in recorded[:2])
        if self.precompute_ref_logps:
            reference = [torch.zeros_like(policy)]
        (chosen, rejected), (ref_chosen, ref_rejected) = policy.chunk(2), reference[0].detach().chunk(2)
        tokens, other_tokens = mask[:, 1:].sum(dim=1).clamp(min=1).chunk(2)
        whole, _ = recorded[0][0][:, -length:].sum(dim=1).chunk(2)
        return Likelihoods(chosen, rejected, ref_chosen, ref_rejected, tokens, other_tokens, whole)

    @contextmanager
    def _recorded_outputs(self, weights: torch.Tensor | None) -> Iterator[list[tuple[Any, Any]]]:
        """Collect the log-likelihoods of tokens in this context, and let TRL see them with their weights.

        So no forward pass is repeated for the added loss. Each item has them as the model gives them, and weighted.
        """
        recorded: list[tuple[Any, Any]] = []

        def record(module: Any, args: Any, output: Any) -> None:
            plain = output.log_probs
            if weights is not None:
                seen = torch.ones_like(plain)
                seen[:, 1 - weights.size(1) :] = weights[:, 1:]
                output.log_probs = plain * seen
            recorded.append((plain, output.log_probs))

        hook = self.accelerator.unwrap_model(self.model).register_forward_hook(record)
        try:
            yield recorded
        finally:
            hook.remove()

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

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
) -> DPOTrainer:
    """Return a trainer over validated pairs (columns ``prompt_ids``, ``chosen_ids``, ``rejected_ids``).

    A PeftModel is trained further. The reference policy is a frozen copy of the adapter it came with (``previous``),
    or the base model with adapters off (``base``, or when there is no adapter yet). Neither loads the base twice.
    Pairs are packed where there is a ``budget`` of a pass, and else padded.
    """
    # The configuration comes before the model: under ZeRO-3 it decides how the weights are loaded.
    config = _config(job.dpo, arguments)
    model = load()
    kind: Callable[..., DPOTrainer] = DpoTrainer
    if budget:
        kept = reference.file_of(job, spec, [rows for rows in (train, held) if rows])
        kind = partial(PackedDpoTrainer, budget=budget, batch_size=job.dpo.batch_size, kept=kept)
    trainer = kind(
        model=model,
        args=config,
        train_dataset=train,
        eval_dataset=held,
        processing_class=chat.tokenizer,
        callbacks=callbacks,
        peft_config=None if isinstance(model, PeftModel) else lora_config(spec, job.lora),
        settings=job.dpo,
    )
    if job.lora.quantization != "none":
        keep_float32(cast(PeftModel, trainer.model), job.adapter)
    set_reference(cast(PeftModel, trainer.model), job.dpo)
    return trainer


def set_reference(model: PeftModel, settings: DpoSettings) -> None:
    """Remove TRL's copy of the adapter where it is not the reference."""
    if reference.ADAPTER in model.peft_config and (settings.reference == "base" or not settings.needs_reference):
        model.delete_adapter(reference.ADAPTER)


def _config(settings: DpoSettings, arguments: dict[str, Any]) -> DPOConfig:
    # TRL requires a loss of its own, also where there are only ours.
    own = padded_losses(settings)
    losses = [(name, weight) for name, weight in weighted(settings) if name not in own] or [("sigmoid", 0.0)]
    names, weights = zip(*losses, strict=True)
    return DPOConfig(**arguments, beta=settings.beta, loss_type=list(names), loss_weights=list(weights))
