"""What check says of the problems: which references fail and why, what nothing proves, and what is left for the run."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from codekiln.data.folders import REJECTED, Dataset, Rejected
from codekiln.data.records import Problem
from codekiln.data.text import first_line
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.problem_sets import NO_TESTS, REFERENCE_FAILS
from codekiln.stages import benchmarks

_SHOWN, _SHOWN_NAMES = 20, 5


class Size(NamedTuple):
    """Numbers of problems and of their groups."""

    problems: int
    groups: int


class Fault(NamedTuple):
    """A problem that cannot be graded: its name, where it was read, and why."""

    task_id: str
    where: str
    detail: str

    def __str__(self) -> str:
        return f"{', '.join(filter(None, (self.where, self.task_id)))}: {first_line(self.detail)}"


@dataclass(frozen=True)
class ProblemReport:
    """The problem sets of a run, in numbers.

    Attributes:
        train: Number of training problems.
        evaluation: Sizes of the evaluation sets by benchmark; the main one has an empty name.
        rejected: Number of rejected problems by reason.
        proven: Number of references that pass.
        faults: Problems whose reference fails, or that have no hidden test.
        unproven: Names of problems without a reference, whose tests nothing proves.
    """

    train: int
    evaluation: dict[str, Size]
    rejected: dict[str, int]
    proven: int
    faults: Sequence[Fault]
    unproven: Sequence[str]

    def sentence(self) -> str:
        """Return what was found, in one line."""
        failing = sum(count for reason, count in self.rejected.items() if reason == REFERENCE_FAILS)
        parts = [f"{self.proven:,} of {self.proven + failing:,} references pass"] if self.proven + failing else []
        if self.unproven:
            parts.append(f"{_problems(len(self.unproven))} without a reference, so nothing proves the tests")
        if self.rejected:
            counts = ", ".join(f"{number:,} {reason}" for reason, number in sorted(self.rejected.items()))
            parts.append(f"left out: {counts}")
        sizes = [f"{self.train:,} training", *(_evaluation(name, size) for name, size in self.evaluation.items())]
        return "; ".join([*parts, f"left: {', '.join(sizes)}"])

    def lines(self) -> Iterator[str]:
        """Yield a line for each problem that was left out because it cannot be graded, and one for the unproven."""
        yield from (f"left out {fault}" for fault in self.faults[:_SHOWN])
        if len(self.faults) > _SHOWN:
            yield f"left out {len(self.faults) - _SHOWN:,} more; all are in {REJECTED} beside the problems"
        if self.unproven:
            shown = ", ".join(self.unproven[:_SHOWN_NAMES]) + (", ..." if len(self.unproven) > _SHOWN_NAMES else "")
            yield f"without a reference, kept: {shown}"


def report(train: Sequence[Problem], evaluation: Sequence[Problem], rejected: Iterable[Rejected]) -> ProblemReport:
    """Return what is told of problem sets and of what was left out of them."""
    rows = [(item.reason, Fault(_name(item.row), item.where, item.detail)) for item in rejected]
    return _report(train, evaluation, rows)


def read_report(train: Dataset[Problem], evaluation: Dataset[Problem]) -> ProblemReport:
    """Return the report on problem sets that an earlier check left."""
    with (train.folder / REJECTED).open(encoding="utf-8") as file:
        rows = [_fault(json.loads(line)) for line in file]
    return _report(train.rows(), evaluation.rows(), rows)


def refuse_empty(train: Sequence[Problem], evaluation: Sequence[Problem], rejected: Sequence[Rejected]) -> None:
    """Raise InputErrors where no problem is left on one side, with every problem that cannot be graded."""
    found = report(train, evaluation, rejected)
    errors = []
    for kind, rows in (("training", train), ("evaluation", evaluation)):
        if not rows:
            counts = ", ".join(f"{count} {reason}" for reason, count in found.rejected.items())
            what = f"no {kind} problem is left after checking ({counts or 'the source gives none'})"
            fix = "give more problems, or problems whose references pass their tests"
            errors.append(InputError(what, where="problems", fix=fix))
    if errors:
        faults = [
            InputError(f"{fault.task_id}: {first_line(fault.detail)}", where=fault.where, fix="correct the problem")
            for fault in found.faults
        ]
        raise InputErrors([*errors, *faults])


def _report(
    train: Sequence[Problem], evaluation: Sequence[Problem], rejected: Sequence[tuple[str, Fault]]
) -> ProblemReport:
    kept = [*train, *evaluation]
    return ProblemReport(
        train=len(train),
        evaluation=_sizes(evaluation),
        rejected=dict(Counter(reason for reason, _ in rejected).most_common()),
        proven=sum(bool(row.tests and row.reference) for row in kept),
        faults=sorted(
            (fault for reason, fault in rejected if fault.detail and reason.startswith((REFERENCE_FAILS, NO_TESTS))),
            key=_place,
        ),
        unproven=[row.task_id for row in kept if row.tests and not row.reference],
    )


def _fault(line: Mapping[str, Any]) -> tuple[str, Fault]:
    row = line["row"] if isinstance(line["row"], dict) else {}
    return str(line["reason"]), Fault(str(row.get("task_id", "")), line.get("where", ""), line.get("detail", ""))


def _place(fault: Fault) -> list[tuple[int, str]]:
    """Return a key that sorts by file, and line 10 after line 9."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", fault.where)]


def _name(row: object) -> str:
    return str(getattr(row, "task_id", ""))


def _problems(count: int) -> str:
    return f"{count:,} problem is" if count == 1 else f"{count:,} problems are"


def _evaluation(name: str, size: Size) -> str:
    return f"{size.problems:,} of the benchmark {name}" if name else f"{size.problems:,} evaluation problems"


def _sizes(problems: Sequence[Problem]) -> dict[str, Size]:
    """Return the sizes of evaluation sets by benchmark."""
    sets = {name: benchmarks.of(problems, name) for name in dict.fromkeys(row.benchmark for row in problems)}
    groups = {name: {row.group or (row.task_id,) for row in rows} for name, rows in sets.items()}
    return {name: Size(len(rows), len(groups[name])) for name, rows in sets.items()}
