"""Validation of the three JSON files of a published data set."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codekiln.data.decontamination import overlaps
from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks.edit_replies import shown_program
from codekiln.recipes.corpus_tasks.export import ALL, KEYS, TEST, TRAIN
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.quota_sampling import apportion
from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply, parse_program, same_program

Table = list[dict[str, Any]]


def validate(folder: Path, shares: Mapping[str, float]) -> Iterator[InputError]:
    """Yield everything that is wrong with the files of a folder.

    Args:
        folder: Folder with the three files.
        shares: Weight of each category.
    """
    tables: dict[str, Table] = {}
    for name in (TRAIN, TEST, ALL):
        try:
            tables[name] = _read(folder / name)
        except InputError as error:
            yield error
    if len(tables) < 3:
        return
    train, test = tables[TRAIN], tables[TEST]
    if tables[ALL] != train + test:
        yield InputError(f"is not {TRAIN} followed by {TEST}", where=str(folder / ALL), fix="write it again")
    for name, rows in ((TRAIN, train), (TEST, test)):
        for number, row in enumerate(rows, start=1):
            yield from _row_errors(row, f"{folder / name}:{number}")
        yield from _proportion_errors(rows, shares, str(folder / name))
    yield from _leaks(train, test, str(folder / TEST))


def _read(path: Path) -> Table:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("is missing", where=str(path), fix="run the filter stage again") from None
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path), fix="run the filter stage again") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("is not an array of objects", where=str(path), fix="run the filter stage again")
    return rows


def _row_errors(row: dict[str, Any], where: str) -> Iterator[InputError]:
    if set(row) != set(KEYS) or not all(isinstance(value, str) for value in row.values()):
        what = f"does not have exactly the text fields {', '.join(KEYS)}"
        yield InputError(what, where=where, fix="write the row again")
        return
    if row["category"] not in CATEGORIES:
        fix = f"use one of: {', '.join(CATEGORIES)}"
        yield InputError(f"no category '{row['category']}'", where=f"{where}.category", fix=fix)
    for field in ("instruction", "response"):
        for block in ParsedReply(row[field]).blocks:
            if parse_program(block) is None:
                yield InputError("a code block does not parse", where=f"{where}.{field}", fix="leave the row out")
    is_fix = row["category"] == "bugfix" and row["response"]
    if is_fix and same_program(_function_in(row), ParsedReply(row["response"]).code):
        yield InputError("the fix is the program with the bug", where=f"{where}.response", fix="leave the row out")


def _proportion_errors(rows: Table, shares: Mapping[str, float], where: str) -> Iterator[InputError]:
    counts, expected = Counter(row.get("category") for row in rows), apportion(len(rows), shares)
    if any(counts[name] != count for name, count in expected.items()):
        listed = ", ".join(f"{name} {counts[name]} (expected {count})" for name, count in expected.items())
        yield InputError(f"the proportions are wrong: {listed}", where=where, fix="make the data set again")


def _leaks(train: Table, test: Table, where: str) -> Iterator[InputError]:
    """Yield files and functions that are in both splits."""
    fix = "make the data set again"
    shared = {row.get("source_file") for row in train} & {row.get("source_file") for row in test}
    for name in sorted(map(str, shared)):
        yield InputError(f"rows of {name} are in both splits", where=f"{where}.source_file", fix=fix)
    # File names alone do not find a function that was copied from one file to another.
    found = overlaps([_function_in(row) for row in train], [_function_in(row) for row in test])
    for item in sorted(found, key=lambda item: (item.evaluation, item.train)):
        what = f"row {item.evaluation + 1} is {item.similarity:.0%} the training row {item.train + 1}"
        yield InputError(f"{what}: nearly the same function", where=f"{where}:{item.evaluation + 1}", fix=fix)


def _function_in(row: dict[str, Any]) -> str:
    """Return the code a row is about.

    A completion task shows only a signature, and two unrelated functions may share one, so its response is compared.
    """
    field = "response" if row.get("category") == "complete" else "instruction"
    # What a task shows of the module comes before the function.
    return shown_program(str(row.get(field)))
