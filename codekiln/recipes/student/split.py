"""Split of streams and rows: training data, and four evaluation cells of old and new students and problems.

Training uses only streams of old students on old problems. Some of those streams are held out whole and are evaluated
in the cell old / old. Near-duplicate problems are new or old together. No row that is evaluated on is trained on, as a
target or as context.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal, get_args

from codekiln.data import near_duplicates, splits
from codekiln.data.decontamination import Overlap, overlaps_within
from codekiln.data.folders import Rejected
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.recipes.student.course import StreamKey
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import Row, prior_submissions, replace_input
from codekiln.recipes.student.source import CourseData, select_streams
from codekiln.recipes.student.templates import contains_marker
from codekiln.recipes.student.variants import Variant, VariantRow, build_rows

Cell = Literal[
    "old-student-old-problem", "old-student-new-problem", "new-student-old-problem", "new-student-new-problem"
]
CELLS: tuple[Cell, ...] = get_args(Cell)
Split = Literal["train"] | Cell
TRAIN: Literal["train"] = "train"

_CELL_OF: dict[tuple[bool, bool], Cell] = {
    (False, False): "old-student-old-problem",
    (False, True): "old-student-new-problem",
    (True, False): "new-student-old-problem",
    (True, True): "new-student-new-problem",
}
"""The cell of a held-out stream, by whether its student and its problem are new."""


@dataclass(frozen=True)
class HoldOut:
    """How much is held out of training.

    Attributes:
        students: Share of the students that are new.
        problems: Share of the problems that are new.
        streams: Share of the old students' streams on old problems that are held out whole.
        semesters: Students of these semesters are new, instead of a share of all.
        problem_names: These problems are new, instead of a share of all.
    """

    students: float
    problems: float
    streams: float
    semesters: tuple[str, ...] = ()
    problem_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class SplitRows:
    """Rows of one variant, split.

    Attributes:
        train: Training rows.
        evaluation: Evaluation rows; `split_of` has their cells.
        split_of: ``train`` or the cell of every stream.
        rejected: Rows that are in neither split.
    """

    train: list[VariantRow]
    evaluation: list[VariantRow]
    split_of: dict[StreamKey, Split]
    rejected: list[Rejected]


def assign_streams(
    streams: Sequence[tuple[StreamKey, str]], questions: Mapping[str, Question], hold_out: HoldOut, seed: int
) -> dict[StreamKey, Split]:
    """Return ``train`` or the evaluation cell of every stream.

    Args:
        streams: Key and semester of each stream.
        questions: The problems by name.
        hold_out: How much is held out.
        seed: The same streams and seed give the same split.

    Raises:
        InputErrors: A semester or problem that is to be new does not exist, or nothing is left to train on.
    """
    _refuse_unknown(streams, hold_out)
    new_students = _new_students(streams, hold_out, seed)
    new_problems = _new_problems(sorted({key.question for key, _ in streams}), questions, hold_out, seed)
    split_of: dict[StreamKey, Split] = {
        key: _CELL_OF[key.student in new_students, key.question in new_problems] for key, _ in streams
    }
    # Sorted, so that the sample does not depend on the order of the rows in a file.
    both_old = sorted(key for key, split in split_of.items() if split == "old-student-old-problem")
    held_out = splits.sample_fraction(both_old, hold_out.streams, f"{seed}:streams")
    split_of.update({key: TRAIN for key in both_old if key not in held_out})
    if TRAIN not in split_of.values():
        raise InputError(
            "no stream is left to train on",
            where="recipes.student",
            fix="hold out fewer students, semesters or problems, or give more data",
        )
    return split_of


def split_rows(
    data: CourseData, variant: Variant, hold_out: HoldOut, past: int, threshold: float, seed: int
) -> SplitRows:
    """Return the rows of a variant, split.

    Rejected are ``duplicate`` (equal to another row), ``marker-in-code`` (the code contains a marker of the template)
    and ``near-duplicate`` (a training row whose submissions nearly repeat those of an evaluation row).

    Args:
        data: Streams or rows.
        variant: Which rows.
        hold_out: How much is held out.
        past: Number of earlier problems in a context.
        threshold: Similarity from which rows are near-duplicates.
        seed: The same data and seed give the same split.
    """
    semesters = {row.key: row.row.INPUT.semester for row in data.rows}
    semesters |= {stream.key: stream.semester for stream in data.course.streams}
    split_of = assign_streams(list(semesters.items()), data.course.questions, hold_out, seed)
    trained = {key for key, split in split_of.items() if split == TRAIN}
    rejected: list[Rejected] = []
    # A training row must not show evaluated work even as context; an evaluation row may show any work.
    train = _distinct(_rows(data, variant, trained, trained, past), rejected)
    evaluation = _distinct(_rows(data, variant, split_of.keys() - trained, split_of.keys(), past), rejected)
    train = _decontaminated(train, evaluation, threshold, rejected)
    return SplitRows(train, evaluation, split_of, rejected)


def overlaps(train: Sequence[Row], evaluation: Sequence[Row], threshold: float) -> list[Overlap]:
    """Return the training rows that nearly repeat the student's own text of an evaluation row of the same problem.

    The problem's text is the same for all students, so only submissions are compared.
    """
    left, right = ([(row.INPUT.question_name, own_text(row)) for row in rows] for rows in (train, evaluation))
    return overlaps_within(left, right, threshold)


def own_text(row: Row) -> str:
    """Return the student's own text in a row: earlier submissions for the problem, and the target."""
    return "\n\n".join(_submissions(row))


