"""Python warns of the programs of others while it reads them; codekiln prints no such warning, and none is an error."""

import ast
import itertools
import random
import re
import threading
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from codekiln.code import metrics
from codekiln.code.distance import pq_gram_distance
from codekiln.code.mutation import ast_operators, compiles, mutations
from codekiln.code.rewrite.styles import variants
from codekiln.data import fences, normalise
from codekiln.data.python_text import compiled, literal_value, syntax_tree
from codekiln.data.readers import read_problems
from codekiln.data.records import DoctestTest, Problem
from codekiln.data.replies import extract_code
from codekiln.recipes.corpus_tasks.reply_parser import parse_program
from codekiln.recipes.student.style import style_features
from codekiln.sandbox.test_plan import plan_tests

PROGRAM = 'import re\n\ndef f(x):\n    if x is 1:\n        return 0\n    return re.sub("\\d", "", x)\n'
"""An escape that Python does not know, of which the parser warns, and a comparison of which the compiler warns."""
TEST = 'assert f("\\d") is not 1'
_NUMBERS = itertools.count(10)


def new_program() -> str:
    """Return a program that no test has read before, so that nothing of it is in a cache."""
    return f"{PROGRAM}# {next(_NUMBERS)}\n"


def plan(program: str) -> object:
    doctest = DoctestTest(doctest=">>> f('\\d') is 1\nFalse\n")
    problem = Problem(task_id="t", prompt="", entry_point="f", setup=program, tests=(TEST, doctest))
    return plan_tests(problem).total


READS: dict[str, Callable[[str], object]] = {
    "syntax tree": lambda program: ast.unparse(syntax_tree(program)),
    "code": lambda program: compiled(program, "<program>").co_names,
    "literal": lambda program: literal_value(r"'\d'"),
    "fences": lambda program: fences.compiles(program) and fences.is_python(program),
    "normal form": normalise.fingerprint,
    "reply": lambda program: extract_code(f"Here:\n```python\n{program}```\n"),
    "tests": plan,
    "mutation": lambda program: compiles(program) and mutations(program),
    "mutants": lambda program: ast_operators.mutants(program, random.Random(1), 5),
    "metrics": lambda program: metrics.score_all([program]),
    "styles": variants,
    "distance": lambda program: pq_gram_distance(program, TEST),
    "style of students": style_features,
    "reply of a corpus task": lambda program: parse_program(program) is not None,
}


@pytest.mark.parametrize("name", READS)
def test_reading_a_program_warns_of_nothing(name: str) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        READS[name](new_program())
    assert [str(warning.message) for warning in said] == []


@pytest.mark.parametrize("name", READS)
def test_what_is_read_is_the_same_where_warnings_are_errors(name: str) -> None:
    def read() -> str:
        return re.sub(r"# \d+", "#", repr(READS[name](new_program())))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read()
    assert found == read()


def test_files_of_problems_are_read_without_warnings(tmp_path: Path) -> None:
    path = tmp_path / "problems.jsonl"
    problem = Problem(task_id="t", prompt="", entry_point="f", tests=(TEST,), reference=PROGRAM)
    path.write_text(problem.model_dump_json() + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_problems(str(path)) == [problem]


def test_threads_that_read_at_once_leave_the_filters_as_they_were() -> None:
    before = list(warnings.filters)

    def read_many() -> None:
        for _ in range(200):
            syntax_tree(PROGRAM)

    threads = [threading.Thread(target=read_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before
