"""Reads the cases of `tests/sandbox/agreement/`: programs with tests of all kinds, by subject.

A file holds cases; a line ``=== name`` starts one, followed by its program. A line ``--- word`` starts a part:

- ``setup``, ``test``, ``doctest``;
- ``stdin``: what the program reads (``stdin without end``: without a line end); ``stdout``: what it should print;
- ``entry``: the entry point; ``f`` where nothing is said, none where the part is empty;
- ``differs``: a part of the detail of a verdict that is not plain Python's, on purpose.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from codekiln.data.records import DoctestTest, Problem, StdinTest, Test

FOLDER = Path(__file__).parent / "agreement"


@dataclass(frozen=True)
class Case:
    """A program with its setup and tests.

    Attributes:
        tests: Kind (``test``, ``doctest`` or ``stdin``), text, and what a script should print.
        differs: A part of the detail of the verdict, where that is not plain Python's on purpose.
    """

    name: str
    program: str
    setup: str
    tests: tuple[tuple[str, str, str], ...]
    entry_point: str | None
    differs: str | None = None

    def problem(self) -> Problem:
        """Return the problem with these tests."""
        tests = tuple(_test(*test) for test in self.tests)
        return Problem(task_id=self.name, prompt="", entry_point=self.entry_point, setup=self.setup, tests=tests)


def _test(kind: str, text: str, printed: str) -> Test:
    if kind == "stdin":
        return StdinTest(stdin=text, stdout=printed)
    return DoctestTest(doctest=text) if kind == "doctest" else text


def read_cases(subject: str) -> list[Case]:
    """Return the cases of one file."""
    text = (FOLDER / f"{subject}.txt").read_text()
    return [_read_case(subject, part) for part in re.split(r"^=== ", text, flags=re.MULTILINE)[1:]]


def _read_case(subject: str, text: str) -> Case:
    head, *parts = re.split(r"^--- ?", text, flags=re.MULTILINE)
    name, _, program = head.partition("\n")
    setup, tests, entry_point, differs = "", [], "f", None
    for part in parts:
        word, _, body = part.partition("\n")
        match word.strip():
            case "setup":
                setup = body
            case "test" | "doctest" | "stdin" as kind:
                tests.append((kind, body, ""))
            case "stdin without end":
                tests.append(("stdin", body.removesuffix("\n"), ""))
            case "stdout":
                tests[-1] = (*tests[-1][:2], body)
            case "entry":
                entry_point = body.strip() or None
            case "differs":
                differs = body.strip()
            case other:
                raise ValueError(f"{subject}, {name}: unknown part {other!r}")
    return Case(f"{subject}/{name.strip()}", program, setup, tuple(tests), entry_point, differs)
