"""How a training job divides its work over a GPU pool: strategy, micro-batch and checkpointing, from what fits.

Memory is estimated, not measured; `Memory` says by which formula. The estimate is meant to be a little too high: a
plan that fits should run, and one that wastes a tenth of a GPU is no harm.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from codekiln.errors import InputError
from codekiln.launch.pools import Pool
from codekiln.models import BaseModelSpec
from codekiln.training.job import TrainingJob
from codekiln.training.settings import LoraSettings, Optimisation, Strategy

GIB = 2**30
# Fewer tokens than this in one forward pass leave a large GPU idle; recomputing activations then costs less.
BUSY_TOKENS = 2048
# Bytes of activations per token, layer and unit of width in bfloat16, and with recomputation. 16 MB a token for gemma3-12b
# without recomputation are 88; Korthikanti et al. 2022 (arXiv 2205.05198) count 34 without adapters and gated MLP.
ACTIVATIONS, RECOMPUTED = 88, 2
# Adapter parameters per unit of rank, layer and unit of width with all linear layers: 21 to 27 in the model table.
ADAPTER = 28
# The LM head works in tiles of at most so many tokens and words, in float32, and keeps about three of them (TRL 1.16).
TILE_TOKENS, TILE_WORDS, TILES = 4096, 32_768, 3
# DeepSpeed keeps up to so many gathered parameters (stage3_max_live_parameters), besides the embedding.
LIVE = 1_000_000_000
CONTEXT_GIB, FRAGMENTED = 2.0, 0.05
UNITS = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Memory(_Record):
    """Estimated peak memory of one process in GiB."""

    weights: float = Field(description="the frozen base; under ZeRO-3 a share of it and the layers gathered at a time")
    adapter: float = Field(description="adapter, its gradients, AdamW's state, and the reference copy of DPO")
    activations: float = Field(description="kept for the backward pass: tokens x layers x width x bytes")
    logits: float = Field(description="the tiles in which the LM head is computed")
    reserve: float = Field(description="context of the device, communication buffers and fragmentation")

    @property
    def total(self) -> float:
        """All parts together."""
        return self.weights + self.adapter + self.activations + self.logits + self.reserve


class Plan(_Record):
    """How one training job runs on a pool; ``micro_batch * accumulation * processes`` is the batch size."""

    strategy: Strategy
    processes: int
    micro_batch: int = Field(description="rows per process and forward pass")
    accumulation: int = Field(description="forward passes per optimiser step")
    gradient_checkpointing: bool
    dtype: Literal["float32", "bfloat16"] = Field(description="of the frozen base")
    memory: Memory | None = Field(description="estimate for one process; empty: the size of the model is unknown")
    available_gib: float = Field(description="memory of one process; 0: unknown")
    reasons: str = Field(description="why, in a sentence or two")


class _Shape(_Record):
    params: int
    hidden: int
    layers: int
    vocab: int


class _Case(_Record):
    """Everything an estimate depends on besides the strategy, the micro-batch and checkpointing."""

    name: str
    shape: _Shape
    rank: int
    rows: int = Field(description="sequences per row of data: 1 for SFT, 2 for a pair")
    length: int
    width: int = Field(description="bytes of a weight of the base")
    processes: int
    available: float


def plan(
    spec: BaseModelSpec,
    training: Optimisation,
    lora: LoraSettings,
    kind: Literal["sft", "dpo"],
    pool: Pool,
    strategy: Literal["auto", "ddp", "zero2", "zero3"] = "auto",
) -> Plan:
    """Choose how a job runs on a pool.

    DDP when the frozen base and the work beside it fit one accelerator, since then only the adapter's gradients are sent;
    else ZeRO-3, which sends the whole base in every pass. ZeRO-2 only when asked for: it shards the adapter's optimiser,
    which is small. Activations are recomputed when fewer than 2048 tokens a pass would fit otherwise.

    Args:
        spec: The base model.
        training: Settings of the stage; its ``micro_batch`` is the largest that is tried.
        lora: Shape of the adapter.
        kind: What a row is: an example (sft) or a pair (dpo).
        pool: The accelerators.
        strategy: A strategy to keep to; with it, unknown sizes are no error.

    Raises:
        InputError: Nothing fits, the batch cannot be divided, or a size is unknown.
    """
    sizes = _sizes(training, pool)
    shape, available = _shape(spec), _available(pool)
    if shape is None or not available:
        return _unchecked(spec, training, pool, strategy, shape is None, sizes[0])
    case = _Case(
        name=spec.name,
        shape=shape,
        rank=lora.r,
        rows=1 if kind == "sft" else 2,
        length=training.max_length,
        width=2 if _dtype(training, pool) == "bfloat16" else 4,
        processes=pool.processes,
        available=available,
    )
    for tried in _strategies(strategy, pool):
        for checkpointing, micro in _options(training, case, sizes):
            memory = _memory(case, tried, micro, checkpointing)
            if memory.total <= available:
                reasons = _reasons(case, training, strategy, tried, micro, checkpointing)
                return _made(training, pool, tried, micro, checkpointing, memory, reasons)
    raise _too_large(case, strategy, pool, sizes[-1])


def apply(job: TrainingJob, chosen: Plan) -> TrainingJob:
    """Return the job as the plan wants it run."""
    changes = {
        "micro_batch": chosen.micro_batch,
        "gradient_checkpointing": chosen.gradient_checkpointing,
        "dtype": chosen.dtype,
    }
    return job.model_copy(
        update={"strategy": chosen.strategy, job.kind: job.settings.model_copy(update=changes)},
    )


def table(plans: Mapping[str, Plan]) -> str:
    """Return plans as a text table, one row per stage, each with its reasons below."""
    head = ("stage", "strategy", "batch", "recompute", "weights", "adapter", "activations", "logits", "reserve", "GiB")
    rows = [head, *(_row(name, chosen) for name, chosen in plans.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    notes = [f"{name}: {chosen.reasons}" for name, chosen in plans.items()]
    return "\n".join(
        [*lines, "", "batch = processes x micro-batch x accumulation; GiB is per process, estimated", *notes]
    )


def _row(name: str, chosen: Plan) -> tuple[str, ...]:
    batch = f"{chosen.processes} x {chosen.micro_batch} x {chosen.accumulation}"
    first = (name, chosen.strategy, batch, "yes" if chosen.gradient_checkpointing else "no")
    if chosen.memory is None:
        return (*first, *["?"] * 6)
    parts = (f"{part:.1f}" for part in chosen.memory.model_dump().values())
    return (*first, *parts, f"{chosen.memory.total:.1f} of {chosen.available_gib:g}")


def _sizes(training: Optimisation, pool: Pool) -> list[int]:
    """Return the micro-batches that divide the batch evenly, largest first."""
    share, rest = divmod(training.batch_size, pool.processes)
    if rest or not share:
        raise InputError(
            f"batch_size {training.batch_size} cannot be divided among {pool.processes} processes",
            where="batch_size",
            fix=f"use batch_size = {pool.processes * math.ceil(training.batch_size / pool.processes)}, or a smaller pool",
        )
    return [size for size in range(min(training.micro_batch, share), 0, -1) if share % size == 0]


def _available(pool: Pool) -> float:
    return pool.accelerator_memory_gib if pool.accelerator and pool.accelerators else _quantity(pool.memory)


def _quantity(text: str) -> float:
    """Return a Kubernetes quantity of memory in GiB."""
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", text)
    if not found or found[2] not in UNITS:
        raise InputError(
            f"'{text}' is no amount of memory", where="memory", fix="write it as Kubernetes does, for example 64Gi"
        )
    return float(found[1]) * UNITS[found[2]] / GIB


def _dtype(training: Optimisation, pool: Pool) -> Literal["float32", "bfloat16"]:
    if training.dtype != "auto":
        return training.dtype
    return "bfloat16" if pool.accelerator and pool.accelerators else "float32"


def _shape(spec: BaseModelSpec) -> _Shape | None:
    if spec.params and spec.hidden and spec.layers and spec.vocab:
        return _Shape(params=spec.params, hidden=spec.hidden, layers=spec.layers, vocab=spec.vocab)
    folder = Path(spec.id)
    return _shape_of_folder(folder) if (folder / "config.json").is_file() else None


def _shape_of_folder(folder: Path) -> _Shape | None:
    config = json.loads((folder / "config.json").read_bytes())
    config = config.get("text_config", config)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    width = 4 if config.get("dtype", config.get("torch_dtype")) == "float32" else 2
    names = ("hidden_size", "num_hidden_layers", "vocab_size")
    if not size or any(name not in config for name in names):
        return None
    hidden, layers, vocab = (config[name] for name in names)
    return _Shape(params=size // width, hidden=hidden, layers=layers, vocab=vocab)


def _strategies(strategy: str, pool: Pool) -> tuple[Strategy, ...]:
    if strategy != "auto":
        return (strategy,)
    return ("ddp", "zero3") if pool.processes > 1 else ("ddp",)


def _options(training: Optimisation, case: _Case, sizes: list[int]) -> Iterator[tuple[bool, int]]:
    """Yield checkpointing and micro-batch, the fastest first."""
    if not training.gradient_checkpointing:
        yield from (
            (False, size) for size in sizes if size == sizes[0] or size * case.rows * case.length >= BUSY_TOKENS
        )
    yield from ((True, size) for size in sizes)


def _memory(case: _Case, strategy: Strategy, micro: int, checkpointing: bool) -> Memory:
    shape, shards = case.shape, case.processes
    tokens = micro * case.rows * case.length
    weights = shape.params * case.width
    if strategy == "zero3":
        weights = weights / shards + min(shape.params, LIVE + shape.vocab * shape.hidden) * case.width
    kept = RECOMPUTED * shape.layers + ACTIVATIONS if checkpointing else ACTIVATIONS * shape.layers
    words = min(shape.vocab, TILE_WORDS)
    return Memory(
        weights=weights / GIB,
        adapter=ADAPTER * case.rank * shape.layers * shape.hidden * _adapter_bytes(case, strategy) / GIB,
        activations=tokens * shape.hidden * kept * case.width / 2 / GIB,
        logits=min(tokens, TILE_TOKENS) * words * 4 * TILES / GIB,
        reserve=CONTEXT_GIB + FRAGMENTED * case.available,
    )


def _adapter_bytes(case: _Case, strategy: Strategy) -> float:
    """Bytes per adapter parameter: weight, gradient, its buffer, two moments, and the reference's copy for pairs."""
    copy = 4 * (case.rows - 1)
    if strategy == "ddp":
        return 20 + copy
    # Weight and gradient stay whole, a float32 master and two moments are shared out; ZeRO-3 shares everything.
    return 8 + copy + 12 / case.processes if strategy == "zero2" else (20 + copy) / case.processes


