"""Validation of the chat files in a published folder: every row is parsed, matched with its exercise, proven again."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln.data.decontamination import overlaps
from codekiln.data.text import decoded
from codekiln.errors import InputError
from codekiln.recipes.debugging.export import EXERCISES, TESTING, TRAINING
from codekiln.recipes.debugging.grading import grade_replies
from codekiln.recipes.debugging.material import InjectionTask, trials_of
from codekiln.recipes.debugging.tags import read_request
from codekiln.sandbox.limits import Limits

FIX = "make the data set again"
SPLITS = {TRAINING: "training", TESTING: "test"}
ROLES = ["system", "user", "assistant"]
TEXTS, LISTS = ("name", "side", "description", "program"), ("stdin", "calls")


@dataclass(frozen=True)
class _ChatRow:
    """A row of a chat file, parsed: the place of its line, the task of the user's turn, and the assistant's turn."""

    where: str
    task: InjectionTask
    reply: str


def validate(folder: Path, limits: Limits, workers: int | None = None) -> Iterator[InputError]:
    """Yield every fault of the three files of ``folder``."""
    missing = [name for name in (*SPLITS, EXERCISES) if not (folder / name).is_file()]
    for name in missing:
        yield InputError("no such file", where=str(folder / name), fix=FIX)
    if missing:
        return
    try:
        lines = {name: _lines(folder / name) for name in (*SPLITS, EXERCISES)}
    except UnicodeDecodeError as error:
        yield InputError(f"holds what is not UTF-8 text: {error.reason}", where=str(folder), fix=FIX)
        return
    exercises, errors = _exercises(lines[EXERCISES], folder / EXERCISES)
    yield from errors
    yield from _contamination(exercises, folder / EXERCISES)
    rows: list[_ChatRow] = []
    for name, split in SPLITS.items():
        yield from _repeated(lines[name], f"{folder / name}")
        for number, line in enumerate(lines[name], start=1):
            found = _row(line, f"{folder / name}:{number}", split, exercises)
            if isinstance(found, _ChatRow):
                rows.append(found)
            else:
                yield InputError(found[1], where=found[0], fix=FIX)
    yield from _disproven(rows, limits, workers)


def _lines(path: Path) -> list[str]:
    text = decoded(path.read_bytes())
    return text.removesuffix("\n").split("\n") if text else []


def _exercises(lines: list[str], path: Path) -> tuple[list[dict[str, Any]], list[InputError]]:
    found: list[dict[str, Any]] = []
    errors: list[InputError] = []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            right = _is_exercise(row)
        except (ValueError, KeyError, TypeError):
            right = False
        if not right:
            what = f"is not an exercise with {', '.join((*TEXTS, *LISTS))}"
        elif row["name"] in [other["name"] for other in found]:
            what = f"there is another exercise of the name {row['name']!r}"
        else:
            found.append(row)
            continue
        errors.append(InputError(what, where=f"{path}:{number}", fix=FIX))
    return found, errors


def _is_exercise(row: Any) -> bool:
    texts = [row[key] for key in TEXTS] + [text for key in LISTS for text in row[key]]
    lists = all(isinstance(row[key], list) for key in LISTS)
    return lists and all(isinstance(text, str) for text in texts) and row["side"] in SPLITS.values()


def _repeated(lines: list[str], where: str) -> Iterator[InputError]:
    first: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if (before := first.setdefault(line, number)) != number:
            yield InputError(f"is row {before} again", where=f"{where}:{number}", fix=FIX)


def _contamination(exercises: list[dict[str, Any]], path: Path) -> Iterator[InputError]:
    """Yield exercises that are, or nearly are, in both splits."""
    train, test = ([row for row in exercises if row["side"] == split] for split in SPLITS.values())
    pairs = {
        (item.train, item.evaluation)
        for key in ("program", "description")
        for item in overlaps([row[key] for row in train], [row[key] for row in test])
    }
    for left, right in sorted(pairs):
        what = f"the training exercise '{train[left]['name']}' nearly repeats the test exercise '{test[right]['name']}'"
        yield InputError(what, where=str(path), fix=FIX)


def _row(line: str, where: str, split: str, exercises: list[dict[str, Any]]) -> _ChatRow | tuple[str, str]:
    """Return a row, or the place and the text of its fault."""
    try:
        turns = json.loads(line)["messages"]
        roles = [turn["role"] for turn in turns]
        system, user, assistant = (turn["content"] + "" for turn in turns)
    except (ValueError, KeyError, TypeError):
        return where, "is not {'messages': [system, user, assistant]}"
    if roles != ROLES or not system.strip():
        return where, f"has the turns {', '.join(roles)}" if roles != ROLES else "the system turn is empty"
    try:
        request = read_request(user)
    except ValueError as error:
        return f"{where}.user", str(error)
    same = [row for row in exercises if (row["program"], row["description"]) == (request.program, request.description)]
    if split not in [row["side"] for row in same]:
        return f"{where}.user", f"its exercise is not among the {split} exercises of {EXERCISES}"
    trials = trials_of(same[0]["stdin"], same[0]["calls"])
    return _ChatRow(where, InjectionTask(request.program, request.counts, trials, request.reply_form), assistant)


def _disproven(rows: list[_ChatRow], limits: Limits, workers: int | None) -> Iterator[InputError]:
    jobs = [(row.task, row.reply) for row in rows]
    grades = grade_replies(jobs, workers=workers, limits=limits, label="validate: rows")
    for row, grade in zip(rows, grades, strict=True):
        for reason, text in grade.faults:
            yield InputError(f"{reason}: {text}", where=f"{row.where}.assistant", fix=FIX)
