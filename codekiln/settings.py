"""Settings: strict, frozen, layered defaults < profile < run form < overrides; every mistake is reported at once."""

import os
import re
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from codekiln import filters, measures, metrics, models, recipes, teachers
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.inference import Sampling
from codekiln.sandbox.limits import Limits
from codekiln.training.settings import DpoSettings, LoraSettings, SftSettings

FOR = "for"
FORM = ("recipe", "base_model", "metric", "pool", "experiment", "promote_as")


class Section(BaseModel):
    """Base of all settings sections: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ProblemSettings(Section):
    """Which problems are trained on, and which judge."""

    source: str = Field("tiny", description="'tiny' (shipped), a path, or a Hub id")
    format: Literal["auto", "mbpp", "sanitized-mbpp", "humaneval", "plain"] = Field(
        "auto", description="how the source is written"
    )
    evaluation_source: str = Field("", description="problems that judge; empty: split off the source by group")
    evaluation_fraction: float = Field(
        0.3, gt=0, lt=1, description="share of the groups split off when there is no evaluation_source"
    )
    train: int | None = Field(None, ge=1, description="at most so many training problems; empty: all")
    evaluation: int | None = Field(None, ge=1, description="at most so many evaluation problems; empty: all")


class EvaluationSettings(Section):
    """How contenders are compared, and what the gate tolerates."""

    k: tuple[Annotated[int, Field(ge=1)], ...] = Field((1, 10), description="the k of pass@k; 1 is always measured")
    tolerance: float = Field(
        0.02, ge=0, lt=1, description="how far pass@1 may fall: the interval's lower bound stays above minus this"
    )
    minimum_problems: int = Field(30, ge=2, description="the gate refuses with fewer problems in common")
    resamples: int = Field(10_000, ge=100, description="bootstrap resamples")


class Settings(Section):
    """Everything a run needs to know, resolved."""

    recipe: str = Field("maintainability", description="data recipe")
    base_model: str = Field("tiny", description="a name of `codekiln models`, a path, or a Hub id")
    metric: str = Field(
        metrics.DEFAULT, description="the target: orders pairs, and is what the gate tests; empty: the recipe's own"
    )
    teacher: str = Field("reference", description="who writes the first candidate programs")
    pool: str = Field("", description="GPU pool that trains and samples; empty: the step itself")
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
    seed: int = Field(0, ge=0, description="seeds data, training, sampling and the bootstrap")
    workers: int = Field(0, ge=0, description="sandbox workers; 0: one per core")
    filters: tuple[str, ...] = Field(
        ("placeholder", "length", "contaminated", "duplicate"), description="asked in this order"
    )
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

    @model_validator(mode="after")
    def _samples_cover_k(self) -> "Settings":
        if max(self.evaluation.k, default=1) > self.evaluate.n:
            raise ValueError(
                f"evaluation.k = {max(self.evaluation.k)} needs evaluate.n of at least as much, not {self.evaluate.n}"
            )
        return self

    @property
    def registered_name(self) -> str:
        """The name under which adapters are registered; those that other measures judge do not share a champion."""
        own = f"-{self.recipe}" if recipes.get(self.recipe).measures else ""
        return self.promote_as or "codekiln-" + re.sub(r"[^\w.-]+", "-", self.base_model).strip("-") + own

    def section(self, key: str) -> Any:
        """Return a key's value as JSON types; the chosen recipe or teacher's own settings for those two keys."""
        return self.model_dump(mode="json")[key]


def profile_names() -> list[str]:
    """Return the names of the shipped profiles and of those that the chart adds."""
    return sorted(_profiles())


def read_profile(name: str) -> dict[str, Any]:
    """Return a profile by name, or a TOML file by path.

    Raises:
        InputError: There is no such profile, or it is not TOML.
    """
    path = Path(name) if name.endswith(".toml") or os.sep in name else _profiles().get(name)
    if path is None or not path.is_file():
        raise InputError(f"no profile '{name}'", where="--profile", fix=did_you_mean(name, profile_names()))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", where=str(path), fix="correct the line named") from None


def parse_overrides(lines: list[str]) -> dict[str, Any]:
    """Turn ``section.key=value`` texts into nested settings; values are TOML, and bare words are strings.

    Raises:
        InputErrors: Some text is not ``key=value``.
    """
    nested: dict[str, Any] = {}
    errors = []
    for line in lines:
        key, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not key:
            errors.append(
                InputError(f"'{line}' is not key=value", where="--set", fix="for example --set dpo.learning_rate=1e-4")
            )
            continue
        *parents, leaf = key.split(".")
        node = nested
        for part in parents:
            node = node.setdefault(part, {})
        node[leaf] = _toml_value(value)
    if errors:
        raise InputErrors(errors)
    return nested


def resolve(
    profile: str = "laptop", form: Mapping[str, str] | None = None, overrides: list[str] | None = None
) -> Settings:
    """Return the settings of a run: defaults < profile < the run form's filled-in fields < overrides.

    A profile's table ``for.RECIPE`` holds what it sets differently when that recipe runs.

    Raises:
        InputErrors: Every unknown key, wrong value, unknown recipe, teacher, metric and base model, at once.
    """
    chosen = {key: value for key, value in (form or {}).items() if value}
    own = read_profile(profile)
    special, above = own.pop(FOR, {}), merge(chosen, parse_overrides(overrides or []))
    recipe = str(above.get("recipe") or own.get("recipe") or Settings.model_fields["recipe"].default)
    where = f"profile {profile} with overrides"
    if unknown := [error for name in special for error in _known(recipes, name, f"profile {profile}: {FOR}.{name}")]:
        raise InputErrors(unknown)
    return validate(merge(merge(own, special.get(recipe, {})), above), where=where)


def merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``below`` with the keys of ``above`` over it, table by table."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged


def validate(values: dict[str, Any], where: str = "settings") -> Settings:
    """Check values against the schema, the shipped tables, and the chosen recipe's and teacher's own settings.

    Raises:
        InputErrors: Every mistake, at once.
    """
    errors: list[InputError] = []
    values = _aimed(values)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        errors = [_explain(item, where) for item in found]
        values = {key: value for key, value in values.items() if all(item["loc"][:1] != (key,) for item in found)}
    errors += [item for name in values.get("filters", ()) for item in _known(filters, name, f"{where}: filters")]
    errors += _known(
        models, values.get("base_model", Settings.model_fields["base_model"].default), f"{where}: base_model"
    )
    errors += _measurable(values, where)
    own = {}
    for section, table in (("recipes", recipes), ("teachers", teachers)):
        chosen = values.get(section[:-1], Settings.model_fields[section[:-1]].default)
        checked, found = _plugins(table, {chosen: {}} | values.get(section, {}), f"{where}: {section}")
        own[section] = {chosen: checked.get(chosen)}
        errors += found
    if errors:
        raise InputErrors(errors)
    return settings.model_copy(update=own)


def _aimed(values: dict[str, Any]) -> dict[str, Any]:
    """Fill in what the recipe aims at when no metric is named."""
    name = values.get("recipe", Settings.model_fields["recipe"].default)
    if values.get("metric") or name not in recipes.names():
        return values
    return {**values, "metric": recipes.get(name).target}


def _measurable(values: Mapping[str, Any], where: str) -> list[InputError]:
    name = values.get("recipe", Settings.model_fields["recipe"].default)
    if name not in recipes.names() or "metric" not in values:
        return []
    recipe, metric = recipes.get(name), values["metric"]
    chosen = values.get("evaluation", {}).get("k", EvaluationSettings.model_fields["k"].default)
    known = [*measures.of(recipe), *recipe.distances, *(f"{measures.PASS}{k}" for k in sorted({1, *chosen}))]
    if metric in known:
        return []
    return [InputError(f"there is no metric '{metric}'", where=f"{where}: metric", fix=did_you_mean(metric, known))]


def _known(table: Any, name: Any, where: str) -> list[InputError]:
    try:
        table.get(name)
    except InputError as error:
        return [InputError(error.what, where=where, fix=error.fix)]
    return []


def _plugins(table: Any, given: Mapping[str, Any], where: str) -> tuple[dict[str, dict], list[InputError]]:
    checked, errors = {}, []
    for name, values in given.items():
        problems = _known(table, name, f"{where}.{name}")
        if not problems:
            schema = table.get(name).Settings
            try:
                checked[name] = schema.model_validate(values).model_dump(mode="json")
            except ValidationError as error:
                problems = [_explain(item, f"{where}.{name}", schema) for item in error.errors(include_url=False)]
        errors += problems
    return checked, errors


def _explain(item: Mapping[str, Any], where: str, schema: type[BaseModel] = Settings) -> InputError:
    location = [str(part) for part in item["loc"]]
    key = ".".join(location)
    if item["type"] != "extra_forbidden":
        return InputError(
            f"{item['msg']} (given: {item['input']!r})" if location else item["msg"],
            where=f"{where}: {key}",
            fix="correct the value",
        )
    for part in location[:-1]:
        schema = schema.model_fields[part].annotation
    return InputError(
        f"unknown key '{location[-1]}'", where=f"{where}: {key}", fix=did_you_mean(location[-1], schema.model_fields)
    )


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _profiles() -> dict[str, Path]:
    # A cluster's own profile comes before a shipped one of the same name.
    shipped = Path(str(resources.files("codekiln") / "profiles"))
    own = Path(os.environ.get("CODEKILN_PROFILES", "/etc/codekiln/profiles"))
    return {path.stem: path for folder in (shipped, own) for path in folder.glob("*.toml")}
