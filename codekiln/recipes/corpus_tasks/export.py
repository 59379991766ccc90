"""The data set's own files, in the published form, and what can be wrong with them."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codekiln.data.decontamination import overlaps
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks.allocation import counts
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.reply_parser import Reply, parsed, same_program
from codekiln.recipes.types import BuiltDataset

TRAIN, TEST, ALL = "sft_trackb_train.json", "sft_trackb_test.json", "sft_trackb_all.json"
KEYS = ("instruction", "response", "category", "source_function", "source_file")


def files(made: BuiltDataset) -> dict[str, str]:
    """Return the three JSON files: an array of objects with `KEYS` each.

    An instruction is what the model is shown, word for word. The response of a test row is the reference; it is empty
    where only a teacher could have written one.
    """
    problems = {problem.task_id: problem for problem in made.train}
    train = [
        _row(problems[row.task_id], row.prompt[-1].content, row.completion[0].content) for row in made.rows.examples
    ]
    test = [_row(problem, problem.prompt, problem.reference or "") for problem in made.evaluation]
    return {name: _dump(rows) for name, rows in ((TRAIN, train), (TEST, test), (ALL, train + test))}


def validate(folder: Path, shares: Mapping[str, float]) -> Iterator[InputError]:
    """Yield what is wrong with the files of a folder.

    Args:
        folder: Holds the three files.
        shares: Weight of each category.
    """
    read = {name: _read(folder / name) for name in (TRAIN, TEST, ALL)}
    for found in read.values():
        if isinstance(found, InputError):
            yield found
    if any(isinstance(found, InputError) for found in read.values()):
        return
    train, test, both = read.values()
    if both != train + test:
        yield InputError(
            f"is not {TRAIN} and {TEST} one after the other", where=str(folder / ALL), fix="write it again"
        )
    for name, rows in ((TRAIN, train), (TEST, test)):
        for number, row in enumerate(rows, start=1):
            yield from _wrong_with(row, f"{folder / name}:{number}")
        yield from _proportions(rows, shares, str(folder / name))
    yield from _straddling(train, test, str(folder / TEST))


def _row(problem: Problem, instruction: str, response: str) -> dict[str, str]:
    facts = problem.grading_context
    values = (instruction, response, facts["category"], facts["function"], facts["file"])
    return dict(zip(KEYS, values, strict=True))


def _dump(rows: list[dict[str, str]]) -> str:
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _read(path: Path) -> list[dict[str, Any]] | InputError:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return InputError("is missing", where=str(path), fix="run the filter stage again")
    except ValueError as error:
        return InputError(f"is not JSON: {error}", where=str(path), fix="run the filter stage again")
    is_table = isinstance(rows, list) and all(isinstance(row, dict) for row in rows)
    return rows if is_table else InputError("is not an array of objects", where=str(path), fix="write it so")


def _wrong_with(row: dict[str, Any], where: str) -> Iterator[InputError]:
    if set(row) != set(KEYS) or not all(isinstance(value, str) for value in row.values()):
        yield InputError(f"has not just the texts {', '.join(KEYS)}", where=where, fix="write the row again")
        return
    if row["category"] not in CATEGORIES:
        fix = f"use one of: {', '.join(CATEGORIES)}"
        yield InputError(f"no category '{row['category']}'", where=f"{where}.category", fix=fix)
    for field in ("instruction", "response"):
        for block in Reply(row[field]).blocks:
            if parsed(block) is None:
                yield InputError("a code block does not parse", where=f"{where}.{field}", fix="leave the row out")
    is_fix = row["category"] == "bugfix" and row["response"]
    if is_fix and same_program(Reply(row["instruction"]).code, Reply(row["response"]).code):
        yield InputError("the fix is the program with the bug", where=f"{where}.response", fix="leave the row out")


def _proportions(rows: list[dict[str, str]], shares: Mapping[str, float], where: str) -> Iterator[InputError]:
    there, wanted = Counter(row.get("category") for row in rows), counts(len(rows), shares)
    if any(there[name] != count for name, count in wanted.items()):
        listed = ", ".join(f"{name} {there[name]} (asked for: {count})" for name, count in wanted.items())
        yield InputError(f"the proportions are others: {listed}", where=where, fix="make the data set again")


def _straddling(train: list[dict[str, str]], test: list[dict[str, str]], where: str) -> Iterator[InputError]:
    fix = "make the data set again"
    shared = {row.get("source_file") for row in train} & {row.get("source_file") for row in test}
    for name in sorted(map(str, shared)):
        yield InputError(f"rows of {name} are on both sides", where=f"{where}.source_file", fix=fix)
    found = overlaps([_function_of(row) for row in train], [_function_of(row) for row in test])
    for item in sorted(found, key=lambda item: (item.evaluation, item.train)):
        what = f"row {item.evaluation + 1} is {item.similarity:.0%} the training row {item.train + 1}"
        yield InputError(f"{what}: nearly the same function", where=f"{where}:{item.evaluation + 1}", fix=fix)


def _function_of(row: dict[str, str]) -> str:
    """Return the code a row is about: where its task shows a signature alone, two of which say little, its reply's."""
    field = "response" if row.get("category") == "complete" else "instruction"
    return Reply(str(row.get(field))).code
