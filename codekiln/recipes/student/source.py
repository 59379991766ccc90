"""Sources of student work: the embedded class, a streams file or a rows file; and pseudonymisation."""

import contextlib
import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from codekiln.data.files import sha256_file
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import Course, Stream, StreamKey, read_streams
from codekiln.recipes.student.questions import Question, merged, read_questions
from codekiln.recipes.student.schema import (
    STAGES,
    Row,
    StageRow,
    is_row_file,
    prior_submissions,
    read_array,
    read_rows,
    replace_input,
    split_thought,
)
from codekiln.recipes.student.variants import Variant, VariantRow

EMBEDDED = "embedded"
PROBLEMS, STREAMS = "problems.json", "streams.jsonl"


@dataclass(frozen=True)
class CourseData:
    """The data of a source: the problems of a course, with either streams or rows of one variant.

    Attributes:
        course: The problems, and the streams where they are known.
        rows: Rows of a source without streams; empty where there are streams.
    """

    course: Course
    rows: tuple[VariantRow, ...] = ()

    @property
    def has_streams(self) -> bool:
        """Whether there are streams, from which the rows of every variant can be built."""
        return bool(self.course.streams)


def read_source(source: str, problems_file: str, variant: Variant, students: int, seed: int) -> CourseData:
    """Read the data of a source.

    Args:
        source: ``embedded``, a ``.jsonl`` file of streams or rows, a ``.json`` file of rows, or a folder with
            ``streams.jsonl`` or ``train_<variant>.json``.
        problems_file: Problems with their tests, or a folder of skeletons; empty: ``problems.json`` beside the source,
            if it exists.
        variant: Variant of the rows.
        students: Size of the embedded class.
        seed: Seeds the embedded class.

    Raises:
        InputErrors: Everything that is wrong with the files, at once.
    """
    if source == EMBEDDED:
        from codekiln.recipes.student import embedded

        return CourseData(embedded.course(students, seed))
    path, problems = locate_files(source, problems_file, variant)
    questions = read_questions(problems, _asked(path)) if problems else {}
    if path.suffix == ".jsonl" and not is_row_file(path):
        if not questions:
            fix = f"set recipes.student.problems_file, or put {PROBLEMS} beside the file"
            raise InputError("needs the problems with their instructions and skeletons", where=str(path), fix=fix)
        return CourseData(read_streams(path, questions))
    return _from_rows(read_rows(path, variant.experiment), questions, variant, path)


def locate_files(source: str, problems_file: str, variant: Variant) -> tuple[Path, Path | None]:
    """Return the path of the streams or rows file, and of the problems file, of a source that is not embedded.

    Raises:
        InputError: A file does not exist.
    """
    path = Path(source)
    if path.is_dir():
        # Rows of the exact variant are what the user prepared, so they take precedence over streams.
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


def file_digests(source: str, problems_file: str, variant: Variant) -> dict[str, str]:
    """Return the sha256 of each file of a source, by the setting that names it; none for the embedded class."""
    if source == EMBEDDED:
        return {}
    path, problems = locate_files(source, problems_file, variant)
    files = {"student.source": path} | ({"student.problems_file": problems} if problems else {})
    return {name: _digest(file) for name, file in files.items() if file.exists()}


def _digest(path: Path) -> str:
    """Return the sha256 of a file, or of the names and sha256 of the skeletons in a folder."""
    if path.is_file():
        return sha256_file(path)
    listed = "".join(f"{sha256_file(file)} {file.name}\n" for file in sorted(path.glob("*.py")))
    return hashlib.sha256(listed.encode()).hexdigest()


def pseudonymise(data: CourseData, seed: int) -> CourseData:
    """Return the same data with numbers in place of the students' names."""
    students = sorted({stream.student for stream in data.course.streams} | {row.key.student for row in data.rows})
    # Numbers in alphabetical order would tell something about the names.
    random.Random(f"{seed}:pseudonyms").shuffle(students)
    names = {student: f"s{number + 1:04}" for number, student in enumerate(students)}
    streams = tuple(replace(stream, student=names[stream.student]) for stream in data.course.streams)
    return CourseData(Course(data.course.questions, streams), tuple(_with_name(row, names) for row in data.rows))


