"""Validation of the recipe's files in a published folder, from the files alone; solutions are run again."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln.code.distance import pq_gram_distance
from codekiln.data import decontamination, near_duplicates, prompts
from codekiln.data.folders import read_rows
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.difficulty import summary, tables
from codekiln.recipes.difficulty.mixture import band_of
from codekiln.recipes.difficulty.rates import BANDS, KS, SolveRate
from codekiln.recipes.difficulty.ratios import UnattainableRatio, rows_by_rank
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.difficulty.solutions import flaw_of
from codekiln.recipes.published import EVALUATION, TRAIN, Conversation
from codekiln.sandbox.grading import grade_samples

FIX = "make the data set again"


@dataclass(frozen=True)
class PublishedFiles:
    """The parsed files of a published folder.

    Attributes:
        path: The folder.
        summary: Rows of the summary, by mix.
        bands: The band of each problem, by its name in data files.
        solutions: Number of solutions of each problem that has some, by its name in data files.
        problems: The problems that mixes have solutions of, by their name in data files.
        mixes: Rows of each mix; none for a mix that could not be made.
        trained: The replies of ``train.jsonl``.
        evaluation: The evaluation problems.
    """

    path: Path
    summary: dict[str, dict[str, str]]
    bands: dict[str, str]
    solutions: dict[str, int]
    problems: dict[str, Problem]
    mixes: dict[str, list[dict[str, Any]]]
    trained: list[str]
    evaluation: list[Problem]


def validate(path: Path, settings: DifficultySettings) -> Iterator[InputError]:
    """Yield everything that is wrong with the mixes in a folder.

    Each ratio is exact and the largest possible; labels are those of the table of problems, which follow from its
    counts; each output parses, has no tests pasted in, and passes its problem's hidden tests when it is run now; no
    two outputs are near-duplicates; and no row belongs to, or nearly repeats, an evaluation problem.
    """
    try:
        published = _read(path, settings)
    except InputErrors as several:
        yield from several.errors
        return
    except InputError as error:
        yield error
        return
    if malformed := [error for name in settings.mixes for error in _shapes(published, name)]:
        yield from malformed
        return
    yield from _labels(path, settings)
    for name in settings.mixes:
        yield from _ratio(published, name, settings)
        yield from _rows(published, name)
        yield from _distinct(published, name, settings)
    yield from _verdicts(published)
    yield from _contamination(published, settings)
    yield from _trained_on(published, settings)


def _read(path: Path, settings: DifficultySettings) -> PublishedFiles:
    listed = tables.read_table(path / tables.SUMMARY_CSV, summary.columns(list(settings.mixes)))
    rows = {row["dataset"]: row for row in listed}
    missing = [name for name in settings.mixes if name not in rows]
    if missing:
        raise InputError(f"has no row for {', '.join(missing)}", where=str(path / tables.SUMMARY_CSV), fix=FIX)
    made = [name for name in settings.mixes if rows[name]["status"] == summary.MADE]
    problems = read_rows(path / tables.PROBLEMS_JSONL, Problem)
    rated = tables.read_table(path / tables.PROBLEMS_CSV, tables.PROBLEMS)
    _check_numbers(path, rated, listed)
    lines = {name: tables.read_lines(path / tables.file_names(name)[0]) for name in made}
    return PublishedFiles(
        path=path,
        summary=rows,
        bands={row["mbpp_id"]: row["difficulty"] for row in rated},
        solutions={row["mbpp_id"]: int(row["solutions"]) for row in rated if int(row["solutions"])},
        problems={tables.name_of(problem): problem for problem in problems},
        mixes={name: lines.get(name, []) for name in settings.mixes},
        trained=[row.messages[-1].content for row in read_rows(path / TRAIN, Conversation)],
        evaluation=read_rows(path / EVALUATION, Problem),
    )


def _check_numbers(path: Path, rated: Sequence[Mapping[str, str]], listed: Sequence[Mapping[str, str]]) -> None:
    """Raise InputErrors for every cell that holds something else than its number."""
    columns = {
        tables.PROBLEMS_CSV: (
            rated,
            ("n", "correct", "solutions"),
            [*(f"pass@{k}" for k in KS), tables.LOW, tables.HIGH, tables.CERTAINTY],
        ),
        tables.SUMMARY_CSV: (
            listed,
            [f"{band}_available" for band in BANDS],
            [f"{band}_{what}" for band in BANDS for what in ("count", "problems")],
        ),
    }
    errors = [
        InputError(f"is {row[column]!r}, and no number", where=f"{path / file}:{line}.{column}", fix=FIX)
        for file, (rows, whole, maybe) in columns.items()
        for line, row in enumerate(rows, start=2)
        for names, form in ((whole, r"\d+"), (maybe, r"(\d+(\.\d+)?(e-\d+)?)?"))
        for column in names
        if not re.fullmatch(form, row[column] or ("" if row[column] == "" else "missing"))
    ]
    if errors:
        raise InputErrors(errors)


def _shapes(published: PublishedFiles, name: str) -> Iterator[InputError]:
    for number, row in enumerate(published.mixes[name], start=1):
        if tuple(row) != tables.JSONL or not all(isinstance(value, str) for value in row.values()):
            what = f"has the fields {', '.join(row)}, not {', '.join(tables.JSONL)}, all texts"
            yield InputError(what, where=f"{published.path / tables.file_names(name)[0]}:{number}", fix=FIX)


def _labels(path: Path, settings: DifficultySettings) -> Iterator[InputError]:
    """Compare the table of problems with what follows from its own counts."""
    table = path / tables.PROBLEMS_CSV
    for line, row in enumerate(tables.read_table(table), start=2):
        rate = SolveRate(int(row["n"]), int(row["correct"]))
        if rate.correct > rate.n:
            yield InputError(f"is {rate.correct} of {rate.n}", where=f"{table}:{line}.correct", fix=FIX)
            continue
        band = band_of(rate, settings.thresholds, settings.least_samples)
        if row["difficulty"] != band:
            what = f"{row['mbpp_id']} is called {row['difficulty']}, and {rate.correct} of {rate.n} is {band}"
            yield InputError(what, where=f"{table}:{line}.difficulty", fix=FIX)
        for column, value in {**rate.estimates(), **tables.uncertainty(rate, settings.thresholds)}.items():
            cell = row[column]
            if (value is None) != (cell == "") or (value is not None and abs(float(cell) - value) > 1e-9):
                what = f"is {cell or 'empty'}, and {rate.correct} of {rate.n} gives {value}"
                yield InputError(what, where=f"{table}:{line}.{column}", fix=FIX)


def _ratio(published: PublishedFiles, name: str, settings: DifficultySettings) -> Iterator[InputError]:
    row, where = published.summary[name], str(published.path / tables.SUMMARY_CSV)
    lines = published.mixes[name]
    found = Counter(line["difficulty"] for line in lines)
    problems = Counter(dict((line["mbpp_id"], line["difficulty"]) for line in lines).values())
    wanted: list[dict[str, int]] = []
    try:
        wanted = rows_by_rank(settings.mixes[name], _solutions(published, name), settings.size)
    except UnattainableRatio as reason:
        if row["status"] != str(reason):
            yield InputError(f"{name}: {row['status']}, but {reason}", where=f"{where}.status", fix=FIX)
    for what, counted, ranks in (("problems", problems, wanted[:1]), ("rows", found, wanted)):
        expected = {band: sum(rank[band] for rank in ranks) for band in BANDS}
        if expected != {band: counted[band] for band in BANDS}:
            shown = f"{name} has {dict(counted)} {what}, and of its ratio there can be {expected}"
            yield InputError(shown, where=str(published.path / tables.file_names(name)[0]), fix=FIX)
    for column, value in _stated(published, name, settings, found, problems).items():
        if row[column] != str(value):
            what = f"{name} is said to have {row[column] or 'nothing'}, and has {value or 'nothing'}"
            yield InputError(what, where=f"{where}.{column}", fix=FIX)


def _solutions(published: PublishedFiles, name: str) -> dict[str, list[int]]:
    """Return the number of solutions of each problem by band, those that a data set has first."""
    taken = {line["mbpp_id"] for line in published.mixes[name]}
    ordered = sorted(published.solutions, key=lambda one: one not in taken)
    return {band: [published.solutions[one] for one in ordered if published.bands[one] == band] for band in BANDS}


def _stated(
    published: PublishedFiles, name: str, settings: DifficultySettings, found: Counter[str], problems: Counter[str]
) -> dict[str, object]:
    """Return what the summary has to say of a data set: ``found`` rows and ``problems`` of each band."""
    rows = len(published.mixes[name])
    return {
        **{f"{band}_available": len(counts) for band, counts in _solutions(published, name).items()},
        **{f"{band}_count": found[band] if rows else "" for band in BANDS},
        **{f"{band}_problems": problems[band] if rows else "" for band in BANDS},
        "total_examples": rows,
        "problems": problems.total() or "",
        "requested_ratio": summary.ratio_text(settings.mixes[name].lowest_terms()),
        "actual_ratio": summary.ratio_text(found) if rows else "",
        "problem_ratio": summary.ratio_text(problems) if rows else "",
        "verified": rows or "",
    }


def _rows(published: PublishedFiles, name: str) -> Iterator[InputError]:
    """Compare each row with its problem, with the table of problems, and with the CSV."""
    if not published.mixes[name]:
        return
    lines, text = (published.path / file for file in tables.file_names(name))
    try:
        table = tables.read_table(text, tables.CSV)
    except InputError as error:
        yield error
        return
    columns = [column for column in tables.CSV if column != "run_id"]
    shown = [tuple(row[column] for column in columns) for row in table]
    prompts_of = {mbpp_id: problem.prompt for mbpp_id, problem in published.problems.items()}
    wanted = [
        (row["mbpp_id"], prompts_of.get(row["mbpp_id"]), row["output"], row["difficulty"], "True")
        for row in published.mixes[name]
    ]
    if shown != wanted:
        yield InputError(f"does not have the rows of {lines.name}, all passed", where=str(text), fix=FIX)
    for number, row in enumerate(published.mixes[name], start=1):
        if what := _fault(published, row):
            yield InputError(what, where=f"{lines}:{number}", fix=FIX)


def _fault(published: PublishedFiles, row: Mapping[str, Any]) -> str | None:
    problem = published.problems.get(row["mbpp_id"])
    if problem is None:
        return f"is of {row['mbpp_id']!r}, which {tables.PROBLEMS_JSONL} does not have"
    if row["difficulty"] != published.bands.get(row["mbpp_id"]):
        return f"is labelled {row['difficulty']}, and its problem is {published.bands.get(row['mbpp_id'])}"
    if (row["instruction"], row["input"]) != (prompts.messages(problem)[-1].content, ""):
        return "does not ask what its problem asks"
    found = flaw_of(problem, row["output"])
    return f"its output is no solution: {found}" if found else None


def _distinct(published: PublishedFiles, name: str, settings: DifficultySettings) -> Iterator[InputError]:
    rows, where = published.mixes[name], published.path / tables.file_names(name)[0]
    codes = [row["output"] for row in rows]
    for place, first in enumerate(near_duplicates.earliest_duplicates(codes, settings.near_duplicate)):
        if first != place:
            what = f"nearly repeats the output of line {first + 1}"
            yield InputError(what, where=f"{where}:{place + 1}.output", fix=FIX)
    seen: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=1):
        others = seen.setdefault(row["mbpp_id"], [])
        if any(_is_similar(codes[number - 1], other, settings.apart) for other in others):
            what = f"is built like another solution of {row['mbpp_id']}"
            yield InputError(what, where=f"{where}:{number}.output", fix=FIX)
        others.append(codes[number - 1])


def _is_similar(one: str, other: str, distance: float) -> bool:
    try:
        return fingerprint(one) == fingerprint(other) or pq_gram_distance(one, other) < distance
    except SyntaxError:  # `_rows` reports it
        return False


def _verdicts(published: PublishedFiles) -> Iterator[InputError]:
    """Run every output again, because the column ``passed`` proves nothing."""
    # Mixes overlap: the key makes an output that several of them have run once.
    rows = {
        (row["mbpp_id"], row["output"]): f"{published.path / tables.file_names(name)[0]}:{number}"
        for name, lines in published.mixes.items()
        for number, row in enumerate(lines, start=1)
        if row["mbpp_id"] in published.problems
    }
    jobs = [(published.problems[name], Sample(task_id=name, solution=code)) for name, code in rows]
    for where, verdict in zip(rows.values(), grade_samples(jobs, label="run again"), strict=True):
        if not verdict.passed:
            what = f"its output does not pass: {verdict.status} {verdict.detail}".rstrip()
            yield InputError(what, where=f"{where}.output", fix="leave the row out, or make the data set again")


def _contamination(published: PublishedFiles, settings: DifficultySettings) -> Iterator[InputError]:
    """Compare problems, and instructions with outputs, with the evaluation split."""
    names = {problem.task_id for problem in published.evaluation}
    groups = {problem.group for problem in published.evaluation if problem.group}
    for problem in published.problems.values():
        if problem.task_id in names or problem.group in groups:
            what = f"{problem.task_id} is an evaluation problem, or of the group of one"
            yield InputError(what, where=str(published.path / tables.PROBLEMS_JSONL), fix=FIX)
    rows = {
        f"{row['instruction']}\n{row['output']}": f"{published.path / tables.file_names(name)[0]}:{number}"
        for name, lines in published.mixes.items()
        for number, row in enumerate(lines, start=1)
    }
    problems = {problem.prompt: str(published.path / tables.PROBLEMS_JSONL) for problem in published.problems.values()}
    whole = [decontamination.prompt_and_reference(problem) for problem in published.evaluation]
    yield from _near(published, rows, whole, near_duplicates.THRESHOLD)
    yield from _near(published, problems, [problem.prompt for problem in published.evaluation], settings.near_duplicate)


def _near(
    published: PublishedFiles, texts: Mapping[str, str], known: Sequence[str], threshold: float
) -> Iterator[InputError]:
    places = list(texts.values())
    for item in decontamination.overlaps(list(texts), known, threshold):
        what = f"is {item.similarity:.2f} like the evaluation problem {published.evaluation[item.evaluation].task_id}"
        yield InputError(what, where=places[item.train], fix=FIX)


def _trained_on(published: PublishedFiles, settings: DifficultySettings) -> Iterator[InputError]:
    wanted = Counter(prompts.code_turn(row["output"])[0].content for row in published.mixes[settings.mix])
    if Counter(published.trained) != wanted:
        yield InputError(
            f"does not hold the rows of the mix '{settings.mix}'", where=str(published.path / TRAIN), fix=FIX
        )