def _made(
    training: Optimisation,
    pool: Pool,
    strategy: Strategy,
    micro: int,
    checkpointing: bool,
    memory: Memory | None,
    reasons: str,
) -> Plan:
    return Plan(
        strategy=strategy,
        processes=pool.processes,
        micro_batch=micro,
        accumulation=training.batch_size // (micro * pool.processes),
        gradient_checkpointing=checkpointing,
        dtype=_dtype(training, pool),
        memory=memory,
        available_gib=_available(pool),
        reasons=reasons,
    )


def _unchecked(
    spec: BaseModelSpec, training: Optimisation, pool: Pool, strategy: str, shapeless: bool, micro: int
) -> Plan:
    if shapeless:
        unknown = f"the size of base model {spec.name} is unknown"
        fix = "set strategy, or add params, hidden, layers and vocab to a file in codekiln/models"
    else:
        unknown = "the memory of the pool's accelerators is unknown"
        fix = "set acceleratorMemoryGiB of the pool in the chart's values, or set strategy"
    if strategy == "auto":
        raise InputError(f"{unknown}, so no plan can be made", where="strategy", fix=fix)
    reasons = f"{strategy} as asked for; {unknown}, so whether it fits was not checked."
    return _made(training, pool, strategy, micro, training.gradient_checkpointing, None, reasons)


