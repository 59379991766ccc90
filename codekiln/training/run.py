"""One training run, from a data folder to an adapter. Imports torch and TRL: import this lazily."""

import json
import logging
import resource
import statistics
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, cast

import datasets
import torch
import transformers
from peft import PeftModel
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from codekiln import models
from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset
from codekiln.data.records import Example, Labelled, Pair, Record
from codekiln.launch import processes
from codekiln.models.chat_files import save_chat_files
from codekiln.models.chat_tokenizer import ChatTokenizer, load_chat_tokenizer
from codekiln.models.hub_access import UNREADABLE, pinned
from codekiln.models.loading import attach_adapter, load_model, quiet
from codekiln.training import adapter, checkpoints, dpo, sft
from codekiln.training.arguments import common_arguments, require_targets
from codekiln.training.callbacks import DivergenceCallback, ProgressCallback, StepTimer, write_curve
from codekiln.training.deepspeed_config import init_distributed
from codekiln.training.graceful_shutdown import CheckpointCallback
from codekiln.training.job import TrainingJob, TrainingSummary, require_unsharded
from codekiln.training.memory import GIB
from codekiln.training.packing import rule
from codekiln.training.packing.filling import Budget
from codekiln.training.packing.trainer import PLACE
from codekiln.training.row_validation import ValidatedRows, split_holdout, validate_rows
from codekiln.training.status_callback import replace_status_callback

ROWS: dict[str, type[Record]] = {"pairs": Pair, "labelled": Labelled}
# Parameters up to which a model trains fastest in one thread of a CPU.
SMALL = 50_000_000
logger = logging.getLogger(__name__)


def run(job: TrainingJob) -> TrainingSummary:
    """Train one adapter; called again, it resumes from the last checkpoint of the same job, or returns its summary.

    Raises:
        InputError: The data, the base model, the adapter or a setting is wrong.
        ModelError: The base model cannot be used.
    """
    require_unsharded(job.lora, job.strategy)
    _quiet()
    spec = models.get(job.base)
    chat = load_chat_tokenizer(spec)
    # Every later read is of the commit that was just read.
    spec = pinned(spec)
    rows, sha256 = _read_rows(job, chat)
    record = _record(job, spec, sha256)
    trainer, held = _trainer(job, spec, chat, rows)
    # A pod that is lost after the end restarts all of them.
    if all(processes.all_gather(adapter.finished(job.output, record))):
        return TrainingSummary.model_validate_json((job.output / adapter.SUMMARY).read_bytes())
    if trainer.is_world_process_zero():
        adapter.clear(job.output)
    if checkpoints.claim(job.output, record.job) and trainer.is_world_process_zero():
        _say_where_it_goes_on(job, trainer.args.save_steps)
    shutdown, timer = CheckpointCallback(job.output), StepTimer()
    # In this order: a step ends when all processes have agreed whether to stop, and its time includes that.
    trainer.add_callback(shutdown)
    trainer.add_callback(timer)
    with _threads(cast(transformers.PreTrainedModel | PeftModel, trainer.model)), shutdown.listening():
        summary = _train(job, trainer, rows, held, timer)
    adapter.save(trainer, job.output, record)
    checkpoints.remove(job.output)
    if trainer.is_world_process_zero():
        save_chat_files(spec, job.output)
        _report(job, trainer, rows, summary)
    return summary


def _quiet() -> None:
    quiet()
    # DeepSpeed uses deprecated names of torch at every step.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"torch\.distributed\.")
    datasets.disable_progress_bars()


def _read_rows(job: TrainingJob, chat: ChatTokenizer) -> tuple[ValidatedRows, str]:
    """Return the rows and the digest of their file."""
    record = Example if job.kind == "sft" else ROWS[job.dpo.rows]
    data: Dataset[Any] = Dataset(job.data, record)
    rows = validate_rows(data.rows(), chat, job.settings.max_length, where=str(data.folder / "data.jsonl"))
    return rows, data.manifest.sha256


def _record(job: TrainingJob, spec: models.BaseModelSpec, data: str) -> adapter.AdapterRecord:
    parent = adapter.digest_of(job.adapter) if job.adapter else None
    return adapter.AdapterRecord(
        base=spec.id,
        revision=spec.hub_revision,
        kind=job.kind,
        parent=parent,
        data=data,
        seed=job.seed,
        reference=job.dpo.reference if job.kind == "dpo" and job.dpo.needs_reference else None,
        quantization=job.lora.quantization,
        code_version=job.code_version,
        job=job.digest(data, parent or ""),
    )


def _trainer(
    job: TrainingJob, spec: models.BaseModelSpec, chat: ChatTokenizer, rows: ValidatedRows
) -> tuple[transformers.Trainer, int]:
    """Return the trainer, and the number of held-out rows."""
    init_distributed(job.strategy)
    transformers.set_seed(job.seed)
    train, held = split_holdout(rows.groups, job.settings.holdout, job.seed)
    budget = _budget(job, spec)
    trainer = _build_of(job)(
        job,
        spec,
        chat,
        lambda: _load_model(job, spec),
        _table(rows, train),
        _table(rows, held) if held else None,
        common_arguments(job, len(train), bool(held), processes.world_size(), packed=budget is not None),
        _callbacks(job, bool(held)),
        budget,
    )
    trainer.remove_callback(transformers.PrinterCallback)
    replace_status_callback(trainer)
    return trainer, len(held)


