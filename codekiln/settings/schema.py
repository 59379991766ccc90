"""The schema of a run's settings: strict, frozen, every field with a default and a description."""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from codekiln import recipes
from codekiln.code import metrics
from codekiln.evaluation.criteria import Role
from codekiln.inference import Sampling
from codekiln.inference.engine_settings import Choice, VllmSettings
from codekiln.recipes.types import ProblemFormat, ProblemSettings
from codekiln.registry.kubeflow_connection import KubeflowRegistrySettings
from codekiln.sandbox.limits import Limits
from codekiln.training.settings import DpoSettings, LoraSettings, SftSettings

FORM = ("recipe", "base_model", "metric", "pool", "experiment", "promote_as")


class Section(BaseModel):
    """Base of all settings sections: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BenchmarkSettings(Section):
    """Further problems with hidden tests: sampled and graded like the main evaluation set, never trained on."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", description="what results and reports call it")
    source: str = Field(min_length=1, description="'tiny' (shipped), a path, or a Hub id")
    format: ProblemFormat = Field("auto", description="how the source is written")
    problems: int | None = Field(None, ge=1, description="at most so many, chosen by the run's seed; empty: all")
    role: Role = Field(
        "critical", description="critical: nothing is promoted when pass@1 falls on it; advisory: it is only reported"
    )
    tolerance: float = Field(0.02, ge=0, lt=1, description="how far pass@1 may fall on it, as evaluation.tolerance")


class GuardSettings(Section):
    """A further measure that may not get worse."""

    measure: str = Field(description="a measure of the recipe or, on a benchmark, pass@k or a code metric")
    benchmark: str = Field("", description="name of the benchmark that it is taken on; empty: the main evaluation set")
    role: Role = Field("critical", description="critical: without it nothing is promoted; advisory: it is reported")
    tolerance: float = Field(ge=0, description="how far it may get worse, in its own unit")


class EvaluationSettings(Section):
    """How contenders are compared, and what the gate tolerates."""

    k: tuple[Annotated[int, Field(ge=1)], ...] = Field((1, 10), description="the k of pass@k; 1 is always measured")
    tolerance: float = Field(
        0.02, ge=0, lt=1, description="how far pass@1 may fall: the interval's lower bound stays above minus this"
    )
    minimum_problems: int = Field(
        30, ge=2, description="the gate refuses with fewer problems in common, or of fewer than ten groups"
    )
    resamples: int = Field(10_000, ge=100, description="bootstrap resamples, for the intervals of distances")
    benchmark: tuple[BenchmarkSettings, ...] = Field((), description="further benchmarks, a table each")
    guard: tuple[GuardSettings, ...] = Field((), description="further measures that may not get worse, a table each")

    @model_validator(mode="after")
    def _names_are_known(self) -> "EvaluationSettings":
        names = [one.name for one in self.benchmark]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two benchmarks are called {', '.join(sorted(twice))}")
        for guard in self.guard:
            if guard.benchmark and guard.benchmark not in names:
                raise ValueError(f"there is no benchmark '{guard.benchmark}'; known: {', '.join(names) or 'none'}")
        return self


class PromotionSettings(Section):
    """The record that a decision of the gate leaves with the version."""

    signing_key: str = Field(
        "",
        description="Ed25519 private key that signs the record: a PEM file, or env:NAME for a variable with its text; "
        "empty: CODEKILN_SIGNING_KEY where it is set, else records are not signed",
    )

    @field_validator("signing_key")
    @classmethod
    def _is_no_key(cls, value: str) -> str:
        if "PRIVATE KEY" in value:
            raise ValueError("names a key, and holds none: give the path of its file, or env:NAME")
        return value


class Settings(Section):
    """Everything a run needs to know, resolved."""

    recipe: str = Field("maintainability", description="data recipe")
    base_model: str = Field("tiny", description="a name of `codekiln models`, a path, or a Hub id")
    metric: str = Field(
        metrics.DEFAULT, description="the target: orders pairs, and is what the gate tests; empty: the recipe's own"
    )
    teacher: str = Field("reference", description="who writes the first candidate programs")
    pool: str = Field("", description="GPU pool that trains and samples; empty: the step itself")
    engine: Choice = Field(
        "auto",
        description="what samples: transformers, or vllm; auto: vllm where it is installed and there is a GPU, or the "
        "pool has both; check settles it for the whole run",
    )
    vllm: VllmSettings = VllmSettings()
    strategy: Literal["auto", "ddp", "zero2", "zero3"] = Field(
        "auto", description="how a job on a pool divides its work; auto: whole copies when the base model fits one GPU"
    )
    experiment: str = Field("codekiln", description="MLflow experiment")
    promote_as: str = Field(
        "",
        description="registered model name; empty: codekiln-<base model>, with the recipe where it measures otherwise",
    )
    tracking_uri: str = Field(
        "", description="MLflow; empty: MLFLOW_TRACKING_URI, else mlflow.db in the working directory"
    )
    notify_after_seconds: int = Field(
        1800, ge=1, description="a job that waits longer is notified of, where CODEKILN_NOTIFY_URL is set"
    )
    kubeflow_registry: KubeflowRegistrySettings = KubeflowRegistrySettings()
    seed: int = Field(0, ge=0, description="seeds data, training, sampling and the bootstrap")
    workers: int = Field(0, ge=0, description="sandbox workers; 0: one per core that may be used")
    shard_rows: int = Field(
        20_000, ge=1, description="samples that filter and evaluate have in memory at a time, in each process"
    )
    filters: tuple[str, ...] = Field(
        ("placeholder", "length", "contaminated", "duplicate"), description="asked in this order"
    )
    filter_settings: dict[str, dict[str, Any]] = Field({}, description="settings of filters, by filter name")
    problems: ProblemSettings = ProblemSettings()
    recipes: dict[str, dict[str, Any]] = Field({}, description="settings of recipes, by recipe name")
    teachers: dict[str, dict[str, Any]] = Field({}, description="settings of teachers, by teacher name")
    sandbox: Limits = Limits()
    lora: LoraSettings = LoraSettings()
    sft: SftSettings = SftSettings()
    dpo: DpoSettings = DpoSettings()
    dpo_further: DpoSettings = DpoSettings()
    self_generate: Sampling = Sampling()
    evaluate: Sampling = Sampling()
    evaluation: EvaluationSettings = EvaluationSettings()
    promotion: PromotionSettings = PromotionSettings()

    @field_validator("promote_as")
    @classmethod
    def _is_a_name(cls, name: str) -> str:
        # MLflow refuses the first two when the run is done, and addresses are NAME@ALIAS; names stand in its filters.
        if found := next((mark for mark in "/:@'\"" if mark in name), ""):
            raise ValueError(f"a registered model's name may not hold {found}; use - instead")
        return name

    @model_validator(mode="after")
    def _samples_cover_k(self) -> "Settings":
        if max(self.evaluation.k, default=1) > self.evaluate.n:
            raise ValueError(
                f"evaluation.k = {max(self.evaluation.k)} needs evaluate.n of at least as much, not {self.evaluate.n}"
            )
        return self

    @property
    def registered_name(self) -> str:
        """The name under which adapters are registered; recipes with measures of their own do not share a champion."""
        own = f"-{self.recipe}" if recipes.get(self.recipe).measures else ""
        return self.promote_as or "codekiln-" + re.sub(r"[^\w.-]+", "-", self.base_model).strip("-") + own

    def section(self, key: str) -> Any:
        """Return a key's value as JSON types; the chosen recipe or teacher's own settings for those two keys."""
        return self.model_dump(mode="json")[key]
