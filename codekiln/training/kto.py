"""Preference optimisation on labelled replies (KTO) with TRL. Imports torch and TRL: import this lazily."""

import random
from collections.abc import Callable, Sequence
from typing import Any, cast

from datasets import Dataset
from peft import PeftModel
from transformers import PreTrainedModel, TrainerCallback
from trl.trainer.kto_config import KTOConfig
from trl.trainer.kto_trainer import KTOTrainer

from codekiln.errors import InputError
from codekiln.models import BaseModelSpec
from codekiln.models.chat_tokenizer import ChatTokenizer
from codekiln.training.arguments import lora_config
from codekiln.training.dpo import set_reference
from codekiln.training.job import TrainingJob
from codekiln.training.precision import keep_float32


class KtoTrainer(KTOTrainer):
    """TRL's trainer over tokenised rows, without telemetry."""

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
    budget: None = None,
) -> KtoTrainer:
    """Return a trainer over validated labelled rows (columns ``prompt_ids``, ``completion_ids``, ``label``).

    They are padded: there is no ``budget`` of packed passes.

    The reference policy is as in `codekiln.training.dpo.build`.

    Raises:
        InputError: All rows have the same label.
    """
    # The configuration comes before the model: under ZeRO-3 it decides how the weights are loaded.
    config = KTOConfig(
        **arguments,
        beta=job.dpo.beta,
        desirable_weight=job.dpo.kto_desirable or _balance(train["label"]),
        undesirable_weight=1.0,
        train_sampling_strategy="sequential",
    )
    model = load()
    trainer = KtoTrainer(
        model=model,
        args=config,
        train_dataset=_with_mismatched(train, job.dpo.micro_batch, job.seed),
        eval_dataset=_with_mismatched(held, job.dpo.micro_batch, job.seed) if held else None,
        processing_class=chat.tokenizer,
        callbacks=callbacks,
        peft_config=None if isinstance(model, PeftModel) else lora_config(spec, job.lora),
    )
    if job.lora.quantization != "none":
        keep_float32(cast(PeftModel, trainer.model), job.adapter)
    set_reference(cast(PeftModel, trainer.model), job.dpo)
    return trainer


def _balance(labels: Sequence[bool]) -> float:
    """Return the weight of good rows with which both sides weigh alike (equation 8 of the paper, at its lower end)."""
    good = sum(labels)
    bad = len(labels) - good
    if not good or not bad:
        raise InputError(
            f"all {len(labels)} training rows are {'good' if good else 'bad'} replies, and KTO needs both",
            where="dpo.loss",
            fix="give rows of both labels, or train on what is good with sft",
        )
    return bad / good


def _with_mismatched(rows: Dataset, size: int, seed: int) -> Dataset:
    """Return the rows in a random order, each with the completion of another row of its micro-batch.

    KTO estimates its divergence from such mismatched completions. Rows of one problem stand together in the data: in
    that order a completion would often be put to its own prompt.

    Args:
        rows: Columns ``prompt_ids``, ``completion_ids`` and ``label``.
        size: Rows of a micro-batch; the trainer reads them in this order.
        seed: Seeds the order.
    """
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    shuffled = rows.select(order)
    answers = shuffled["completion_ids"]
    others = [_other(place, size, len(order)) for place in range(len(order))]
    return shuffled.add_column("KL_completion_ids", [answers[other] for other in others])


def _other(place: int, size: int, rows: int) -> int:
    """Return the row before this one in its micro-batch, for the first the last; one that is alone gets its neighbour.

    The first row of the data has no neighbour but the last.
    """
    start = place - place % size
    end = min(start + size, rows)
    if end - start == 1:
        return (place - 1) % rows
    return place - 1 if place > start else end - 1
