"""How settings are resolved: defaults < profile < run form < overrides; every mistake is reported at once."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from codekiln import filters, models, recipes, teachers
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.evaluation import measures
from codekiln.recipes.base import Recipe
from codekiln.settings import profiles
from codekiln.settings.overrides import parse_overrides, read_form
from codekiln.settings.schema import EvaluationSettings, Settings
from codekiln.settings.value_types import mistyped

FOR = "for"


def resolve(
    profile: str = "laptop",
    form: Mapping[str, str] | None = None,
    overrides: list[str] | Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings of a run: defaults < profile < the run form's filled-in fields < overrides.

    Overrides are ``key=value`` texts, or the JSON object of Kubeflow's run form (`overrides.read_form`).
    A profile's table ``for.RECIPE`` holds what it sets differently when that recipe runs.

    Raises:
        InputErrors: Every unknown key, wrong value, unknown recipe, teacher, metric and base model, at once.
    """
    chosen = {key: value for key, value in (form or {}).items() if value}
    own = profiles.read(profile)
    special, above = own.pop(FOR, {}), merge(chosen, _read(overrides or []))
    recipe = str(above.get("recipe") or own.get("recipe") or Settings.model_fields["recipe"].default)
    where = f"profile {profile} with overrides"
    if unknown := [error for name in special for error in _known(recipes, name, f"profile {profile}: {FOR}.{name}")]:
        raise InputErrors(unknown)
    return validate(merge(merge(own, special.get(recipe, {})), above), where=where)


def _read(overrides: list[str] | Mapping[str, Any]) -> dict[str, Any]:
    return read_form(overrides) if isinstance(overrides, Mapping) else parse_overrides(overrides)