def without_thoughts(data: CourseData) -> CourseData:
    """Return the same data without what the students think."""
    streams = tuple(replace(stream, thoughts=None) for stream in data.course.streams)
    rows = (
        replace(item, row=item.row.model_copy(update={"OUTPUT": split_thought(item.row.OUTPUT)[1]}))
        for item in data.rows
    )
    return CourseData(Course(data.course.questions, streams), tuple(rows))


def _with_name(item: VariantRow, names: dict[str, str]) -> VariantRow:
    student = names[item.key.student]
    task_id = f"{item.key.question}/{item.semester}/{student}/{item.attempt}"
    return replace(item, task_id=task_id, row=replace_input(item.row, student_id=student))


def _asked(path: Path) -> list[tuple[str, str]]:
    """Return semester and name of the problems in a file of streams or rows, in order; what is wrong in it counts not.

    The file is read and checked later.
    """
    with contextlib.suppress(InputError, AttributeError):
        given = [item.get("INPUT", item) for item in read_array(path)]
        return list(dict.fromkeys((str(one.get("semester")), str(one.get("question_name"))) for one in given))
    return []


def _from_rows(rows: Sequence[Row], questions: dict[str, Question], variant: Variant, path: Path) -> CourseData:
    versions: dict[str, dict[str, Question]] = defaultdict(dict)
    errors: list[InputError] = []
    for number, row in enumerate(rows, start=1):
        name, semester = row.INPUT.question_name, row.INPUT.semester
        question = _question(row, questions.get(name, Question()).of(semester))
        if versions[name].setdefault(semester, question) != question:
            what = f"differs from an earlier row of {semester} in the problem's text"
            fix = "give every row of a problem and a semester the same instructions and skeletons"
            errors.append(InputError(what, where=f"{path}: row {number}.INPUT.question_name", fix=fix))
        if len(prior := prior_submissions(row)) > variant.k:
            what = f"has {len(prior)} submissions, and k is {variant.k}"
            where = f"{path}: row {number}.INPUT.curr_problem_prior_submissions"
            errors.append(InputError(what, where=where, fix="set recipes.student.k, or give another file"))
    if errors:
        raise InputErrors(errors)
    return CourseData(Course({name: merged(found) for name, found in versions.items()}), tuple(_in_streams(rows)))


def _in_streams(rows: Sequence[Row]) -> Iterator[VariantRow]:
    """Yield rows with what else their students handed in for the same problem, as far as the other rows tell.

    Rows of experiment 1 are ordered by stage, those of experiment 2 as in their file.
    """
    streams: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        streams[row.INPUT.question_name, row.INPUT.semester, row.INPUT.student_id].append(row)
    places: dict[int, tuple[int, list[str]]] = {}
    for stream in streams.values():
        stream.sort(key=_stage)
        places |= {id(row): (index, [one.code for one in stream]) for index, row in enumerate(stream)}
    for row in rows:
        index, codes = places[id(row)]
        task_id = f"{row.INPUT.question_name}/{row.INPUT.semester}/{row.INPUT.student_id}/{index}"
        earlier = tuple(dict.fromkeys((*codes[:index], *prior_submissions(row))))
        yield VariantRow(task_id, row, index, earlier, tuple(codes[index + 1 :]))


def _stage(row: Row) -> int:
    return list(STAGES).index(row.INPUT.stage) if isinstance(row, StageRow) else 0


def _question(row: Row, tested: Question) -> Question:
    """Return the problem of a row: its text from the row, its tests from the problems file."""
    fields = ("assignment_name", "instructions", "skeleton_code_fixed", "skeleton_code_todo")
    return tested.model_copy(update={field: getattr(row.INPUT, field) for field in fields})


def select_streams(course: Course, keys: Set[StreamKey]) -> list[Stream]:
    """Return the streams with these keys, in the order of the course."""
    return [stream for stream in course.streams if stream.key in keys]
