"""Who is trained on and who is judged: the four cells of students and problems, new and old, without leakage.

Training sees only streams of old students on old problems. Of those, some streams are held out whole and judge in the
cell old / old. A problem that nearly repeats another is new or old together with it.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal, get_args

from codekiln.data import near_duplicates, splits
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.recipes.student.course import Question

Cell = Literal[
    "old-student-old-problem", "old-student-new-problem", "new-student-old-problem", "new-student-new-problem"
]
CELLS: tuple[Cell, ...] = get_args(Cell)
TRAIN = "train"

Key = tuple[str, str]


@dataclass(frozen=True)
class Fractions:
    """How much is held out.

    Attributes:
        students: Share of the students that are new.
        problems: Share of the problems that are new.
        streams: Share of the old students' streams on old problems that are held out whole.
        semesters: Students of these semesters are new, instead of a share of all.
        named: These problems are new, instead of a share of all.
    """

    students: float
    problems: float
    streams: float
    semesters: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


def assign(
    streams: Sequence[tuple[Key, str]], questions: dict[str, Question], fractions: Fractions, seed: int
) -> dict[Key, Cell | Literal["train"]]:
    """Return the side of every stream: ``train``, or the cell in which it judges.

    Args:
        streams: Key (student, problem) and semester of each stream.
        questions: The problems by name.
        fractions: How much is held out.
        seed: The same streams and seed give the same sides.

    Raises:
        InputErrors: A semester or problem that is to be new does not exist, or nothing is left to train on.
    """
    _refuse_unknown(streams, fractions)
    new_students = _new_students(streams, fractions, seed)
    new_problems = _new_problems(sorted({key[1] for key, _ in streams}), questions, fractions, seed)
    sides: dict[Key, Cell | Literal["train"]] = {}
    both_old = []
    for key, _ in streams:
        student, question = key
        if student not in new_students and question not in new_problems:
            both_old.append(key)
        sides[key] = cell_of(student in new_students, question in new_problems)
    held = splits.sample_fraction(sorted(both_old), fractions.streams, f"{seed}:streams")
    sides |= {key: TRAIN for key in both_old if key not in held}
    if TRAIN not in sides.values():
        raise InputError(
            "no stream is left to train on",
            where="recipes.student",
            fix="hold out fewer students, semesters or problems, or give more data",
        )
    return sides


def cell_of(is_new_student: bool, is_new_problem: bool) -> Cell:
    """Return the cell of a stream that judges."""
    student, problem = ("new" if new else "old" for new in (is_new_student, is_new_problem))
    return f"{student}-student-{problem}-problem"  # type: ignore[return-value]


def balanced(keys: Sequence[Key], cells: dict[Key, str], size: int | None, seed: int) -> list[int]:
    """Choose ``size`` rows, the cells' turns about and within a cell the streams' turns about; return their indices.

    Args:
        keys: The stream of each row.
        cells: The cell of each stream.
        size: How many rows; None: all.
        seed: Seeds the order.
    """
    order = list(range(len(keys)))
    random.Random(f"{seed}:rows").shuffle(order)
    taken: Counter[Key] = Counter()
    by_cell: dict[str, list[tuple[int, int]]] = {cell: [] for cell in (*CELLS, TRAIN)}
    for index in order:
        by_cell[cells[keys[index]]].append((taken[keys[index]], index))
        taken[keys[index]] += 1
    queues = [sorted(rows, key=lambda row: row[0]) for rows in by_cell.values()]
    mixed = [row[1] for turn in zip_longest(*queues) for row in turn if row is not None]
    return sorted(mixed[:size])


def _refuse_unknown(streams: Sequence[tuple[Key, str]], fractions: Fractions) -> None:
    known = {
        "new_semesters": (fractions.semesters, {semester for _, semester in streams}),
        "new_problem_names": (fractions.named, {key[1] for key, _ in streams}),
    }
    errors = [
        InputError(f"there is no '{name}' in the data", where=f"recipes.student.{key}", fix=did_you_mean(name, there))
        for key, (wanted, there) in known.items()
        for name in wanted
        if name not in there
    ]
    if errors:
        raise InputErrors(errors)


def _new_students(streams: Sequence[tuple[Key, str]], fractions: Fractions, seed: int) -> set[str]:
    if fractions.semesters:
        return {key[0] for key, semester in streams if semester in fractions.semesters}
    return splits.sample_fraction(sorted({key[0] for key, _ in streams}), fractions.students, f"{seed}:students")


def _new_problems(names: list[str], questions: dict[str, Question], fractions: Fractions, seed: int) -> set[str]:
    family = families(names, questions)
    drawn = set(fractions.named) or splits.sample_fraction(
        sorted(set(family.values())), fractions.problems, f"{seed}:problems"
    )
    chosen = {family[name] for name in drawn}
    return {name for name in names if family[name] in chosen}


def families(names: Sequence[str], questions: dict[str, Question]) -> dict[str, str]:
    """Return for each problem the first problem whose text it nearly repeats, or itself."""
    texts = [_text(questions[name]) for name in names]
    return {name: names[first] for name, first in zip(names, near_duplicates.first_of_each(texts), strict=True)}


def _text(question: Question) -> str:
    return f"{question.instructions}\n{question.skeleton_code_todo}"
