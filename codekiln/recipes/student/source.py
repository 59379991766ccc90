"""Where students' work comes from: the embedded course, a file of streams, a file of rows; and pseudonyms."""

import hashlib
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import Course, Question, Stream, read_questions, read_streams
from codekiln.recipes.student.schema import NextRow, Row, read_rows
from codekiln.recipes.student.variants import Located, Variant

EMBEDDED = "embedded"
PROBLEMS, STREAMS = "problems.json", "streams.jsonl"


@dataclass(frozen=True)
class Source:
    """What a source holds: streams of a course, or rows of one variant; problems either way.

    Attributes:
        course: Problems, and the streams where these are known.
        rows: Rows that came as rows, without their streams; empty where there are streams.
    """

    course: Course
    rows: tuple[Located, ...] = ()

    @property
    def has_streams(self) -> bool:
        """True when rows of every variant can be made."""
        return bool(self.course.streams)


def read_source(source: str, problems_file: str, variant: Variant, students: int, seed: int) -> Source:
    """Read a source.

    Args:
        source: ``embedded``, a ``.jsonl`` file of streams, a ``.json`` file of rows, or a folder with ``streams.jsonl``
            or ``train_<variant>.json``.
        problems_file: Problems with their tests; empty: ``problems.json`` beside the source, where there is one.
        variant: Which rows are wanted.
        students: Size of the embedded class.
        seed: Of the embedded class.

    Raises:
        InputErrors: What is wrong with the files, all at once.
    """
    if source == EMBEDDED:
        from codekiln.recipes.student import embedded

        return Source(embedded.course(students, seed))
    path, problems = files_of(source, problems_file, variant)
    questions = read_questions(problems) if problems else {}
    if path.suffix == ".jsonl":
        if not questions:
            raise InputError("needs the problems with their instructions and skeletons", where=str(path), fix=_FIX)
        return Source(read_streams(path, questions))
    return _of_rows(read_rows(path, variant.experiment), questions, variant, path)


_FIX = f"set recipes.student.problems_file, or put {PROBLEMS} beside the file"


def files_of(source: str, problems_file: str, variant: Variant) -> tuple[Path, Path | None]:
    """Return the file of students' work and the problems file of a source that is not embedded.

    Raises:
        InputError: There is no such file.
    """
    path = Path(source)
    if path.is_dir():
        choices = (path / f"train_{variant.name}.json", path / STREAMS)
        found = next((choice for choice in choices if choice.is_file()), None)
        if found is None:
            fix = f"put {choices[0].name} or {choices[1].name} there, or choose another experiment, context or k"
            raise InputError("has no file of this variant", where=str(path), fix=fix)
        path = found
    if not path.is_file():
        raise InputError("no such file or folder", where=f"recipes.student.source = {source}", fix="check the path")
    beside = path.parent / PROBLEMS
    return path, Path(problems_file) if problems_file else beside if beside.is_file() else None


def digests(source: str, problems_file: str, variant: Variant) -> dict[str, str]:
    """Return the sha256 of each file that a source consists of, by setting."""
    if source == EMBEDDED:
        return {}
    path, problems = files_of(source, problems_file, variant)
    files = {"student.source": path} | ({"student.problems_file": problems} if problems else {})
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in files.items() if file.is_file()}


def pseudonymous(source: Source, seed: int) -> Source:
    """Return the same work under made-up names: numbers in an order that the names do not decide."""
    students = sorted({stream.student for stream in source.course.streams} | {row.key[0] for row in source.rows})
    random.Random(f"{seed}:pseudonyms").shuffle(students)
    names = {student: f"s{number + 1:04}" for number, student in enumerate(students)}
    streams = tuple(replace(stream, student=names[stream.student]) for stream in source.course.streams)
    return Source(Course(source.course.questions, streams), tuple(_renamed(row, names) for row in source.rows))


def _renamed(located: Located, names: dict[str, str]) -> Located:
    student = names[located.key[0]]
    given = located.row.INPUT.model_copy(update={"student_id": student})
    row = located.row.model_copy(update={"INPUT": given})
    return replace(located, task_id=f"{located.key[1]}/{student}/{located.attempt}", row=row)


def _of_rows(rows: Sequence[Row], questions: dict[str, Question], variant: Variant, path: Path) -> Source:
    counts: Counter[tuple[str, str]] = Counter()
    known: dict[str, Question] = {}
    located, errors = [], []
    for number, row in enumerate(rows, start=1):
        name = row.INPUT.question_name
        question = _question(row, questions.get(name, Question()))
        if known.setdefault(name, question) != question:
            what = "differs from an earlier row in the problem's text"
            fix = "give every row of a problem the same instructions and skeletons"
            errors.append(InputError(what, where=f"{path}: row {number}.INPUT.question_name", fix=fix))
        prior = row.INPUT.curr_problem_prior_submissions if isinstance(row, NextRow) else ()
        if len(prior) > variant.k:
            what = f"has {len(prior)} submissions, and k is {variant.k}"
            where = f"{path}: row {number}.INPUT.curr_problem_prior_submissions"
            errors.append(InputError(what, where=where, fix="set recipes.student.k, or give another file"))
        key = (row.INPUT.student_id, name)
        located.append(Located(f"{name}/{key[0]}/{counts[key]}", row, counts[key], prior))
        counts[key] += 1
    if errors:
        raise InputErrors(errors)
    return Source(Course(known), tuple(located))


def _question(row: Row, tested: Question) -> Question:
    fields = ("assignment_name", "instructions", "skeleton_code_fixed", "skeleton_code_todo")
    return tested.model_copy(update={field: getattr(row.INPUT, field) for field in fields})


def streams_of(course: Course, keys: set[tuple[str, str]]) -> list[Stream]:
    """Return the streams with these keys, in order."""
    return [stream for stream in course.streams if stream.key in keys]
