"""Columns of the recipe's data files, and how the files are written and read."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codekiln.data import prompts
from codekiln.data.records import Graded, Problem
from codekiln.data.text import read_text
from codekiln.errors import InputError
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.rates import KS, BandThresholds, SolveRate
from codekiln.recipes.difficulty.solutions import Solution

JSONL = ("instruction", "input", "output", "difficulty", "mbpp_id")
CSV = ("mbpp_id", "prompt", "response", "difficulty", "passed", "run_id")
LOW, HIGH, CERTAINTY = "pass@1_low", "pass@1_high", "certainty"
PROBLEMS = (
    "mbpp_id", "task_id", "difficulty", "n", "correct", *(f"pass@{k}" for k in KS), LOW, HIGH, CERTAINTY, "solutions",
)  # fmt: skip
DIGITS = 4
RUNS = ("run_id", "samples", "problems", "passed", "pass@1")

PROBLEMS_CSV, PROBLEMS_JSONL = "problems.csv", "problems.jsonl"
RUNS_CSV, SUMMARY_CSV = "runs.csv", "datasets_summary.csv"
_FIX = "make the data set again"


def name_of(problem: Problem) -> str:
    """Return the name of a problem in data files: MBPP's own number, and any other problem's task_id."""
    # The published sets have a column ``mbpp_id`` with the bare number.
    head, _, tail = problem.task_id.rpartition("/")
    return tail if head.lower() == "mbpp" else problem.task_id


def rows_of(mix: Mix, rated: RatedSolutions) -> tuple[str, str]:
    """Return the JSON Lines and the CSV of a data set, with the same rows in the same order."""
    lines = (_json_row(row, rated.bands[row.problem.task_id]) for row in mix.rows)
    return "".join(lines), table(CSV, (_csv_row(row, rated.bands[row.problem.task_id]) for row in mix.rows))


def file_names(name: str) -> tuple[str, str]:
    """Return the names of a data set's files: JSON Lines and CSV."""
    return f"dataset_{name}.jsonl", f"dataset_{name}.csv"


def problem_records(problems: Iterable[Problem], mixes: Iterable[Mix]) -> str:
    """Return the problems that data sets have solutions of, in full, so that anyone can run the solutions again."""
    used = {row.problem.task_id for mix in mixes for row in mix.rows}
    return "".join(row.model_dump_json() + "\n" for row in problems if row.task_id in used)


def problems_table(problems: Sequence[Problem], rated: RatedSolutions, thresholds: BandThresholds) -> str:
    """Return the table of all problems: how often each was solved, with its interval, and how sure its band is."""
    usable = Counter(solution.problem.task_id for rows in rated.solutions.values() for solution in rows)
    return table(
        PROBLEMS,
        (
            {
                "mbpp_id": name_of(row),
                "task_id": row.task_id,
                "difficulty": rated.bands[row.task_id],
                "n": rated.rates[row.task_id].n,
                "correct": rated.rates[row.task_id].correct,
                **rated.rates[row.task_id].estimates(),
                **uncertainty(rated.rates[row.task_id], thresholds),
                "solutions": usable[row.task_id],
            }
            for row in problems
        ),
    )


def uncertainty(rate: SolveRate, thresholds: BandThresholds) -> dict[str, float | None]:
    """Return the ends of the interval of a problem's pass@1, and the probability that its true rate is in its band."""
    low, high = rate.interval() or (None, None)
    values = {LOW: low, HIGH: high, CERTAINTY: thresholds.certainty(rate)}
    return {name: None if value is None else round(value, DIGITS) for name, value in values.items()}


def runs_table(graded: Iterable[Graded]) -> str:
    """Return the table of runs: samples of each, and the share of them that passed."""
    rows: dict[str, list[Graded]] = {}
    for item in graded:
        rows.setdefault(item.sample.model or "", []).append(item)
    return table(
        RUNS,
        (
            {
                "run_id": run,
                "samples": len(found),
                "problems": len({item.sample.task_id for item in found}),
                "passed": (passed := sum(item.verdict.passed for item in found)),
                "pass@1": passed / len(found),
            }
            for run, found in sorted(rows.items())
        ),
    )


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return a CSV with these columns; None is an empty cell, and line ends are LF."""
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def read_table(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, str]]:
    """Return the rows of a CSV.

    Raises:
        InputError: There is no such file, or its columns are not ``columns``.
    """
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        rows = list(reader)
    except csv.Error as error:
        raise InputError(f"cannot be read: {error}", where=str(path), fix=_FIX) from None
    if columns is not None and tuple(reader.fieldnames or ()) != tuple(columns):
        found = ", ".join(reader.fieldnames or ())
        raise InputError(f"has the columns {found}, not {', '.join(columns)}", where=f"{path}:1", fix=_FIX)
    return rows


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file.

    Raises:
        InputError: There is no such file, or a line is no JSON object.
    """
    rows = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line:
            try:
                row = json.loads(line)
            except ValueError:
                row = None
            if not isinstance(row, dict):
                raise InputError("is no JSON object", where=f"{path}:{number}", fix=_FIX)
            rows.append(row)
    return rows


def _json_row(solution: Solution, band: str) -> str:
    question = prompts.messages(solution.problem)[-1].content
    values = (question, "", solution.code, band, name_of(solution.problem))
    return json.dumps(dict(zip(JSONL, values, strict=True)), ensure_ascii=False) + "\n"


def _csv_row(solution: Solution, band: str) -> dict[str, Any]:
    values = (
        name_of(solution.problem),
        solution.problem.prompt,
        solution.code,
        band,
        solution.graded.verdict.passed,
        solution.run,
    )
    return dict(zip(CSV, values, strict=True))
