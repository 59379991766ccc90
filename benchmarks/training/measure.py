"""One training of each trainer on the same rows, in one thread of this process."""

import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets
import torch
import transformers
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from benchmarks.training.rows import rows
from codekiln import models
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.models.loading import load_model
from codekiln.training import dpo, sft
from codekiln.training.arguments import common_arguments, lora_config
from codekiln.training.job import TrainingJob
from codekiln.training.packing.filling import Budget
from codekiln.training.packing.trainer import PLACE, shuffled
from codekiln.training.row_validation import Tokens, validate_rows

BATCH = 16
# Batches whose rows are sorted by length together: TRL then pads least, and batches still differ from epoch to epoch.
GROUPED = 8
TOKENS_PER_PASS = 2048
PEERS = ("padded", "trl")
"""What packed rows are measured against: the same trainer with padded rows, as it was; and TRL alone at its best, with
batches of similar length and a reference computed once."""


@dataclass
class Figures:
    """CPU seconds of each round, from making the trainer to the last step, and the losses of its steps."""

    cpu: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """Packed rows beside one peer, on the same batches."""

    kind: str
    model: str
    against: str
    rows: int
    tokens: int
    packed: Figures
    peer: Figures

    @property
    def ratio_cpu(self) -> float:
        """CPU time of the peer over that of packed rows, by their medians."""
        return statistics.median(self.peer.cpu) / statistics.median(self.packed.cpu)

    @property
    def loss_difference(self) -> float:
        """Largest difference between the losses of a step."""
        return max(abs(one - other) for one, other in zip(self.packed.losses, self.peer.losses, strict=True))


def compare(
    kind: str, model: str, base: str, count: int, rounds: int, work: Path, peers: Sequence[str] = PEERS
) -> list[Comparison]:
    """Train with packed rows and with each peer, in turn, ``rounds`` times."""
    torch.set_num_threads(1)
    job = _job(kind, base, work)
    spec = models.get(base)
    found = validate_rows(rows(kind, count), load_chat_tokenizer(spec), 1024, where="rows").rows
    figures = {(peer, name): Figures() for peer in peers for name in ("packed", peer)}
    # What a process does once, such as filling caches, would count for the first.
    for name in ("packed", *peers):
        _train(job, spec, name, list(found[:4]))
    for _ in range(rounds):
        for (peer, name), into in figures.items():
            seconds, into.losses = _train(job, spec, name, _visited(found, grouped=peer == "trl"))
            into.cpu.append(seconds)
    tokens = sum(len(ids) for row in found for part, ids in row.items() if part != "labels")
    return [
        Comparison(kind, model, peer, len(found), tokens, figures[peer, "packed"], figures[peer, peer])
        for peer in peers
    ]


def _job(kind: str, base: str, work: Path) -> TrainingJob:
    settings = {"epochs": 1, "batch_size": BATCH, "micro_batch": BATCH, "learning_rate": 3e-4, "holdout": 0}
    losses = {"loss": ["sigmoid", "sft"], "loss_weights": [1.0, 3.0]} if kind == "dpo" else {}
    common = {"kind": kind, "base": base, "data": work, "output": work / "output", "lora": {"dropout": 0.0}}
    return TrainingJob(**common, **{kind: settings | losses})


def _visited(found: Sequence[Tokens], grouped: bool) -> list[Tokens]:
    """Return the rows in the order in which they are trained on."""
    order = list(found)
    random.Random(0).shuffle(order)
    if grouped:
        size = BATCH * GROUPED
        parts = [sorted(order[start : start + size], key=_length, reverse=True) for start in range(0, len(order), size)]
        order = [row for part in parts for row in part]
    return order


def _length(row: Tokens) -> int:
    if "input_ids" in row:
        return len(row["input_ids"])
    return len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))


def _train(job: TrainingJob, spec: models.BaseModelSpec, name: str, visited: list[Tokens]) -> tuple[float, list[float]]:
    """Return CPU seconds and losses; loading the model is left out."""
    model = load_model(spec)
    arguments = common_arguments(job, len(visited), False, 1, packed=name == "packed")
    arguments |= {"save_strategy": "no", "train_sampling_strategy": "sequential"}
    start = time.process_time()
    trainer = _trainer(job, spec, name, model, visited, arguments)
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return time.process_time() - start, losses


def _trainer(
    job: TrainingJob,
    spec: models.BaseModelSpec,
    name: str,
    model: transformers.PreTrainedModel,
    visited: list[Tokens],
    arguments: dict[str, Any],
) -> transformers.Trainer:
    chat = load_chat_tokenizer(spec)
    if name == "trl":
        return _plain(job, spec, model, datasets.Dataset.from_list(visited), arguments, chat.tokenizer)
    build = sft.build if job.kind == "sft" else dpo.build
    if name == "padded":
        table, budget = datasets.Dataset.from_list(visited), None
    else:
        # Put where its own order finds them, so that its steps have the same rows.
        places = [place for step in shuffled(len(visited), BATCH, job.seed, 0) for place in step]
        rows_at = dict(zip(places, visited, strict=True))
        table = datasets.Dataset.from_list([{**rows_at[place], PLACE: place} for place in range(len(visited))])
        budget = Budget(tokens=TOKENS_PER_PASS)
        # Nothing may be left of a round before.
        for file in job.output.glob("checkpoints/reference-*"):
            file.unlink()
    return build(job, spec, chat, lambda: model, table, None, arguments, [], budget)


def _plain(
    job: TrainingJob,
    spec: models.BaseModelSpec,
    model: transformers.PreTrainedModel,
    table: datasets.Dataset,
    arguments: dict[str, Any],
    tokenizer: transformers.PreTrainedTokenizerBase,
) -> transformers.Trainer:
    common = {"model": model, "train_dataset": table, "processing_class": tokenizer}
    common["peft_config"] = lora_config(spec, job.lora)
    if job.kind == "sft":
        return SFTTrainer(**common, args=SFTConfig(**arguments, dataset_kwargs={"skip_prepare_dataset": True}))
    losses = {"loss_type": list(job.dpo.loss), "loss_weights": list(job.dpo.loss_weights or ())}
    config = DPOConfig(**arguments, **losses, beta=job.dpo.beta, precompute_ref_log_probs=True)
    return _TokenisedDpoTrainer(**common, args=config)


class _TokenisedDpoTrainer(DPOTrainer):
    """TRL's trainer, which would tokenise its rows."""

    def _prepare_dataset(self, dataset: datasets.Dataset, *args: Any, **kwargs: Any) -> datasets.Dataset:
        return dataset
