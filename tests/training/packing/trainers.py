"""Trainers of one job, with packed rows and with padded ones as TRL computes them, which see the same rows."""

from pathlib import Path
from typing import Any

from codekiln import models
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.models.loading import attach_adapter, load_model
from codekiln.training import dpo, sft
from codekiln.training.arguments import common_arguments
from codekiln.training.job import TrainingJob
from codekiln.training.packing import rule
from codekiln.training.packing.trainer import PLACE, shuffled
from codekiln.training.row_validation import validate_rows
from tests import toy_models as toy

COUNT, BATCH = 24, 8


def rows_of(kind: str) -> list:
    """Return rows whose lengths differ, so that padding and prompts of a batch differ too."""
    made = toy.examples(COUNT) if kind == "sft" else toy.pairs(COUNT)
    longer = [
        row.prompt[0].model_copy(update={"content": row.prompt[0].content + " Please." * (n % 5)})
        for n, row in enumerate(made)
    ]
    return [row.model_copy(update={"prompt": (turn,)}) for row, turn in zip(made, longer, strict=True)]


def job_of(
    folder: Path, kind: str, adapter: Path | None = None, lora: dict | None = None, **settings: Any
) -> TrainingJob:
    common = {"batch_size": BATCH, "micro_batch": BATCH, "learning_rate": 5e-3, "epochs": 1, "holdout": 0.0}
    return TrainingJob(
        kind=kind,
        base=str(folder / "base"),
        adapter=adapter,
        data=folder,
        output=folder / f"{kind}-output",
        lora={"r": 4, "alpha": 8, "dropout": 0.0} | (lora or {}),
        **{kind: common | settings},
    )


def build(job: TrainingJob, packed: bool, held: int = 0):
    """Return a trainer; a padded one reads its rows in the order in which a packed one draws them."""
    import datasets

    spec = models.get(job.base)
    chat = load_chat_tokenizer(spec)
    rows = [{**row, PLACE: n} for n, row in enumerate(validate_rows(rows_of(job.kind), chat, 512, where="x").rows)]
    train, kept = rows[held:], rows[:held]
    arguments = common_arguments(job, len(train), bool(held), 1, packed)
    if not packed:
        order = [place for step in shuffled(len(train), job.settings.batch_size, job.seed, 0) for place in step]
        train = [train[place] for place in order]
        arguments["train_sampling_strategy"] = "sequential"

    def load():
        model = load_model(spec, quantization=job.lora.quantization)
        return attach_adapter(model, spec, job.adapter, trainable=True) if job.adapter else model

    return (sft if job.kind == "sft" else dpo).build(
        job,
        spec,
        chat,
        load,
        datasets.Dataset.from_list(train),
        datasets.Dataset.from_list(kept) if held else None,
        arguments | {"save_strategy": "no", "load_best_model_at_end": False},
        [],
        rule.budget_of(job) if packed else None,
    )


def weights(trainer) -> dict:
    """Return the trained weights."""
    named = trainer.model.named_parameters()
    return {name: weight.detach().clone() for name, weight in named if weight.requires_grad}


def gradients(trainer) -> dict:
    """Return the loss of the first step, and the gradients of the trained weights."""
    trainer.current_gradient_accumulation_steps = 1
    batch = next(iter(trainer.get_train_dataloader()))
    loss = trainer.training_step(trainer.model, batch, trainer._get_num_items_in_batch([batch], trainer.args.device))
    named = trainer.model.named_parameters()
    return {"loss": loss} | {name: weight.grad.clone() for name, weight in named if weight.requires_grad}


def history(trainer, names: tuple[str, ...]) -> list[float]:
    """Train, and return what was logged."""
    trainer.train()
    return [entry[name] for entry in trainer.state.log_history for name in names if name in entry]
