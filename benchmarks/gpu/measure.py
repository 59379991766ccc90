"""One stage of one model: planned, run by the worker as in a pod, and measured."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.gpu import data
from codekiln import models
from codekiln.errors import ModelError
from codekiln.launch.pools import Pool
from codekiln.settings.resolve import resolve
from codekiln.settings.schema import Settings
from codekiln.training.job import TrainingJob, TrainingSummary
from codekiln.training.plan import TrainingPlan, apply, plan

PROFILES = {"gemma3-12b": "gemma3-12b"}  # every other model: cluster
ROOT = Path(__file__).parents[2]
TINY = {"max_length": 256, "batch_size": 4, "micro_batch": 2}


@dataclass(frozen=True)
class Machine:
    """What the benchmark runs on."""

    name: str
    devices: int
    gib: float

    def pool(self) -> Pool:
        if not self.devices:
            return Pool(image="here", accelerator="", memory=f"{self.gib:.0f}Gi")
        return Pool(image="here", accelerators=self.devices, accelerator_memory_gib=self.gib)


@dataclass(frozen=True)
class Measurement:
    """Figures of one stage."""

    model: str
    kind: str
    strategy: str
    processes: int
    micro_batch: int
    accumulation: int
    recompute: bool
    max_length: int
    steps: int
    tokens: int
    seconds_per_step: float
    tokens_per_second: float
    peak_gib: float
    estimated_gib: float | None


def measure(name: str, kind: str, base: Path, work: Path, steps: int, machine: Machine, tiny: bool) -> Measurement:
    """Train ``steps`` steps on rows of full length; DPO continues the adapter that SFT left in ``work``.

    Raises:
        ModelError: The run failed; its output is in the message.
    """
    settings = resolve(PROFILES.get(name, "cluster"))
    job = _job(settings, kind, base, steps, tiny)
    # A tiny model is planned by its own size; a real one as on a cluster, by the model table.
    chosen = plan(models.get(str(base) if tiny else name), job.settings, job.lora, machine.pool())
    place = work / kind
    data.write(place / "data", kind, steps * job.settings.batch_size, job.settings.max_length)
    (place / "job.json").write_text(
        json.dumps({"module": TrainingJob.module, "job": apply(job, chosen).model_dump(mode="json")})
    )
    return _measured(name, job, chosen, _run(place, chosen.processes))


def _job(settings: Settings, kind: str, base: Path, steps: int, tiny: bool) -> TrainingJob:
    changes = {"epochs": 1, "holdout": 0, "eval_every": steps} | (TINY if tiny else {})
    section = settings.sft if kind == "sft" else settings.dpo
    return TrainingJob(
        kind=kind,
        base=str(base),
        adapter=None if kind == "sft" else Path("../sft/output"),
        data=Path("data"),
        output=Path("output"),
        lora=settings.lora,
        **{kind: section.model_copy(update=changes)},
    )


def _run(place: Path, processes: int) -> TrainingSummary:
    done = subprocess.run(
        [sys.executable, "-m", "codekiln.launch.worker", str(place)],
        cwd=ROOT,
        env=os.environ | {"PET_NNODES": "1", "PET_NPROC_PER_NODE": str(processes)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ModelError(f"{place.name} ended with exit code {done.returncode}:\n{done.stderr[-4000:]}")
    return TrainingSummary.model_validate_json((place / "output" / "summary.json").read_bytes())


def _measured(name: str, job: TrainingJob, chosen: TrainingPlan, summary: TrainingSummary) -> Measurement:
    return Measurement(
        model=name,
        kind=job.kind,
        strategy=chosen.strategy,
        processes=chosen.processes,
        micro_batch=chosen.micro_batch,
        accumulation=chosen.accumulation,
        recompute=chosen.gradient_checkpointing,
        max_length=job.settings.max_length,
        steps=summary.steps,
        tokens=summary.tokens,
        seconds_per_step=summary.step_seconds,
        tokens_per_second=round(summary.tokens / summary.steps / summary.step_seconds, 1),
        peak_gib=summary.peak_gib,
        estimated_gib=round(chosen.memory.total, 2) if chosen.memory else None,
    )


def table(measurements: list[Measurement]) -> str:
    """Return the figures as a Markdown table."""
    head = ("model", "stage", "strategy", "batch", "recompute", "tokens/s", "s/step", "peak GiB", "estimated GiB")
    rows = [head, ("---",) * len(head)]
    for item in measurements:
        batch = f"{item.processes} x {item.micro_batch} x {item.accumulation}"
        figures = (f"{item.tokens_per_second:.0f}", f"{item.seconds_per_step:.2f}", f"{item.peak_gib:.1f}")
        recompute = "yes" if item.recompute else "no"
        rows.append((item.model, item.kind, item.strategy, batch, recompute, *figures, f"{item.estimated_gib:.1f}"))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def as_json(machine: Machine, measurements: list[Measurement]) -> str:
    """Return everything as JSON."""
    return json.dumps({"machine": asdict(machine), "measurements": [asdict(item) for item in measurements]}, indent=2)
