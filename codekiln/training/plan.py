"""Plans how a training job uses a pool: strategy, micro-batch and recomputation, by estimated memory."""

import math
import re
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from codekiln.errors import InputError
from codekiln.launch.pools import Pool
from codekiln.models import BaseModelSpec
from codekiln.training.job import TrainingJob, require_unsharded
from codekiln.training.memory import CONTEXT_GIB, GIB, MemoryEstimate, ModelShape, Workload, shape_of
from codekiln.training.settings import DpoSettings, LoraSettings, Strategy, TrainingSettings

# Fewer tokens than this in one forward pass leave a large GPU idle; recomputing activations then costs less.
BUSY_TOKENS = 2048
# More packed tokens than this in one pass make none faster.
MOST_TOKENS = 8192
# Keys and values of a few completions at a time.
CACHE_GIB = 2.0
# Assumed where a pool does not say how much memory its devices have.
SMALLEST_GIB = 8
UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_NF4 = "lora.quantization = nf4 (QLoRA)"
StrategyChoice = Literal["auto", "ddp", "zero2", "zero3"]


class TrainingPlan(BaseModel):
    """How a training job runs on a pool.

    ``micro_batch * accumulation * processes`` is the batch size, by which padded rows are divided. Packed ones, which
    jobs of one process have, fill passes of ``tokens_per_pass``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Strategy
    processes: int
    micro_batch: int = Field(description="rows per process and forward pass, where rows are padded")
    accumulation: int = Field(description="forward passes of padded rows per optimiser step")
    tokens_per_pass: int | None = Field(None, description="tokens of a pass of packed rows; empty: padded")
    gradient_checkpointing: bool
    dtype: Literal["float32", "bfloat16"] = Field(description="of the frozen base")
    memory: MemoryEstimate | None = Field(description="estimate for one process; empty: a size is unknown")
    available_gib: float = Field(description="memory of one process; 0: unknown")
    reasons: str = Field(description="why, in a sentence")


def plan(
    spec: BaseModelSpec,
    training: TrainingSettings,
    lora: LoraSettings,
    pool: Pool,
    strategy: StrategyChoice = "auto",
) -> TrainingPlan:
    """Choose how a job runs on a pool.

    DDP when the frozen base, adapter and activations fit one device, since then only the adapter's gradients are
    communicated; else ZeRO-3, which communicates the whole base in every pass. ZeRO-2 only on request: it shards the
    adapter's optimiser state, which is small. A base in 4 bits is never sharded: ZeRO would take its packed weights
    apart. Activations are recomputed when otherwise less than 2048 tokens would fit one pass. Packed rows, in one
    process, fill passes of as many tokens as fit, 8192 at most, and never less than the longest row has. Devices of
    unknown memory are assumed to have 8 GiB.

    Args:
        spec: The base model.
        training: Settings of the stage; its ``micro_batch`` is the largest that is tried.
        lora: Shape of the adapter.
        pool: The devices.
        strategy: A strategy to keep to; with it, an unknown size is no error.

    Raises:
        InputError: Nothing fits, the batch cannot be divided, or a size is unknown.
    """
    require_unsharded(lora, strategy)
    sizes, shape, available = _sizes(training, pool), shape_of(spec), _available(pool)
    if shape is not None and not available and strategy == "auto":
        small = _plan_small_devices(spec, training, lora, pool)
        return small or _unchecked(spec, training, pool, strategy, False, sizes[0])
    if shape is None or not available:
        return _unchecked(spec, training, pool, strategy, shape is None, sizes[0])
    load = _workload(shape, training, lora, pool)
    for tried in _strategies(strategy, lora, pool):
        for recompute, micro in _options(training, load, sizes):
            memory = load.estimate(tried, micro, recompute)
            if memory.total <= available:
                why = _reasons(spec, load, training, lora, strategy, tried, micro, recompute)
                tokens = _tokens_per_pass(training, load, tried, micro, recompute)
                memory = load.estimate_pass(tried, max(tokens or 0, load.tokens(micro)), recompute)
                return _build(training, pool, tried, micro, recompute, memory, why, tokens)
    raise _too_large(spec, load, lora, strategy, pool)


def _workload(shape: ModelShape, training: TrainingSettings, lora: LoraSettings, pool: Pool) -> Workload:
    pairs = isinstance(training, DpoSettings) and training.rows == "pairs"
    return Workload(
        shape=shape,
        rank=lora.r,
        rows=2 if pairs else 1,
        reference=isinstance(training, DpoSettings) and training.needs_reference,
        quantized=lora.quantization != "none",
        dora=lora.dora,
        length=training.max_length,
        width=2 if _dtype(training, pool) == "bfloat16" else 4,
        processes=pool.processes,
        available=_available(pool),
    )


def _packs(training: TrainingSettings, processes: int, strategy: Strategy) -> bool:
    # The architecture is not looked at: its configuration may have to be downloaded.
    if not training.packing or processes > 1 or strategy != "ddp":
        return False
    return not (isinstance(training, DpoSettings) and training.rows == "labelled")


def _tokens_per_pass(
    training: TrainingSettings, load: Workload, strategy: Strategy, micro: int, recompute: bool
) -> int | None:
    if not _packs(training, load.processes, strategy):
        return None
    step = load.tokens(training.batch_size)
    wanted = min(training.tokens_per_pass or MOST_TOKENS, step)
    # The longest row passes alone, whatever the budget; rows of a micro-batch that fits are no more than that.
    return max(load.tokens(1), min(wanted, load.fitting_tokens(strategy, recompute, wanted)))


def idle_note(chosen: TrainingPlan, pool: Pool) -> str:
    """Return a warning where passes of packed rows are too small for a GPU; empty where they are not."""
    tokens = chosen.tokens_per_pass
    if tokens is None or tokens >= BUSY_TOKENS or not _on_accelerators(pool):
        return ""
    return f"passes of {tokens} tokens leave a GPU idle: raise tokens_per_pass or batch_size"


def apply(job: TrainingJob, chosen: TrainingPlan) -> TrainingJob:
    """Return the job with the plan's strategy, micro-batch, recomputation and dtype."""
    changes = {
        "micro_batch": chosen.micro_batch,
        "tokens_per_pass": chosen.tokens_per_pass or job.settings.tokens_per_pass,
        "gradient_checkpointing": chosen.gradient_checkpointing,
        "dtype": chosen.dtype,
    }
    return job.model_copy(update={"strategy": chosen.strategy, job.kind: job.settings.model_copy(update=changes)})


