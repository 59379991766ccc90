"""Settings over a profile: ``key=value`` texts of the command line, and the JSON object of Kubeflow's run form."""

import contextlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any, NoReturn

from codekiln.errors import InputError, InputErrors
from codekiln.settings.schema import Settings

EXAMPLE = '{"sft.epochs": 2, "dpo.learning_rate": 1e-4}'
_NAME = rf"(?:{'|'.join(sorted(Settings.model_fields, key=len, reverse=True))})"
# Where a second setting may begin inside a value: a known section at any place, a known setting without a section, or
# any dotted name after a separator.
_SECOND = re.compile(rf"{_NAME}(?:\.[\w-]+)+\s*=|(?<![_.-]){_NAME}\s*=|(?<=[\s;,])[A-Za-z_][\w-]*(?:\.[\w-]+)+\s*=")
# As Python writes them, and as command lines of this field (Hydra, jsonargparse) take them.
_PYTHON = {"True": True, "False": False}
_QUERY = re.compile(r"[?&][\w.-]*$")


def parse_overrides(lines: list[str]) -> dict[str, Any]:
    """Turn ``section.key=value`` texts into nested settings.

    Values are TOML or JSON, where ``null`` unsets a setting; other words are strings.

    Raises:
        InputErrors: Some text is not ``key=value``, or holds two settings.
    """
    return _whole_or_raise(*readable_overrides(lines))


def readable_overrides(lines: Iterable[str]) -> tuple[dict[str, Any], list[InputError]]:
    """Return what `parse_overrides` does for the texts that it takes, and what is wrong with the others."""
    nested: dict[str, Any] = {}
    errors = []
    for line in lines:
        try:
            key, value = _split(line)
            _place(nested, key.split("."), value, "--set")
        except InputError as error:
            errors.append(error)
    return nested, errors


def _whole_or_raise(nested: dict[str, Any], errors: list[InputError]) -> dict[str, Any]:
    if errors:
        raise InputErrors(errors)
    return nested


def read_form(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the JSON object of the run form into nested settings: ``{"sft.epochs": 2}`` or ``{"sft": {"epochs": 2}}``.

    Whole numbers become integers, because KFP's local runner passes all numbers on as floats.

    Raises:
        InputErrors: A key is no name of a setting, or one setting is both a value and a section.
    """
    return _whole_or_raise(*readable_form(overrides))


def readable_form(overrides: Mapping[str, Any]) -> tuple[dict[str, Any], list[InputError]]:
    """Return what `read_form` does for the keys that it takes, and what is wrong with the others."""
    nested: dict[str, Any] = {}
    errors = []
    for key, value in overrides.items():
        try:
            if not re.fullmatch(r"[\w-]+(\.[\w-]+)*", key):
                raise InputError(f"'{key}' is no name of a setting", where="overrides", fix=f"for example {EXAMPLE}")
            _place(nested, key.split("."), _whole(value), "overrides")
        except InputError as error:
            errors.append(error)
    return nested, errors


def _split(line: str) -> tuple[str, Any]:
    key, equals, text = (part.strip() for part in line.partition("="))
    if not equals or not key:
        fix = "for example --set dpo.learning_rate=1e-4"
        raise InputError(f"'{line}' is not key=value", where="--set", fix=fix)
    values = _read(text)
    if len(values) == 1:
        # JSON has no dates, and no setting is one: a revision may look like one.
        return key, text if isinstance(values["value"], date | time) else values["value"]
    if (found := _second_setting(text)) is not None:
        first = text[:found].rstrip(" ;,\n")
        raise InputError(
            f"'{line}' holds two settings: '{key}={first}' and '{text[found:]}'",
            where="--set",
            fix="give each setting its own --set; put a value that contains such a text into quotes: KEY='\"VALUE\"'",
        )
    return key, text


def _read(text: str) -> dict[str, Any]:
    """Return ``{"value": ...}`` as TOML or else JSON reads a text; more or nothing where it is no value of either."""
    if text in _PYTHON:
        return {"value": _PYTHON[text]}
    try:
        return tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        with contextlib.suppress(ValueError):
            return {"value": json.loads(text, parse_constant=_refuse)}
    return {}


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON, though Python reads it")


def _second_setting(text: str) -> int | None:
    """Return where a second setting begins in a value that is no TOML; names in the query of a URL are none."""
    return next((found.start() for found in _SECOND.finditer(text) if not _QUERY.search(text[: found.start()])), None)


def _place(nested: dict[str, Any], path: list[str], value: Any, where: str) -> None:
    """Set a value at a path; sections that are given in several parts are merged."""
    name, *rest = path
    if not rest and not isinstance(value, dict):
        if isinstance(nested.get(name), dict):
            raise _clash(name, where)
        nested[name] = value
        return
    section = nested.setdefault(name, {})
    if not isinstance(section, dict):
        raise _clash(name, where)
    if rest:
        _place(section, rest, value, where)
        return
    for key, part in value.items():
        _place(section, [key], part, where)


def _clash(key: str, where: str) -> InputError:
    return InputError(f"'{key}' is given both as a value and as a section", where=where, fix="remove one of the two")


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
