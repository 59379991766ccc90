"""The recipe's own files of a published data set: the problems, and the rows of each variant by split."""

from collections.abc import Callable, Iterable, Mapping

from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.student.ground_truth import GroundTruth
from codekiln.recipes.student.questions import write_questions
from codekiln.recipes.student.schema import write_rows
from codekiln.recipes.student.source import PROBLEMS, CourseData
from codekiln.recipes.student.split import SplitRows, rows_by_cell
from codekiln.recipes.student.variants import PUBLISHED_VARIANTS, Variant


def files(data: CourseData, split_rows: Callable[[Variant], SplitRows], variant: Variant) -> Mapping[str, str]:
    """Return the files by name.

    From streams these are the rows of all published variants and of the run's own; from rows, of the run's own alone.
    """
    variants = dict.fromkeys([*PUBLISHED_VARIANTS, variant]) if data.has_streams else {variant: None}
    found = {PROBLEMS: write_questions(data.course.questions)}
    for one in variants:
        rows = split_rows(one)
        found[f"train_{one.name}.json"] = write_rows(item.row for item in rows.train)
        for cell, cell_rows in rows_by_cell(rows.evaluation, rows.split_of).items():
            found[f"test_{one.name}_{cell}.json"] = write_rows(cell_rows)
    return found


def refuse_changed_source(rows: SplitRows, problems: Iterable[Problem], source: str) -> None:
    """Raise InputError when the source no longer gives the rows that the problems were built from."""
    codes = {item.task_id: item.row.code for item in [*rows.train, *rows.evaluation]}
    for problem in problems:
        if codes.get(problem.task_id) != GroundTruth.of(problem).code:
            raise InputError(
                f"has changed since the problems were made: {problem.task_id} is another",
                where=f"recipes.student.source = {source}",
                fix="start the run again with its first stage",
            )