def _sizes(training: TrainingSettings, pool: Pool) -> list[int]:
    """Return the micro-batches that divide the batch evenly, largest first."""
    share, rest = divmod(training.batch_size, pool.processes)
    if rest or not share:
        multiple = pool.processes * math.ceil(training.batch_size / pool.processes)
        raise InputError(
            f"batch_size {training.batch_size} cannot be divided among {pool.processes} processes",
            where="batch_size",
            fix=f"use batch_size = {multiple}, or a smaller pool",
        )
    # KTO takes its divergence from other rows of the same micro-batch.
    least = 2 if isinstance(training, DpoSettings) and training.rows == "labelled" else 1
    sizes = [size for size in range(min(training.micro_batch, share), least - 1, -1) if share % size == 0]
    if not sizes:
        raise InputError(
            f"batch_size {training.batch_size} cannot be divided among {pool.processes} processes with {least} rows or "
            "more per forward pass, which the loss 'kto' needs",
            where="batch_size",
            fix=f"use batch_size = {least * pool.processes * math.ceil(share / least)}",
        )
    return sizes


def _on_accelerators(pool: Pool) -> bool:
    return bool(pool.accelerator and pool.accelerators)


def _available(pool: Pool) -> float:
    return pool.accelerator_memory_gib if _on_accelerators(pool) else _quantity(pool.memory)


