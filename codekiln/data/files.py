"""Files that are whole or absent, their digests, and errors that name file, line and field."""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from codekiln.data.places import path_of
from codekiln.errors import InputError, closest

TEST_KINDS = ("str", "CallTest", "StdinTest", "DoctestTest", "ReferenceTest")
_LISTS = ("list_type", "tuple_type")
_NOT_OF_THE_KIND = ("string_type", "model_type", "model_attributes_type")
_MOST_SHOWN = 80  # characters of a text that a message repeats
_NO_TEST = (
    "is no test: write an assert as a text, or an object with call and expect, stdin and stdout, doctest, or inputs"
)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let an error of the operating system name the file that is written: a write itself names none."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write ``content`` so that a reader sees the old file or the whole new one, also after a crash."""
    with writing(path):
        _write_atomic(path, content)


def _write_atomic(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            # Without it a crash of the machine can leave the new name on an empty file.
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def validation_errors(
    error: ValidationError, where: str, fix: str, model: type[BaseModel] | None = None, row: Any = None
) -> list[InputError]:
    """Turn pydantic's findings into one InputError each, located as ``where.field``.

    An unknown field is named with the field of ``model`` that it may stand for, and a field that is missing because of
    that is not said again.

    Args:
        error: What pydantic found.
        where: The place of the row.
        fix: What to do about most findings.
        model: The row's model.
        row: The row, with which tests are named by their number and text.
    """
    items = [_Finding(item["type"], item["loc"], item["msg"]) for item in error.errors(include_url=False)]
    items = _of_nearest_kind(items)
    meant = _meant(items, model)
    stood_for = {(item.location[:-1], meant[item.location]) for item in items if item.location in meant}
    found = []
    for item in items:
        parent, name = item.location[:-1], str(item.location[-1]) if item.location else ""
        if item.type == "missing" and (parent, name) in stood_for:
            continue
        what, remedy = item.message.removeprefix("Value error, "), fix
        if item.type == "extra_forbidden":
            near = meant.get(item.location)
            what, remedy = f"unknown field '{name}'", f"did you mean '{near}'?" if near else "remove the field"
        elif item.type == "missing":
            what = "the field is missing"
        elif item.type in _LISTS and isinstance(text := _at(row, item.location), str):
            what, remedy = "is a text, where a list is needed", _as_list(text)
        found.append(InputError(what, where=f"{where}{path_of(item.location, row)}", fix=remedy))
    return found


def _as_list(text: str) -> str:
    """Return how to write a text as a list; of several lines the first, and of a long one its beginning."""
    first, _, rest = text.strip().partition("\n")
    shown = first if len(first) <= _MOST_SHOWN else f"{first[:_MOST_SHOWN]}..."
    return f"write a list: [{json.dumps(shown)}{', ...' if rest else ''}]"


def _at(row: Any, location: tuple[int | str, ...]) -> Any:
    """Return the value of a row at a location; None where the row has none."""
    for step in location:
        try:
            row = row[step]
        except (LookupError, TypeError):
            return None
    return row


class _Finding(NamedTuple):
    """A finding of pydantic: its type, where it is, and what it says."""

    type: str
    location: tuple[int | str, ...]
    message: str


def _meant(items: Sequence[_Finding], model: type[BaseModel] | None) -> dict[tuple[int | str, ...], str]:
    """Return by the location of an unknown field the field that it may stand for; one that is missing comes first."""
    missing: dict[tuple[int | str, ...], list[str]] = {}
    for item in items:
        if item.type == "missing":
            missing.setdefault(item.location[:-1], []).append(str(item.location[-1]))
    meant = {}
    for item in items:
        if item.type == "extra_forbidden":
            *parent, name = item.location
            known = model.model_fields if model and not parent else ()
            if near := closest(str(name), missing.get(tuple(parent), ())) or closest(str(name), known):
                meant[item.location] = near
    return meant


def _of_nearest_kind(items: Sequence[_Finding]) -> list[_Finding]:
    """Return findings with those of one kind only of each value that may be of several: of the kind with the fewest.

    Pydantic tells for each kind of a union why a value is none, as ``("tests", 1, "CallTest", "expect")``.
    """
    kinds: dict[tuple[int | str, ...], dict[str, list[_Finding]]] = {}
    for item in items:
        if (at := _union_at(item.location)) is not None:
            kinds.setdefault(item.location[:at], {}).setdefault(str(item.location[at]), []).append(item)
    kept, done = [], set()
    for item in items:
        at = _union_at(item.location)
        if at is None:
            kept.append(item)
        elif (parent := item.location[:at]) not in done:
            done.add(parent)
            objects = {name: found for name, found in kinds[parent].items() if found[0].type not in _NOT_OF_THE_KIND}
            unknown = {frozenset(_unknown_fields(found)) for found in objects.values()}
            if not objects or (len(unknown) == 1 and unknown != {frozenset()}):  # no kind has any of its fields
                kept.append(_Finding("kind", parent, _NO_TEST))
                continue
            nearest = min(objects.values(), key=_distance)
            kept += [one._replace(location=(*parent, *one.location[at + 1 :])) for one in nearest]
    return kept


def _unknown_fields(found: Sequence[_Finding]) -> set[int | str]:
    return {item.location[-1] for item in found if item.type == "extra_forbidden"}


def _distance(found: Sequence[_Finding]) -> tuple[int, int]:
    """Return how far a value is from a kind: by fields that the kind does not have, then by all findings."""
    return sum(item.type == "extra_forbidden" for item in found), len(found)


def _union_at(location: Sequence[int | str]) -> int | None:
    """Return where a location names a kind of test."""
    at = 2
    return at if len(location) > at and isinstance(location[1], int) and location[at] in TEST_KINDS else None