def _reasons(
    case: _Case, training: Optimisation, asked: str, strategy: Strategy, micro: int, checkpointing: bool
) -> str:
    weights = case.shape.params * case.width / GIB
    if asked != "auto":
        first = f"{strategy} as asked for"
        if strategy == "zero2":
            first += "; it shards only the adapter's optimiser, so DDP would be as fast and as large"
    elif strategy == "ddp":
        first = f"{case.name} takes {weights:.1f} GiB and fits one device, so every process holds it (DDP)"
    else:
        first = (
            f"{case.name} takes {weights:.1f} GiB and does not fit one device with its work, so it is sharded (ZeRO-3)"
        )
    smaller = f"; micro-batch {micro} instead of {training.micro_batch}" if micro < training.micro_batch else ""
    forced = checkpointing and not training.gradient_checkpointing
    recompute = "; activations are recomputed to fit, for a third more time" if forced else ""
    return f"{first}{smaller}{recompute}."


def _too_large(case: _Case, strategy: str, pool: Pool, micro: int) -> InputError:
    last = _strategies(strategy, pool)[-1]
    need = _memory(case, last, micro, checkpointing=True)
    advice = ["a larger pool"] if last == "zero3" else ["more accelerators, so that the base can be sharded (zero3)"]
    if need.total - need.weights > case.available / 2:
        advice.append("a smaller max_length")
    return InputError(
        f"{case.name} does not fit: with {last}, micro_batch {micro} and recomputed activations a device needs about "
        f"{need.total:.0f} GiB (weights {need.weights:.0f}, activations {need.activations:.0f}) and has {case.available:g}",
        where="pool",
        fix="use " + " or ".join([*advice, "a smaller base_model"]),
    )
