"""One training run from data folder to adapter. Imports torch and TRL: import this lazily."""

import json
import logging
import resource
import statistics
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import datasets
import torch
import transformers

from codekiln import models
from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset
from codekiln.data.records import Example, Pair
from codekiln.launch import processes
from codekiln.models.chat import load_chat
from codekiln.models.loading import attach, load_model, quiet
from codekiln.training import adapter, checkpoints, dpo, sft, zero
from codekiln.training.arguments import common_arguments
from codekiln.training.callbacks import Finite, Pace, Progress, write_curve
from codekiln.training.job import TrainingJob, TrainingSummary
from codekiln.training.memory import GIB
from codekiln.training.rows import Proven, prove, split
from codekiln.training.stopping import Checkpoints

SMALL = 50_000_000
logger = logging.getLogger(__name__)


def run(job: TrainingJob) -> TrainingSummary:
    """Train one adapter; run again, it continues from the last checkpoint of the same job, or has nothing left to do.

    Raises:
        InputError: The data, the base model, the adapter or a setting is wrong.
        ModelError: The base model cannot be used.
    """
    _quiet()
    spec = models.get(job.base)
    chat = load_chat(spec)
    data = Dataset(job.data, Example if job.kind == "sft" else Pair)
    proven = prove(data.rows(), chat, job.settings.max_length, where=str(data.folder / "data.jsonl"))
    parent = adapter.digest_of(job.adapter) if job.adapter else None
    record = adapter.AdapterRecord(
        base=spec.id,
        revision=spec.hub_revision,
        kind=job.kind,
        parent=parent,
        data=data.manifest.sha256,
        seed=job.seed,
        reference=job.dpo.reference if job.kind == "dpo" else None,
        code_version=job.code_version,
        job=job.digest(data.manifest.sha256, parent or ""),
    )
    trainer, held = _trainer(job, spec, chat, proven)
    # A pod that is lost after the end makes all of them start again.
    if all(processes.gathered(adapter.finished(job.output, record))):
        return TrainingSummary.model_validate_json((job.output / adapter.SUMMARY).read_bytes())
    if trainer.is_world_process_zero():
        adapter.clear(job.output)
    checkpoints.claim(job.output, record.job)
    stopping, pace = Checkpoints(job.output), Pace()
    # In this order: a step is over when all processes have agreed that it is.
    trainer.add_callback(stopping)
    trainer.add_callback(pace)
    with _threads(trainer.model), stopping.listening():
        summary = _train(job, trainer, proven, held, pace)
    adapter.save(trainer, job.output, record)
    checkpoints.remove(job.output)
    if trainer.is_world_process_zero():
        _report(job, trainer, proven, summary)
    return summary


def _quiet() -> None:
    quiet()
    # DeepSpeed calls torch by names of last year, at every step.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"torch\.distributed\.")
    datasets.disable_progress_bars()


def _trainer(job: TrainingJob, spec: models.BaseModelSpec, chat: Any, proven: Proven) -> tuple[Any, int]:
    zero.start(job.strategy)
    transformers.set_seed(job.seed)
    train, held = split(proven.groups, job.settings.holdout, job.seed)
    kind: Any = sft if job.kind == "sft" else dpo
    config = kind.configure(job, common_arguments(job, len(train), bool(held), processes.world()))
    model = _model(job, spec)
    trainer = kind.build(
        job,
        spec,
        chat,
        model,
        _table(proven, train),
        _table(proven, held) if held else None,
        config,
        _callbacks(job, bool(held)),
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer, len(held)


def _model(job: TrainingJob, spec: models.BaseModelSpec) -> Any:
    # Each process loads straight to its GPU: in the node's memory the base would be there once per GPU.
    place = torch.device("cuda", processes.local_rank()) if torch.cuda.is_available() else torch.device("cpu")
    with nullcontext() if job.strategy == "zero3" else place:
        model: Any = load_model(spec, job.settings.dtype)
        return attach(model, spec, job.adapter, trainable=True) if job.adapter else model


@contextmanager
def _threads(model: torch.nn.Module) -> Iterator[None]:
    """Train a small model on a CPU in one thread.

    Its matrices are too small to share: threads that wait for each other cost ten times the time as soon as anything
    else runs on the machine. One thread also gives the same adapter on every number of cores.
    """
    before = torch.get_num_threads()
    if model.device.type == "cpu" and model.num_parameters() < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _table(proven: Proven, indices: list[int]) -> datasets.Dataset:
    return datasets.Dataset.from_list([proven.rows[index] for index in indices])


def _callbacks(job: TrainingJob, evaluate: bool) -> list[transformers.TrainerCallback]:
    callbacks: list[transformers.TrainerCallback] = [Finite()]
    if processes.rank() == 0:
        callbacks.append(Progress(job.kind))
    if evaluate and job.settings.patience:
        callbacks.append(transformers.EarlyStoppingCallback(job.settings.patience))
    return callbacks


def _train(job: TrainingJob, trainer: Any, proven: Proven, held: int, pace: Pace) -> TrainingSummary:
    checkpoint, step = checkpoints.latest(job.output)
    if checkpoint and trainer.is_world_process_zero():
        logger.warning("%s: continuing from step %d", job.kind, step)
    # A resumed run must not evaluate again before its first step: early stopping would count that as stagnation.
    trainer.args.eval_on_start = bool(held) and not checkpoint
    start = time.monotonic()
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    state = trainer.state
    losses = {entry["step"]: entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry}
    return TrainingSummary(
        kind=job.kind,
        steps=state.global_step,
        epochs=round(state.epoch, 3),
        train_rows=len(trainer.train_dataset),
        holdout_rows=held,
        rejected=Counter(item.reason for item in proven.rejected),
        best_step=state.best_global_step or state.global_step,
        first_eval_loss=losses.get(0),
        best_eval_loss=state.best_metric,
        tokens=int(state.num_input_tokens_seen),
        seconds=round(time.monotonic() - start, 2),
        step_seconds=round(statistics.median(pace.seconds), 4) if pace.seconds else 0.0,
        peak_gib=round(max(processes.gathered(_peak())) / GIB, 2),
        stopped_early=state.global_step < state.max_steps,
        resumed_from=step,
    )


def _peak() -> int:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # KiB on Linux


def _report(job: TrainingJob, trainer: Any, proven: Proven, summary: TrainingSummary) -> None:
    if not summary.improved:
        logger.warning(
            "%s: the held-out loss did not fall (%.4f, then %.4f): lower learning_rate or look at the rows",
            job.kind,
            summary.first_eval_loss,
            summary.best_eval_loss,
        )
    write_curve(trainer.state.log_history, job.output / "curve.jsonl")
    lines = (json.dumps({"reason": item.reason, "row": item.row.model_dump(mode="json")}) for item in proven.rejected)
    write_atomic(job.output / "rejected.jsonl", "".join(line + "\n" for line in lines))
    write_atomic(job.output / adapter.SUMMARY, summary.model_dump_json(indent=2) + "\n")