def merge(below: dict[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep merge of two nested settings; values in ``above`` override those in ``below``."""
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        merged[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged


def validate(values: dict[str, Any], where: str = "settings") -> Settings:
    """Check values against the schema, the known plug-ins, and the settings of the chosen recipe and teacher.

    Raises:
        InputErrors: Every mistake, at once.
    """
    errors: list[InputError] = []
    values = _aimed(values)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        details = _details(error)
        errors = [_explain(item, where) for item in details]
        values = {key: value for key, value in values.items() if all(item["loc"][:1] != (key,) for item in details)}
    else:
        errors = _mistyped(values, settings, where)
    errors += _known(
        models, values.get("base_model", Settings.model_fields["base_model"].default), f"{where}: base_model"
    )
    errors += _measurable(values, where)
    own = {}
    for section, (table, chosen) in _with_settings(values).items():
        given = {name: {} for name in chosen} | values.get(section, {})
        checked, found = _plugins(table, given, f"{where}: {section}")
        own[section] = {name: checked.get(name) for name in chosen}
        errors += found
    if errors:
        raise InputErrors(errors)
    return settings.model_copy(update=own)


def _with_settings(values: Mapping[str, Any]) -> dict[str, tuple[Any, Sequence[str]]]:
    """Return by section of settings the kind of plug-in that it is about, and the names of those that are used."""

    def chosen(key: str) -> Any:
        return values.get(key, Settings.model_fields[key].default)

    return {
        "recipes": (recipes, [chosen("recipe")]),
        "teachers": (teachers, [chosen("teacher")]),
        "filter_settings": (filters, chosen("filters")),
    }


def _aimed(values: dict[str, Any]) -> dict[str, Any]:
    """Fill in what the recipe aims at when no metric is named."""
    name = values.get("recipe", Settings.model_fields["recipe"].default)
    if values.get("metric") or name not in recipes.names():
        return values
    return {**values, "metric": recipes.get(name).target}


def _measurable(values: Mapping[str, Any], where: str) -> list[InputError]:
    """Return what is wrong with the names of the target and of further guards."""
    name = values.get("recipe", Settings.model_fields["recipe"].default)
    if name not in recipes.names() or "metric" not in values:
        return []
    recipe, evaluation = recipes.get(name), values.get("evaluation", {})
    chosen = evaluation.get("k", EvaluationSettings.model_fields["k"].default)
    passes = [f"{measures.PASS}{k}" for k in sorted({1, *(k for k in chosen if isinstance(k, int))})]
    known = [*measures.by_name(recipe), *recipe.distances, *passes]
    errors = []
    if (metric := values["metric"]) not in known:
        fix = did_you_mean(metric, known)
        errors.append(InputError(f"there is no metric '{metric}'", where=f"{where}: metric", fix=fix))
    for number, guard in enumerate(evaluation.get("guard", ())):
        found = [*measures.by_name(Recipe), *passes] if guard.get("benchmark") else known
        if (measure := guard.get("measure")) is not None and measure not in found:
            place = f"{where}: evaluation.guard.{number}.measure"
            fix = did_you_mean(str(measure), found)
            errors.append(InputError(f"there is no measure '{measure}'", where=place, fix=fix))
    return errors


def _known(table: Any, name: Any, where: str) -> list[InputError]:
    try:
        table.get(name)
    except InputError as error:
        return [InputError(error.what, where=where, fix=error.fix)]
    return []


def _plugins(table: Any, given: Mapping[str, Any], where: str) -> tuple[dict[str, dict[str, Any]], list[InputError]]:
    checked, errors = {}, []
    for name, values in given.items():
        problems = _known(table, name, f"{where}.{name}")
        if not problems:
            schema = table.get(name).Settings
            try:
                read = schema.model_validate(values)
                checked[name], problems = read.model_dump(mode="json"), _mistyped(values, read, f"{where}.{name}", ".")
            except ValidationError as error:
                problems = [_explain(item, f"{where}.{name}", schema) for item in _details(error)]
        errors += problems
    return checked, errors


def _mistyped(values: Mapping[str, Any], read: BaseModel, where: str, joint: str = ": ") -> list[InputError]:
    return [
        InputError(f"{what} (given: {given!r})", where=f"{where}{joint}{'.'.join(place)}", fix="correct the value")
        for place, what, given in mistyped(values, read.model_dump())
    ]


def _details(error: ValidationError) -> list[Mapping[str, Any]]:
    """Return what is wrong, without lists that are too short only because an element of them is wrong."""
    found: list[Mapping[str, Any]] = list(error.errors(include_url=False))
    wrong = {item["loc"][:-1] for item in found}
    return [item for item in found if not (item["type"] == "too_short" and item["loc"] in wrong)]


def _list_of(key: str, value: Any) -> str:
    return f"write a list, quoted in a shell: --set '{key}={json.dumps([value], default=str)}'"


def _explain(item: Mapping[str, Any], where: str, schema: type[BaseModel] = Settings) -> InputError:
    location = [str(part) for part in item["loc"]]
    key = ".".join(location)
    if item["type"] != "extra_forbidden":
        # Who pastes a key where its file is asked for finds it in no log.
        is_shown = location and not isinstance(item["input"], dict) and "PRIVATE KEY" not in repr(item["input"])
        what = str(item["msg"]).removeprefix("Value error, ").replace("a valid tuple", "a list")
        return InputError(
            f"{what} (given: {item['input']!r})" if is_shown else what,
            where=f"{where}: {key}",
            fix=_list_of(key, item["input"]) if is_shown and item["type"] == "tuple_type" else "correct the value",
        )
    for part in location[:-1]:
        if part.isdecimal():  # a place in an array of tables
            continue
        section = schema.model_fields[part].annotation
        # tuple[Table, ...] is an array of tables.
        section = next(iter(get_args(section)), section)
        schema = section if isinstance(section, type) and issubclass(section, BaseModel) else schema
    return InputError(
        f"unknown key '{location[-1]}'", where=f"{where}: {key}", fix=did_you_mean(location[-1], schema.model_fields)
    )
