"""Validation of the recipe's own files in a published data set: wrong rows, and leaks between the splits."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import StreamKey
from codekiln.recipes.student.questions import read_questions
from codekiln.recipes.student.schema import read_rows
from codekiln.recipes.student.source import PROBLEMS
from codekiln.recipes.student.split import overlaps
from codekiln.recipes.student.stages import LocatedRow, wrong_stages
from codekiln.recipes.student.variants import parse_variant


def validate(folder: Path, threshold: float) -> Iterator[InputError]:
    """Yield everything that is wrong with the files of a folder.

    These are wrong rows, streams in both splits of any variant, evaluation streams in the context of training rows,
    training rows that nearly repeat the code of an evaluation row, and stages that the other rows contradict.

    Args:
        folder: Folder of the data set.
        threshold: Similarity from which rows are near-duplicates.
    """
    try:
        if (folder / PROBLEMS).is_file():
            read_questions(folder / PROBLEMS)
    except InputError as error:
        yield from _each(error)
    train: dict[str, list[LocatedRow]] = defaultdict(list)
    test: dict[str, list[LocatedRow]] = defaultdict(list)
    for path in sorted(folder.glob("*_exp*.json")):
        split, variant = path.stem.partition("_")[0], parse_variant(path.stem)
        if split not in ("train", "test") or variant is None:
            yield InputError("no file of this recipe has such a name", where=str(path), fix="rename or remove it")
            continue
        try:
            rows = read_rows(path, variant.experiment)
        except InputError as error:
            yield from _each(error)
            continue
        located = [LocatedRow(path, number, row) for number, row in enumerate(rows, start=1)]
        (train if split == "train" else test)[variant.name] += located
    # A stream must be in one split in all files together, because the variants show the same work.
    evaluated = {item.key: item.path for items in test.values() for item in items}
    yield from wrong_stages([item for items in (*train.values(), *test.values()) for item in items])
    for name, items in train.items():
        yield from _leaks(items, evaluated)
        yield from _near_duplicates(items, test[name], threshold)


def _leaks(train: Sequence[LocatedRow], evaluated: Mapping[StreamKey, Path]) -> Iterator[InputError]:
    for item in train:
        where, key = f"{item.path}: row {item.number}", item.key
        if key in evaluated:
            what = f"{key.student}'s stream for {key.question} is also evaluated on, in {evaluated[key].name}"
            yield InputError(what, where=f"{where}.INPUT.student_id", fix="take it out of one of them")
        for old in item.row.INPUT.past_problem_submissions:
            if (key.student, old.question_name) in evaluated:
                what = f"shows {key.student}'s stream for {old.question_name}, which is evaluated on"
                place = f"{where}.INPUT.past_problem_submissions"
                yield InputError(what, where=place, fix="take it out of the context")


def _near_duplicates(train: Sequence[LocatedRow], test: Sequence[LocatedRow], threshold: float) -> Iterator[InputError]:
    found = overlaps([item.row for item in train], [item.row for item in test], threshold)
    # One complaint per training row is enough.
    for overlap in {overlap.train: overlap for overlap in found}.values():
        mine, other = train[overlap.train], test[overlap.evaluation]
        what = f"nearly repeats row {other.number} of {other.path.name} ({overlap.similarity:.2f})"
        yield InputError(what, where=f"{mine.path}: row {mine.number}.OUTPUT", fix="take one of them out")


def _each(error: InputError) -> tuple[InputError, ...]:
    return error.errors if isinstance(error, InputErrors) else (error,)
