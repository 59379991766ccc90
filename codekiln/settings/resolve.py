"""How settings are resolved: defaults < profile < run form < overrides; every mistake is reported at once."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from codekiln import filters, models, recipes, teachers
from codekiln.errors import InputError, InputErrors, closest, did_you_mean
from codekiln.evaluation import measures
from codekiln.recipes.base import Recipe
from codekiln.settings import profiles
from codekiln.settings.mistakes import explain
from codekiln.settings.overrides import readable_form, readable_overrides
from codekiln.settings.schema import EvaluationSettings, Settings
from codekiln.settings.value_types import mistyped

FOR = "for"
Model = TypeVar("Model", bound=BaseModel)


def resolve(
    profile: str = "laptop",
    form: Mapping[str, str] | None = None,
    overrides: list[str] | Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings of a run: defaults < profile < the run form's filled-in fields < overrides.

    Overrides are ``key=value`` texts, or the JSON object of Kubeflow's run form (`overrides.read_form`).
    A profile's table ``for.RECIPE`` holds what it sets differently when that recipe runs.

    Raises:
        SettingsErrors: Every unknown key, wrong value, and unknown profile, recipe, teacher, metric or base model.
    """
    values, errors = _layers(profile, form or {}, overrides or [])
    try:
        settings = validate(values, where=f"profile {profile} with overrides")
    except SettingsErrors as found:
        raise SettingsErrors([*errors, *found.errors], found.usable) from None
    if errors:
        raise SettingsErrors(errors, settings)
    return settings


class SettingsErrors(InputErrors):
    """Mistakes in settings.

    Attributes:
        usable: The settings without what is wrong, from which further mistakes can be found; None where there are none.
    """

    def __init__(self, errors: Iterable[InputError], usable: Settings | None) -> None:
        super().__init__(errors)
        self.usable = usable


def _layers(
    profile: str, form: Mapping[str, str], overrides: list[str] | Mapping[str, Any]
) -> tuple[dict[str, Any], list[InputError]]:
    """Return the values of profile, form and overrides, and what is wrong with those that are left out."""
    above, errors = readable_form(overrides) if isinstance(overrides, Mapping) else readable_overrides(overrides)
    chosen = merge({key: value for key, value in form.items() if value}, above)
    try:
        own = dict(profiles.read(profile))
    except InputError as error:
        return chosen, [error, *errors]
    special = own.pop(FOR, {})
    recipe = str(chosen.get("recipe") or own.get("recipe") or Settings.model_fields["recipe"].default)
    errors += [error for name in special for error in _known(recipes, name, f"profile {profile}: {FOR}.{name}")]
    return merge(merge(own, special.get(recipe, {})), chosen), errors


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
        SettingsErrors: Every mistake, at once.
    """
    values = _aimed(values)
    settings, values, errors = _checked(Settings, values, where)
    errors += _mistyped(values, settings, where) if settings else []
    errors += _known(
        models, values.get("base_model", Settings.model_fields["base_model"].default), f"{where}: base_model"
    )
    errors += _measurable(values, where)
    own: dict[str, Any] = {}
    for section, (table, chosen) in _with_settings(values).items():
        given = {name: {} for name in chosen} | values.get(section, {})
        checked, found = _plugins(table, given, f"{where}: {section}")
        own[section] = {name: checked.get(name) for name in chosen}
        errors += found
    usable = settings and settings.model_copy(update=own)
    if errors or usable is None:
        is_whole = usable is not None and all(part is not None for parts in own.values() for part in parts.values())
        raise SettingsErrors(errors, usable if is_whole else None)
    return usable


def _checked(
    schema: type[Model], values: dict[str, Any], where: str, prefix: str = ""
) -> tuple[Model | None, dict[str, Any], list[InputError]]:
    """Return the values as a model, those that are right, and every mistake.

    What only whole sections show, such as two settings that contradict each other, is found by checking again without
    the values that are wrong. The model is None where no values are left that fit.
    """
    errors: list[InputError] = []
    explained: set[tuple[int | str, ...]] = set()
    while True:
        try:
            return schema.model_validate(values), values, errors
        except ValidationError as error:
            details = _details(error)
        # A required value that was wrong is missing when it is left out.
        errors += [explain(item, where, schema, prefix) for item in details if item["loc"] not in explained]
        explained |= {item["loc"] for item in details}
        kept = values
        for item in details:
            kept = _without(kept, item["loc"])
        if kept == values:
            return None, values, errors
        values = kept


def _without(values: dict[str, Any], location: Sequence[int | str]) -> dict[str, Any]:
    """Return nested values without the one at a location; without the whole list where it is in one."""
    name, *rest = location or [""]
    if name not in values:
        return values
    inner = values[str(name)]
    if rest and isinstance(inner, dict) and rest[0] in inner:
        return {**values, str(name): _without(inner, rest)}
    return {key: value for key, value in values.items() if key != name}


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


def _measured_nowhere(metric: str, where: str) -> list[InputError]:
    """Return what is wrong with a target that no recipe has, where the one that is meant is not known."""
    every = [recipes.get(name) for name in recipes.names()]
    known = sorted({name for recipe in every for name in (*measures.by_name(recipe), *recipe.distances)})
    if metric in known or metric.startswith(measures.PASS):
        return []
    fix = did_you_mean(metric, known) if closest(metric, known) else "give one of `codekiln metrics` or of the recipe's"
    return [InputError(f"there is no metric '{metric}'", where=f"{where}: metric", fix=fix)]


def _measurable(values: Mapping[str, Any], where: str) -> list[InputError]:
    """Return what is wrong with the names of the target and of further guards."""
    name = values.get("recipe", Settings.model_fields["recipe"].default)
    if "metric" not in values:
        return []
    if name not in recipes.names():
        return _measured_nowhere(values["metric"], where)
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
    checked: dict[str, dict[str, Any]] = {}
    errors: list[InputError] = []
    for name, values in given.items():
        problems = _known(table, name, f"{where}.{name}")
        if not problems:
            made, right, problems = _checked(table.get(name).Settings, values, where, f"{name}.")
            if made is not None:
                checked[name] = made.model_dump(mode="json")
                problems += _mistyped(right, made, f"{where}.{name}", ".")
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
