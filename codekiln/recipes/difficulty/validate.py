"""Proves a folder of data sets by difficulty from its files alone; solutions are run again."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from codekiln.code.distance import pq_gram_distance
from codekiln.data import decontamination, near_duplicates, prompts
from codekiln.data.folders import read_rows
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.difficulty import summary, tables
from codekiln.recipes.difficulty.mixture import NO_SAMPLES, TOO_FEW
from codekiln.recipes.difficulty.rates import BANDS, KS, Rate, Thresholds
from codekiln.recipes.difficulty.ratios import Impossible, Ratio, counts
from codekiln.recipes.difficulty.solutions import flaw
from codekiln.recipes.published import EVALUATION, TRAIN, Conversation
from codekiln.sandbox.grading import grade_samples

AGAIN = "make the data set again"


class Asked(Protocol):
    """What the settings of the recipe say that files must bear out."""

    mixes: Mapping[str, Ratio]
    mix: str
    size: int | None
    least_samples: int
    apart: float
    near_duplicate: float


@dataclass(frozen=True)
class Folder:
    """The files of a folder, read: tables by name, and problems by the name data files give them."""

    path: Path
    summary: dict[str, dict[str, str]]
    bands: dict[str, str]
    available: dict[str, int]
    problems: dict[str, Problem]
    mixes: dict[str, list[dict[str, Any]]]
    trained: list[str]
    judges: list[Problem]


def check(path: Path, asked: Asked, thresholds: Thresholds) -> Iterator[InputError]:
    """Yield everything that is wrong with the data sets in a folder.

    Each ratio is exact and the largest possible; labels are those of the table of problems, and that follows from its
    counts; each output parses, has no tests pasted in, and passes its problem's hidden tests when it is run now; no
    two outputs are near-duplicates; and no row is of, or near, an evaluation problem.
    """
    try:
        folder = _read(path, asked)
    except InputErrors as several:
        yield from several.errors
        return
    except InputError as error:
        yield error
        return
    if malformed := [error for name in asked.mixes for error in _shapes(folder, name)]:
        yield from malformed
        return
    yield from _labels(path, asked, thresholds)
    for name in asked.mixes:
        yield from _ratio(folder, name, asked)
        yield from _rows(folder, name)
        yield from _distinct(folder, name, asked)
    yield from _verdicts(folder)
    yield from _apart_from_evaluation(folder, asked)
    yield from _trained_on(folder, asked)


def _read(path: Path, asked: Asked) -> Folder:
    listed = tables.read_table(path / tables.SUMMARY_CSV, summary.columns(list(asked.mixes)))
    rows = {row["dataset"]: row for row in listed}
    missing = [name for name in asked.mixes if name not in rows]
    if missing:
        raise InputError(f"has no row for {', '.join(missing)}", where=str(path / tables.SUMMARY_CSV), fix=AGAIN)
    made = [name for name in asked.mixes if rows[name]["status"] == summary.MADE]
    problems = read_rows(path / tables.PROBLEMS_JSONL, Problem)
    rated = tables.read_table(path / tables.PROBLEMS_CSV, tables.PROBLEMS)
    _refuse_words(path, rated, listed)
    lines = {name: tables.read_lines(path / tables.files_of(name)[0]) for name in made}
    return Folder(
        path=path,
        summary=rows,
        bands={row["mbpp_id"]: row["difficulty"] for row in rated},
        available={band: sum(int(row["solutions"]) for row in rated if row["difficulty"] == band) for band in BANDS},
        problems={tables.name_of(problem): problem for problem in problems},
        mixes={name: lines.get(name, []) for name in asked.mixes},
        trained=[row.messages[-1].content for row in read_rows(path / TRAIN, Conversation)],
        judges=read_rows(path / EVALUATION, Problem),
    )


def _refuse_words(path: Path, rated: Sequence[Mapping[str, str]], listed: Sequence[Mapping[str, str]]) -> None:
    """Raise InputErrors for every cell with something else than the number that has to stand there."""
    columns = {
        tables.PROBLEMS_CSV: (rated, ("n", "correct", "solutions"), [f"pass@{k}" for k in KS]),
        tables.SUMMARY_CSV: (listed, [f"{band}_available" for band in BANDS], [f"{band}_count" for band in BANDS]),
    }
    errors = [
        InputError(f"is {row[column]!r}, and no number", where=f"{path / file}:{line}.{column}", fix=AGAIN)
        for file, (rows, whole, maybe) in columns.items()
        for line, row in enumerate(rows, start=2)
        for names, form in ((whole, r"\d+"), (maybe, r"(\d+(\.\d+)?(e-\d+)?)?"))
        for column in names
        if not re.fullmatch(form, row[column] or ("" if row[column] == "" else "missing"))
    ]
    if errors:
        raise InputErrors(errors)


def _shapes(folder: Folder, name: str) -> Iterator[InputError]:
    for number, row in enumerate(folder.mixes[name], start=1):
        if tuple(row) != tables.JSONL or not all(isinstance(value, str) for value in row.values()):
            what = f"has the fields {', '.join(row)}, not {', '.join(tables.JSONL)}, all texts"
            yield InputError(what, where=f"{folder.path / tables.files_of(name)[0]}:{number}", fix=AGAIN)


def _labels(path: Path, asked: Asked, thresholds: Thresholds) -> Iterator[InputError]:
    """Compare the table of problems with what follows from its own counts."""
    table = path / tables.PROBLEMS_CSV
    for line, row in enumerate(tables.read_table(table), start=2):
        rate = Rate(int(row["n"]), int(row["correct"]))
        if rate.correct > rate.n:
            yield InputError(f"is {rate.correct} of {rate.n}", where=f"{table}:{line}.correct", fix=AGAIN)
            continue
        few = TOO_FEW if rate.n else NO_SAMPLES
        band = thresholds.band(rate) if rate.n >= asked.least_samples else few
        if row["difficulty"] != band:
            what = f"{row['mbpp_id']} is called {row['difficulty']}, and {rate.correct} of {rate.n} is {band}"
            yield InputError(what, where=f"{table}:{line}.difficulty", fix=AGAIN)
        for k in KS:
            value, cell = rate.at(k), row[f"pass@{k}"]
            if (value is None) != (cell == "") or (value is not None and abs(float(cell) - value) > 1e-9):
                what = f"is {cell or 'empty'}, and {rate.correct} of {rate.n} gives {value}"
                yield InputError(what, where=f"{table}:{line}.pass@{k}", fix=AGAIN)


def _ratio(folder: Folder, name: str, asked: Asked) -> Iterator[InputError]:
    row, where = folder.summary[name], str(folder.path / tables.SUMMARY_CSV)
    available = folder.available
    found = Counter(line["difficulty"] for line in folder.mixes[name])
    try:
        wanted = counts(asked.mixes[name], available, asked.size)
    except Impossible as reason:
        wanted = {}
        if row["status"] != str(reason):
            yield InputError(f"{name}: {row['status']}, but {reason}", where=f"{where}.status", fix=AGAIN)
    if {band: count for band, count in wanted.items() if count} != dict(found):
        what = f"{name} has {dict(found)}, and its ratio of {available} is {wanted}"
        yield InputError(what, where=str(folder.path / tables.files_of(name)[0]), fix=AGAIN)
    rows = len(folder.mixes[name])
    facts = {
        **{f"{band}_available": available[band] for band in BANDS},
        **{f"{band}_count": found[band] if rows else "" for band in BANDS},
        "total_examples": rows,
        "requested_ratio": summary.ratio_text(asked.mixes[name].parts()),
        "actual_ratio": summary.ratio_text(found) if rows else "",
        "verified": rows or "",
    }
    for column, fact in facts.items():
        if row[column] != str(fact):
            what = f"{name} is said to have {row[column] or 'nothing'}, and has {fact or 'nothing'}"
            yield InputError(what, where=f"{where}.{column}", fix=AGAIN)


def _rows(folder: Folder, name: str) -> Iterator[InputError]:
    """Compare each row with its problem, with the table of problems, and with the CSV."""
    if not folder.mixes[name]:
        return
    lines, text = (folder.path / file for file in tables.files_of(name))
    try:
        table = tables.read_table(text, tables.CSV)
    except InputError as error:
        yield error
        return
    columns = [column for column in tables.CSV if column != "run_id"]
    shown = [tuple(row[column] for column in columns) for row in table]
    prompts_of = {mbpp_id: problem.prompt for mbpp_id, problem in folder.problems.items()}
    wanted = [
        (row["mbpp_id"], prompts_of.get(row["mbpp_id"]), row["output"], row["difficulty"], "True")
        for row in folder.mixes[name]
    ]
    if shown != wanted:
        yield InputError(f"does not have the rows of {lines.name}, all passed", where=str(text), fix=AGAIN)
    for number, row in enumerate(folder.mixes[name], start=1):
        if what := _wrong(folder, row):
            yield InputError(what, where=f"{lines}:{number}", fix=AGAIN)


def _wrong(folder: Folder, row: Mapping[str, Any]) -> str | None:
    problem = folder.problems.get(row["mbpp_id"])
    if problem is None:
        return f"is of {row['mbpp_id']!r}, which {tables.PROBLEMS_JSONL} does not have"
    if row["difficulty"] != folder.bands.get(row["mbpp_id"]):
        return f"is labelled {row['difficulty']}, and its problem is {folder.bands.get(row['mbpp_id'])}"
    if (row["instruction"], row["input"]) != (prompts.messages(problem)[-1].content, ""):
        return "does not ask what its problem asks"
    found = flaw(problem, row["output"])
    return f"its output is no solution: {found}" if found else None


def _distinct(folder: Folder, name: str, asked: Asked) -> Iterator[InputError]:
    rows, where = folder.mixes[name], folder.path / tables.files_of(name)[0]
    codes = [row["output"] for row in rows]
    for place, first in enumerate(near_duplicates.first_of_each(codes, asked.near_duplicate)):
        if first != place:
            what = f"nearly repeats the output of line {first + 1}"
            yield InputError(what, where=f"{where}:{place + 1}.output", fix=AGAIN)
    seen: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=1):
        others = seen.setdefault(row["mbpp_id"], [])
        if any(_alike(codes[number - 1], other, asked.apart) for other in others):
            what = f"is built like another solution of {row['mbpp_id']}"
            yield InputError(what, where=f"{where}:{number}.output", fix=AGAIN)
        others.append(codes[number - 1])


def _alike(one: str, other: str, apart: float) -> bool:
    try:
        return fingerprint(one) == fingerprint(other) or pq_gram_distance(one, other) < apart
    except SyntaxError:  # said by _rows
        return False


def _verdicts(folder: Folder) -> Iterator[InputError]:
    """Run every output again: a cell that says it passed proves nothing."""
    rows = {
        (row["mbpp_id"], row["output"]): f"{folder.path / tables.files_of(name)[0]}:{number}"
        for name, lines in folder.mixes.items()
        for number, row in enumerate(lines, start=1)
        if row["mbpp_id"] in folder.problems
    }
    jobs = [(folder.problems[name], Sample(task_id=name, solution=code)) for name, code in rows]
    for where, verdict in zip(rows.values(), grade_samples(jobs, label="run again"), strict=True):
        if not verdict.passed:
            what = f"its output does not pass: {verdict.status} {verdict.detail}".rstrip()
            yield InputError(what, where=f"{where}.output", fix="leave the row out, or make the data set again")


def _apart_from_evaluation(folder: Folder, asked: Asked) -> Iterator[InputError]:
    """Compare problems, and what rows say, with the evaluation side."""
    names = {problem.task_id for problem in folder.judges}
    groups = {problem.group for problem in folder.judges if problem.group}
    for problem in folder.problems.values():
        if problem.task_id in names or problem.group in groups:
            what = f"{problem.task_id} is an evaluation problem, or of the group of one"
            yield InputError(what, where=str(folder.path / tables.PROBLEMS_JSONL), fix=AGAIN)
    rows = {
        f"{row['instruction']}\n{row['output']}": f"{folder.path / tables.files_of(name)[0]}:{number}"
        for name, lines in folder.mixes.items()
        for number, row in enumerate(lines, start=1)
    }
    problems = {problem.prompt: str(folder.path / tables.PROBLEMS_JSONL) for problem in folder.problems.values()}
    whole = [decontamination.prompt_and_reference(problem) for problem in folder.judges]
    yield from _near(folder, rows, whole, near_duplicates.THRESHOLD)
    yield from _near(folder, problems, [problem.prompt for problem in folder.judges], asked.near_duplicate)


def _near(folder: Folder, texts: Mapping[str, str], known: Sequence[str], threshold: float) -> Iterator[InputError]:
    places = list(texts.values())
    for item in decontamination.overlaps(list(texts), known, threshold):
        what = f"is {item.similarity:.2f} like the evaluation problem {folder.judges[item.evaluation].task_id}"
        yield InputError(what, where=places[item.train], fix=AGAIN)


def _trained_on(folder: Folder, asked: Asked) -> Iterator[InputError]:
    wanted = Counter(prompts.answer(row["output"])[0].content for row in folder.mixes[asked.mix])
    if Counter(folder.trained) != wanted:
        yield InputError(f"does not hold the rows of the mix '{asked.mix}'", where=str(folder.path / TRAIN), fix=AGAIN)