def _budget(job: TrainingJob, spec: models.BaseModelSpec) -> Budget | None:
    """Return what a pass of packed rows takes; None where rows are padded, which is said if packing was asked for."""
    if not job.settings.packing:
        return None
    config = _config_of(spec)
    kind = spec.architecture or MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.get(config.get("model_type", ""), "this base model")
    if why := rule.why_padded(job, kind, config):
        if processes.rank() == 0:
            print(f"{job.name}: rows are padded, not packed: {why}", file=sys.stderr, flush=True)
        return None
    return rule.budget_of(job)


def _config_of(spec: models.BaseModelSpec) -> dict[str, Any]:
    try:
        return transformers.PreTrainedConfig.get_config_dict(spec.source, revision=spec.hub_revision or "main")[0]
    except UNREADABLE:
        return {}  # loading the model will say what is wrong


def _build_of(job: TrainingJob) -> Callable[..., transformers.Trainer]:
    if job.kind == "sft":
        return sft.build
    if job.dpo.rows == "pairs":
        return dpo.build
    from codekiln.training import kto  # a trainer more to import, which few runs need

    return kto.build


def _load_model(job: TrainingJob, spec: models.BaseModelSpec) -> transformers.PreTrainedModel | PeftModel:
    # Each process loads straight to its GPU: in the node's memory the base would be there once per GPU.
    place = torch.device("cuda", processes.local_rank()) if torch.cuda.is_available() else torch.device("cpu")
    with nullcontext() if job.strategy == "zero3" else place:
        model = load_model(spec, job.settings.dtype, job.lora.quantization)
        require_targets(model, job.lora)
        return attach_adapter(model, spec, job.adapter, trainable=True) if job.adapter else model


@contextmanager
def _threads(model: transformers.PreTrainedModel | PeftModel) -> Iterator[None]:
    """Use one thread in this context for a small model on a CPU.

    Its matrices are too small to share: as soon as anything else runs on the machine, threads that wait for each other
    take ten times as long. One thread also gives the same adapter on any number of cores.
    """
    before = torch.get_num_threads()
    if model.device.type == "cpu" and model.num_parameters() < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _table(rows: ValidatedRows, indices: list[int]) -> datasets.Dataset:
    return datasets.Dataset.from_list([{**rows.rows[index], PLACE: index} for index in indices])


def _callbacks(job: TrainingJob, evaluate: bool) -> list[transformers.TrainerCallback]:
    callbacks: list[transformers.TrainerCallback] = [DivergenceCallback()]
    if processes.rank() == 0:
        callbacks.append(ProgressCallback(job.name))
    if evaluate and job.settings.patience:
        callbacks.append(transformers.EarlyStoppingCallback(job.settings.patience))
    return callbacks


def _train(
    job: TrainingJob, trainer: transformers.Trainer, rows: ValidatedRows, held: int, timer: StepTimer
) -> TrainingSummary:
    checkpoint, step = checkpoints.latest(job.output)
    # A resumed run must not evaluate again before its first step: early stopping would count that as stagnation.
    trainer.args.eval_on_start = bool(held) and not checkpoint
    start = time.monotonic()
    with ExitStack() as shown:
        for callback in trainer.callback_handler.callbacks:
            if isinstance(callback, ProgressCallback):
                shown.enter_context(callback)
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    state = trainer.state
    losses = {entry["step"]: entry["eval_loss"] for entry in state.log_history if "eval_loss" in entry}
    return TrainingSummary(
        kind=job.kind,
        steps=state.global_step,
        epochs=round(state.epoch, 3),
        train_rows=len(rows.rows) - held,
        holdout_rows=held,
        rejected=Counter(item.reason for item in rows.rejected),
        best_step=state.best_global_step or state.global_step,
        first_eval_loss=losses.get(0),
        best_eval_loss=state.best_metric,
        tokens=int(state.num_input_tokens_seen),
        seconds=round(time.monotonic() - start, 2),
        step_seconds=round(statistics.median(timer.seconds), 4) if timer.seconds else 0.0,
        peak_gib=round(max(processes.all_gather(_peak())) / GIB, 2),
        stopped_early=state.global_step < state.max_steps,
        resumed_from=step,
    )


def _say_where_it_goes_on(job: TrainingJob, every: float) -> None:
    if found := checkpoints.reached(job.output):
        line = f"goes on at step {found[0]} of {found[1]}, from its checkpoint"
    else:
        line = f"starts anew: the attempt before wrote no whole checkpoint; one follows every {every:.0f} steps"
    print(f"{job.name}: {line}", file=sys.stderr, flush=True)


def _peak() -> int:
    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # KiB on Linux


def _report(job: TrainingJob, trainer: transformers.Trainer, rows: ValidatedRows, summary: TrainingSummary) -> None:
    if not summary.improved:
        logger.warning(
            "%s: the held-out loss did not fall (%.4f, then %.4f): lower learning_rate or look at the rows",
            job.name,
            summary.first_eval_loss,
            summary.best_eval_loss,
        )
    write_curve(trainer.state.log_history, job.output / "curve.jsonl")
    lines = (json.dumps({"reason": item.reason, "row": item.row.model_dump(mode="json")}) for item in rows.rejected)
    write_atomic(job.output / "rejected.jsonl", "".join(line + "\n" for line in lines))
    write_atomic(job.output / adapter.SUMMARY, summary.model_dump_json(indent=2) + "\n")