def _quantity(text: str) -> float:
    """Return a Kubernetes quantity of memory in GiB."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([A-Za-z]*)", text)
    if not found or found[2] not in UNITS:
        raise InputError(f"'{text}' is no amount of memory", where="memory", fix="write it like 64Gi")
    return float(found[1]) * UNITS[found[2]] / GIB


def _dtype(training: TrainingSettings, pool: Pool) -> Literal["float32", "bfloat16"]:
    if training.dtype != "auto":
        return training.dtype
    return "bfloat16" if _on_accelerators(pool) else "float32"


def _strategies(choice: StrategyChoice, lora: LoraSettings, pool: Pool) -> tuple[Strategy, ...]:
    if choice != "auto":
        return (choice,)
    return ("ddp", "zero3") if pool.processes > 1 and lora.quantization == "none" else ("ddp",)


def _options(training: TrainingSettings, load: Workload, sizes: list[int]) -> Iterator[tuple[bool, int]]:
    """Yield recomputation and micro-batch, the fastest first."""
    if not training.gradient_checkpointing:
        yield from ((False, size) for size in sizes if size == sizes[0] or load.tokens(size) >= BUSY_TOKENS)
    yield from ((True, size) for size in sizes)


def _build(
    training: TrainingSettings,
    pool: Pool,
    strategy: Strategy,
    micro: int,
    recompute: bool,
    memory: MemoryEstimate | None,
    reasons: str,
    tokens_per_pass: int | None = None,
) -> TrainingPlan:
    return TrainingPlan(
        strategy=strategy,
        processes=pool.processes,
        micro_batch=micro,
        tokens_per_pass=tokens_per_pass,
        accumulation=training.batch_size // (micro * pool.processes),
        gradient_checkpointing=recompute,
        dtype=_dtype(training, pool),
        memory=memory,
        available_gib=_available(pool),
        reasons=reasons,
    )


def _plan_small_devices(
    spec: BaseModelSpec, training: TrainingSettings, lora: LoraSettings, pool: Pool
) -> TrainingPlan | None:
    """Return the plan for devices of unknown memory; None where the work might not fit small ones."""
    try:
        found = plan(spec, training, lora, pool.model_copy(update={"accelerator_memory_gib": SMALLEST_GIB}))
    except InputError:
        return None
    note = f" The pool does not say how much memory a device has, so {SMALLEST_GIB} GiB were assumed."
    return found.model_copy(update={"reasons": found.reasons + note})


def _unchecked(
    spec: BaseModelSpec, training: TrainingSettings, pool: Pool, choice: StrategyChoice, shapeless: bool, micro: int
) -> TrainingPlan:
    if shapeless:
        unknown = f"the size of base model {spec.name} is unknown"
        fix = "set strategy, or add params, hidden, layers and vocab to a file in codekiln/models"
    else:
        unknown = "the memory of the pool's accelerators is unknown"
        fix = "set acceleratorMemoryGiB of the pool in the chart's values, or set strategy"
    if choice == "auto":
        raise InputError(f"{unknown}, so no plan can be made", where="strategy", fix=fix)
    reasons = f"{choice} as asked for; {unknown}, so whether it fits was not checked."
    return _build(training, pool, choice, micro, training.gradient_checkpointing, None, reasons)


def _reasons(
    spec: BaseModelSpec,
    load: Workload,
    training: TrainingSettings,
    lora: LoraSettings,
    choice: StrategyChoice,
    strategy: Strategy,
    micro: int,
    recompute: bool,
) -> str:
    held = " in 4 bits" if lora.quantization != "none" else ""
    weights = f"{spec.name} takes {load.estimate('ddp', 1, recompute=True).weights:.1f} GiB{held}"
    if choice == "zero2":
        first = "zero2 as asked for; it shards only the adapter's optimiser, so ddp takes about as much memory"
    elif choice != "auto":
        first = f"{choice} as asked for"
    elif strategy == "ddp":
        first = f"{weights} and fits one device, so every process holds all of it"
    else:
        first = f"{weights} and does not fit one device with the work beside it, so it is sharded"
    smaller = f"; micro-batch {micro} instead of {training.micro_batch}" if micro < training.micro_batch else ""
    forced = recompute and not training.gradient_checkpointing
    slower = "; activations are recomputed to fit, for a third more time." if forced else "."
    return first + smaller + slower + _sampling_note(load)


def _sampling_note(load: Workload) -> str:
    """Return what sampling needs where only training is in 4 bits, if the device does not hold it."""
    whole = load.shape.params * load.width / GIB + CONTEXT_GIB + CACHE_GIB
    if not load.quantized or whole < load.available:
        return ""
    return f" Sampling holds the base in full, {whole:.0f} GiB with its cache, and needs a larger device."


def _too_large(
    spec: BaseModelSpec, load: Workload, lora: LoraSettings, choice: StrategyChoice, pool: Pool
) -> InputError:
    last = _strategies(choice, lora, pool)[-1]
    need = load.estimate(last, 1, recompute=True)
    advice = ["a pool with more memory or more devices"]
    smaller = load.model_copy(update={"quantized": True}).estimate("ddp", 1, recompute=True).total
    if not load.quantized and smaller <= load.available:
        advice.insert(0, "lora.quantization = nf4 with strategy = ddp" if choice not in ("auto", "ddp") else _NF4)
    if last != "zero3" and pool.processes > 1:
        advice.append("strategy = auto")
    if need.activations > need.weights:
        advice.append("a smaller max_length")
    return InputError(
        f"{spec.name} does not fit: with {last}, one row at a time and recomputed activations a device needs about "
        f"{need.total:.0f} GiB ({need.weights:.0f} of them weights) and has {load.available:g}",
        where="pool",
        fix=f"use {', or '.join([*advice, 'a smaller base_model'])}",
    )
