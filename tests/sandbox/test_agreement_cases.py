"""Programs and tests of many kinds get the verdict that plain Python gives, and so do wrong variants of them."""

import ast
import dataclasses
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from codekiln.code.mutation.ast_operators import mutants
from codekiln.data.records import Verdict
from codekiln.sandbox import Sandbox
from tests.sandbox.agreement_cases import FOLDER, Case, read_cases

SUBJECTS = sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("subject", SUBJECTS)
def test_verdicts_are_those_of_plain_python(sandbox: Sandbox, subject: str) -> None:
    cases = read_cases(subject)
    for case, plain, verdict in zip(cases, in_plain_python(cases), graded(sandbox, cases), strict=True):
        assert verdict.passed == (plain == (case.differs is None)), (case.name, verdict)
        assert (case.differs or "") in verdict.detail, (case.name, verdict)


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.slow)], ids=["some", "all"])
@pytest.mark.parametrize("subject", SUBJECTS)
def test_wrong_variants_get_the_verdict_of_plain_python(sandbox: Sandbox, subject: str, step: int) -> None:
    right = [case for case in read_cases(subject) if case.differs is None]
    cases = [variant for case in right[::step] for variant in variants(case)]
    for case, plain, verdict in zip(cases, in_plain_python(cases), graded(sandbox, cases), strict=True):
        assert verdict.passed == plain, (case, verdict)


def test_the_cases_are_many_and_most_of_them_pass() -> None:
    cases = [case for subject in SUBJECTS for case in read_cases(subject)]
    assert len(cases) >= 380
    assert sum(case.differs is not None for case in cases) <= 20


def graded(sandbox: Sandbox, cases: list[Case]) -> list[Verdict]:
    found = dict(sandbox.grade((case.problem(), case.program) for case in cases))
    return [found[index] for index in range(len(cases))]


def in_plain_python(cases: list[Case]) -> list[bool]:
    script = Path(__file__).with_name("plain_python.py")
    run = subprocess.run(
        [sys.executable, "-I", str(script)], input=json.dumps([dataclasses.asdict(case) for case in cases]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(run.stdout)


def variants(case: Case) -> list[Case]:
    """Return the case with a mutated program, with a mutated test, and with asserts turned into their contrary."""
    chance = random.Random(case.name)
    found = [dataclasses.replace(case, program=code) for code in mutated(case.program, chance)]
    for index, (kind, text, printed) in enumerate(case.tests):
        changed = [*mutated(text, chance), *contrary(text, chance)] if kind == "test" else ()
        for code in changed:
            tests = (*case.tests[:index], (kind, code, printed), *case.tests[index + 1 :])
            found.append(dataclasses.replace(case, tests=tests))
    return found


def contrary(text: str, chance: random.Random) -> list[str]:
    """Return a test with one of its asserts negated, up to three of them."""
    places = [index for index, node in enumerate(ast.walk(ast.parse(text))) if isinstance(node, ast.Assert)]
    found = []
    for place in chance.sample(places, min(3, len(places))):
        tree = ast.parse(text)
        node = list(ast.walk(tree))[place]
        node.test = ast.UnaryOp(ast.Not(), node.test)
        found.append(ast.unparse(ast.fix_missing_locations(tree)))
    return found


def mutated(code: str, chance: random.Random) -> list[str]:
    return [changed for _, changed in mutants(ast.unparse(ast.parse(code)), chance, 1)]
