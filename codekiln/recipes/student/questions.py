"""Problems of a course with their tests: texts that differ by semester, and doctests inside skeletons."""

import ast
import doctest
import json
import re
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator, model_validator

from codekiln.data.files import validation_errors
from codekiln.data.records import DoctestTest, Record, Test
from codekiln.data.text import read_text
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.schema import read_json

_FIXED, _TODO = (re.compile(rf"^# === SKELETON CODE {name} ===[ \t]*\n", re.MULTILINE) for name in ("FIXED", "TODO"))
_LONG_TEXT = re.compile(r"[rRuU]?(?P<quotes>\"\"\"|''')(?:\\.|(?!(?P=quotes)).)*(?P=quotes)", re.DOTALL)


def _readable_doctest(value: str | None) -> str | None:
    split_doctest(value or "")
    return value


class Version(Record):
    """What is different about a problem in one semester; a field that is not given is as in the problem."""

    assignment_name: str | None = None
    instructions: str | None = None
    skeleton_code_fixed: str | None = None
    skeleton_code_todo: str | None = None
    entry_point: str | None = None
    setup: str | None = None
    doctests: str | None = None
    tests: tuple[Test, ...] | None = None

    _readable = field_validator("doctests")(_readable_doctest)


class Question(Record):
    """A problem of a course with the tests that grade submissions to it.

    ``doctests`` is text with ``>>>`` examples; every example with an expected output is one test, statements run before
    the next example, and all share a namespace. Where it is empty, the examples in the skeleton are the doctests.
    ``tests`` takes any form of test of `codekiln.data.records.Problem`.
    """

    assignment_name: str = ""
    instructions: str = ""
    skeleton_code_fixed: str = ""
    skeleton_code_todo: str = ""
    entry_point: str | None = None
    setup: str = Field("", description="code run after the submission and before the tests")
    doctests: str = ""
    tests: tuple[Test, ...] = ()
    semesters: dict[str, Version] = Field({}, description="what differs in a semester, by its name")

    _readable = field_validator("doctests")(_readable_doctest)

    @model_validator(mode="after")
    def _readable_skeletons(self) -> "Question":
        for one in (self, *map(self.of, self.semesters)):
            split_doctest(one.doctests or one.skeleton_doctests)
        return self

    def of(self, semester: str) -> "Question":
        """Return the problem as it was set in a semester."""
        version = self.semesters.get(semester, Version())
        given = {name: value for name in Version.model_fields if (value := getattr(version, name)) is not None}
        return self.model_copy(update={**given, "semesters": {}})

    @property
    def texts(self) -> list[str]:
        """The text that students see, in each of its versions."""
        versions = [self, *(self.of(semester) for semester in self.semesters)]
        return list(dict.fromkeys(f"{one.instructions}\n{one.skeleton_code_todo}" for one in versions))

    @property
    def all_tests(self) -> tuple[Test, ...]:
        """The doctests, one per example, followed by the other tests."""
        return (*split_doctest(self.doctests or self.skeleton_doctests), *self.tests)

    @property
    def skeleton_doctests(self) -> str:
        """The examples in the code to complete, or else in the code that is given."""
        return doctests_in(self.skeleton_code_todo) or doctests_in(self.skeleton_code_fixed)


def merged(versions: Mapping[str, Question]) -> Question:
    """Return one problem from its text in each semester; the first is the problem, and the others what differs."""
    base, *_ = versions.values()
    fields = Version.model_fields
    changes = {
        semester: {name: getattr(one, name) for name in fields if getattr(one, name) != getattr(base, name)}
        for semester, one in versions.items()
    }
    found = {semester: Version(**changed) for semester, changed in changes.items() if changed}
    return base.model_copy(update={"semesters": found})