def rows_by_cell(rows: Sequence[VariantRow], split_of: Mapping[StreamKey, Split]) -> dict[Cell, list[Row]]:
    """Return the rows of each cell, empty cells included."""
    return {cell: [item.row for item in rows if split_of[item.key] == cell] for cell in CELLS}


def balanced_sample(
    keys: Sequence[StreamKey], split_of: Mapping[StreamKey, Split], size: int | None, seed: int
) -> list[int]:
    """Return the indices of ``size`` rows, taken in turn from each cell and within a cell from each stream.

    Args:
        keys: The stream of each row.
        split_of: The split or cell of each stream.
        size: How many rows; None: all.
        seed: Seeds the order.
    """
    order = list(range(len(keys)))
    random.Random(f"{seed}:rows").shuffle(order)
    taken: Counter[StreamKey] = Counter()
    by_split: dict[Split, list[tuple[int, int]]] = {split: [] for split in (*CELLS, TRAIN)}
    for index in order:
        key = keys[index]
        by_split[split_of[key]].append((taken[key], index))
        taken[key] += 1
    # Rows are ordered by their rank within the stream, so that no stream dominates a small sample.
    queues = [sorted(rows, key=lambda row: row[0]) for rows in by_split.values()]
    mixed = [row[1] for turn in zip_longest(*queues) for row in turn if row is not None]
    return sorted(mixed[:size])


def problem_families(names: Sequence[str], questions: Mapping[str, Question]) -> dict[str, str]:
    """Return for each problem the first problem of those whose text, in any semester, it nearly repeats, or itself."""
    texts = [(name, text) for name in names for text in questions[name].texts]
    family = {name: name for name in names}
    for number, first in enumerate(near_duplicates.earliest_duplicates([text for _, text in texts])):
        joined = {family[texts[number][0]], family[texts[first][0]]}
        # A problem of several texts can join two families that were apart.
        family = {name: min(joined, key=names.index) if old in joined else old for name, old in family.items()}
    return family


def _rows(
    data: CourseData, variant: Variant, wanted: Set[StreamKey], shown: Set[StreamKey], past: int
) -> list[VariantRow]:
    """Return the rows of the wanted streams; only streams in ``shown`` appear as context."""
    if data.has_streams:
        course = data.course
        return build_rows(course, variant, select_streams(course, wanted), select_streams(course, shown), past)
    return [replace(item, row=_with_context(item.row, variant, shown)) for item in data.rows if item.key in wanted]


def _with_context(row: Row, variant: Variant, shown: Set[StreamKey]) -> Row:
    """Return a row without the context that its variant or its split must not show."""
    student, current = row.INPUT.student_id, row.INPUT.question_name

    def may_show(question: str) -> bool:
        return variant.context and question != current and StreamKey(student, question) in shown

    kept = tuple(old for old in row.INPUT.past_problem_submissions if may_show(old.question_name))
    return replace_input(row, past_problem_submissions=kept)


def _distinct(rows: Sequence[VariantRow], rejected: list[Rejected]) -> list[VariantRow]:
    kept: dict[str, VariantRow] = {}
    for item in rows:
        text = item.row.model_dump_json()
        if text in kept:
            rejected.append(Rejected("duplicate", item.row))
        elif any(map(contains_marker, _submissions(item.row))):
            rejected.append(Rejected("marker-in-code", item.row))
        else:
            kept[text] = item
    return list(kept.values())


def _decontaminated(
    train: list[VariantRow], evaluation: list[VariantRow], threshold: float, rejected: list[Rejected]
) -> list[VariantRow]:
    found = overlaps([item.row for item in train], [item.row for item in evaluation], threshold)
    close = {overlap.train for overlap in found}
    rejected += [Rejected("near-duplicate", item.row) for index, item in enumerate(train) if index in close]
    return [item for index, item in enumerate(train) if index not in close]


def _submissions(row: Row) -> list[str]:
    return [*prior_submissions(row), row.code]


def _refuse_unknown(streams: Sequence[tuple[StreamKey, str]], hold_out: HoldOut) -> None:
    known = {
        "new_semesters": (hold_out.semesters, {semester for _, semester in streams}),
        "new_problem_names": (hold_out.problem_names, {key.question for key, _ in streams}),
    }
    errors = [
        InputError(f"there is no '{name}' in the data", where=f"recipes.student.{key}", fix=did_you_mean(name, there))
        for key, (wanted, there) in known.items()
        for name in wanted
        if name not in there
    ]
    if errors:
        raise InputErrors(errors)


def _new_students(streams: Sequence[tuple[StreamKey, str]], hold_out: HoldOut, seed: int) -> set[str]:
    if hold_out.semesters:
        return {key.student for key, semester in streams if semester in hold_out.semesters}
    students = sorted({key.student for key, _ in streams})
    return splits.sample_fraction(students, hold_out.students, f"{seed}:students")


def _new_problems(names: list[str], questions: Mapping[str, Question], hold_out: HoldOut, seed: int) -> set[str]:
    family = problem_families(names, questions)
    families = sorted(set(family.values()))
    drawn = set(hold_out.problem_names) or splits.sample_fraction(families, hold_out.problems, f"{seed}:problems")
    chosen = {family[name] for name in drawn}
    return {name for name in names if family[name] in chosen}
