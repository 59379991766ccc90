"""A training run's input and result as JSON files, so that any launcher can start it: the job and its summary."""

import hashlib
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from codekiln import __version__
from codekiln.errors import InputError
from codekiln.launch.job import Job
from codekiln.training.settings import DpoSettings, LoraSettings, SftSettings, Strategy, TrainingSettings


def require_unsharded(lora: LoraSettings, strategy: str) -> None:
    """Raise an InputError where the base is in 4 bits and ZeRO is asked for: it would take packed weights apart."""
    if lora.quantization != "none" and strategy in ("zero2", "zero3"):
        raise InputError(
            f"{strategy} does not go with a base in 4 bits",
            where="strategy",
            fix="set strategy = ddp or auto, or lora.quantization = none",
        )


class TrainingJob(Job):
    """One SFT or DPO run: from a base model or an adapter and a data folder to an adapter."""

    module: ClassVar[str] = "codekiln.training"
    folders: ClassVar[tuple[str, ...]] = ("adapter", "data")

    kind: Literal["sft", "dpo"]
    base: str = Field(description="a name of the model table, a folder or a Hub id")
    adapter: Path | None = Field(None, description="adapter to continue; empty: a new one")
    data: Path = Field(description="folder of Example rows (sft), or of Pair or Labelled rows (dpo, by its loss)")
    output: Path = Field(description="folder that gets the adapter, curve.jsonl, rejected.jsonl and summary.json")
    strategy: Strategy = Field(
        "ddp",
        description="ddp: every process holds the base; zero2: shards the adapter's optimiser; zero3: shards the base",
    )
    seed: int = Field(0, ge=0, description="seeds initial weights, dropout, data order and the split")
    lora: LoraSettings = LoraSettings()
    sft: SftSettings = SftSettings()
    dpo: DpoSettings = DpoSettings()
    code_version: str = Field(__version__, description="checkpoints of another code version are not continued")

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.title or self.kind

    @property
    def settings(self) -> TrainingSettings:
        """The settings of this kind of training."""
        return self.sft if self.kind == "sft" else self.dpo

    def digest(self, *parents: str) -> str:
        """Return a digest that equal runs share: of all fields but the folders, and of the inputs' digests."""
        unused = "dpo" if self.kind == "sft" else "sft"
        text = self.model_dump_json(exclude={"output", "title", "data", "adapter", unused})
        return hashlib.sha256("\n".join((text, *parents)).encode()).hexdigest()


class TrainingSummary(BaseModel):
    """Result of a training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["sft", "dpo"]
    steps: int = Field(description="optimiser steps taken")
    epochs: float = Field(description="passes over the training rows")
    best_step: int = Field(description="the step whose adapter was kept")
    train_rows: int
    holdout_rows: int
    rejected: dict[str, int] = Field({}, description="rows rejected before training, by reason")
    first_eval_loss: float | None = Field(None, description="held-out loss before training")
    best_eval_loss: float | None = Field(None, description="held-out loss of the adapter that was kept")
    tokens: int = Field(description="tokens trained on, padding not counted")
    seconds: float = Field(description="of training alone, since the last resume")
    step_seconds: float = Field(0.0, description="median time of an optimiser step")
    peak_gib: float = Field(0.0, description="peak memory of the largest process: on its GPU, or on a CPU in all")
    stopped_early: bool = False
    resumed_from: int = Field(0, description="the step a checkpoint let this run start at; 0: the beginning")

    @property
    def improved(self) -> bool:
        """False when the held-out loss was measured and did not fall."""
        return self.best_eval_loss is None or self.first_eval_loss is None or self.best_eval_loss < self.first_eval_loss