def doctests_in(code: str) -> str:
    """Return the ``>>>`` examples in the long strings of a piece of code, which need not compile; empty without any.

    Raises:
        ValueError: Something that starts with ``>>>`` is no example.
    """
    parser = doctest.DocTestParser()
    examples = (one for match in _LONG_TEXT.finditer(code) for one in parser.get_examples(_value(match[0])))
    return "".join(map(_example, examples))


def split_doctest(text: str) -> list[DoctestTest]:
    """Split interactive text into tests, each of which ends with an example that has an expected output.

    A statement without output (``>>> purse = Purse(5)``) belongs to the test after it and runs first.

    Raises:
        ValueError: The text is not a doctest.
    """
    found: list[DoctestTest] = []
    lines: list[str] = []
    # Each expected output is a test of its own, so that a submission can pass a share of a doctest.
    for example in doctest.DocTestParser().get_examples(text):
        lines.append(_example(example))
        if example.want or example.exc_msg:
            found.append(DoctestTest(doctest="".join(lines)))
            lines = []
    if lines:
        found.append(DoctestTest(doctest="".join(lines)))
    return found


def read_questions(path: Path, asked: Iterable[tuple[str, str]] = ()) -> dict[str, Question]:
    """Read the problems of a course, by name.

    Args:
        path: A JSON object from question name to `Question`, or a folder with one file of skeletons per problem, as
            ParaStudent published them: ``<semester>_<question>.py``, or ``<question>.py`` for all semesters.
        asked: Semester and name of the problems that are read from a folder.

    Raises:
        InputErrors: Every wrong field, at once.
        InputError: The file does not exist, or is no JSON object.
    """
    if path.is_dir():
        return _read_skeletons(path, asked)
    values = read_json(path)
    if not isinstance(values, dict):
        raise InputError("is not a JSON object", where=str(path), fix="write {question name: {tests ...}}")
    found: dict[str, Question] = {}
    errors: list[InputError] = []
    for name, value in values.items():
        try:
            found[name] = Question.model_validate_json(json.dumps(value))
        except ValidationError as error:
            errors += validation_errors(error, f"{path}: {name}", "correct the problem")
    if errors:
        raise InputErrors(errors)
    return found


def write_questions(questions: dict[str, Question]) -> str:
    """Return problems as the text of a problems file."""
    content: dict[str, Any] = {}
    for name, question in questions.items():
        content[name] = question.model_dump(mode="json", exclude={"semesters"})
        if question.semesters:
            versions = {key: one.model_dump(mode="json", exclude_none=True) for key, one in question.semesters.items()}
            content[name]["semesters"] = versions
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _read_skeletons(folder: Path, asked: Iterable[tuple[str, str]]) -> dict[str, Question]:
    versions: dict[str, dict[str, Question]] = {}
    for semester, name in asked:
        path = next((one for one in (folder / f"{semester}_{name}.py", folder / f"{name}.py") if one.is_file()), None)
        if path is not None:
            versions.setdefault(name, {})[semester] = _skeletons(path)
    return {name: merged(found) for name, found in versions.items()}


def _skeletons(path: Path) -> Question:
    before, *rest = _TODO.split(read_text(path), maxsplit=1)
    fixed, todo = (before, rest[0]) if rest else ("", before)
    try:
        found = Question(skeleton_code_fixed=_FIXED.sub("", fixed).strip("\n"), skeleton_code_todo=todo.strip("\n"))
    except ValidationError as error:
        raise InputErrors(validation_errors(error, str(path), "correct the examples")) from None
    # Rows bring a skeleton of their own, which may lack the examples.
    return found.model_copy(update={"doctests": found.skeleton_doctests})


def _value(literal: str) -> str:
    """Return what a string literal stands for; where it is none, such as for a stray escape, what is between quotes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        try:
            return str(ast.literal_eval(literal))
        except (SyntaxError, ValueError):
            return literal.lstrip("rRuU")[3:-3]


def _example(example: doctest.Example) -> str:
    first, *rest = example.source.rstrip("\n").split("\n")
    return f">>> {first}\n" + "".join(f"... {line}\n" for line in rest) + example.want
