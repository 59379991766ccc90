"""From a source to rows on sides: nothing that judges is trained on, as a target or as context."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codekiln.data.decontamination import Overlap, overlaps_within
from codekiln.data.folders import Rejected
from codekiln.recipes.student.schema import NextRow, Row
from codekiln.recipes.student.source import Source, streams_of
from codekiln.recipes.student.split import CELLS, TRAIN, Fractions, Key, assign
from codekiln.recipes.student.templates import holds_marker
from codekiln.recipes.student.variants import Located, Variant, rows_of


@dataclass(frozen=True)
class Material:
    """Rows of one variant, by side.

    Attributes:
        train: Rows that train.
        evaluation: Rows that judge; `sides` says in which cell.
        sides: ``train`` or a cell for every stream.
        rejected: Rows that were turned away.
    """

    train: list[Located]
    evaluation: list[Located]
    sides: dict[Key, str]
    rejected: list[Rejected]


def divide(source: Source, variant: Variant, fractions: Fractions, past: int, threshold: float, seed: int) -> Material:
    """Return the rows of a variant on their sides.

    Turned away are: ``duplicate``, a row equal to another of its stream; ``marker-in-code``, code that holds a marker;
    ``near-duplicate``, a training row whose prior submissions and target together nearly repeat an evaluation row's.

    Args:
        source: Streams or rows.
        variant: Which rows.
        fractions: How much is held out.
        past: Problems in a context.
        threshold: Similarity from which rows are near-duplicates.
        seed: The same source and seed give the same sides.
    """
    streams = {row.key: row.row.INPUT.semester for row in source.rows}
    streams |= {stream.key: stream.semester for stream in source.course.streams}
    sides = assign(list(streams.items()), source.course.questions, fractions, seed)
    train, evaluation = (_rows(source, variant, sides, judges, past) for judges in (False, True))
    rejected: list[Rejected] = []
    train, evaluation = (_distinct(rows, rejected) for rows in (train, evaluation))
    train = _unlike(train, evaluation, threshold, rejected)
    return Material(train, evaluation, sides, rejected)


def _rows(source: Source, variant: Variant, sides: dict[Key, str], judges: bool, past: int) -> list[Located]:
    """Return one side's rows; what training rows show as context is of training streams only."""
    wanted = {key for key, side in sides.items() if (side != TRAIN) == judges}
    shown = set(sides) if judges else wanted
    if source.has_streams:
        course = source.course
        return rows_of(course, variant, streams_of(course, wanted), streams_of(course, shown), past)
    return [replace(row, row=_context(row.row, variant, shown)) for row in source.rows if row.key in wanted]


def _context(row: Row, variant: Variant, shown: set[Key]) -> Row:
    """Return a row without what its context may not show: the problem that is asked, and streams of the other side."""
    given = row.INPUT
    kept = tuple(
        old
        for old in given.past_problem_submissions
        if variant.context
        and old.question_name != given.question_name
        and ((given.student_id, old.question_name) in shown)
    )
    return row.model_copy(update={"INPUT": given.model_copy(update={"past_problem_submissions": kept})})


def _distinct(rows: Sequence[Located], rejected: list[Rejected]) -> list[Located]:
    kept: dict[str, Located] = {}
    for located in rows:
        text = located.row.model_dump_json()
        if text in kept:
            rejected.append(Rejected("duplicate", located.row))
        elif any(map(holds_marker, _own(located.row))):
            rejected.append(Rejected("marker-in-code", located.row))
        else:
            kept[text] = located
    return list(kept.values())


def _unlike(
    train: list[Located], evaluation: list[Located], threshold: float, rejected: list[Rejected]
) -> list[Located]:
    close = {item.train for item in overlaps([row.row for row in train], [row.row for row in evaluation], threshold)}
    rejected += [Rejected("near-duplicate", located.row) for index, located in enumerate(train) if index in close]
    return [located for index, located in enumerate(train) if index not in close]


def overlaps(train: Sequence[Row], evaluation: Sequence[Row], threshold: float) -> list[Overlap]:
    """Return the training rows whose own text nearly repeats that of an evaluation row to the same problem."""
    sides = ([(row.INPUT.question_name, own_text(row)) for row in rows] for rows in (train, evaluation))
    return overlaps_within(*sides, threshold)


def own_text(row: Row) -> str:
    """Return what a row holds of the student's own: earlier submissions for the problem, and the target."""
    return "\n\n".join(_own(row))


def _own(row: Row) -> list[str]:
    prior = row.INPUT.curr_problem_prior_submissions if isinstance(row, NextRow) else ()
    return [*prior, row.code]


def by_cell(rows: Sequence[Located], sides: dict[Key, str]) -> dict[str, list[Row]]:
    """Return the rows of each cell, empty cells included."""
    return {cell: [located.row for located in rows if sides[located.key] == cell] for cell in CELLS}
