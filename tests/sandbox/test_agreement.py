"""The sandbox agrees with a plain interpreter that runs each program alone, on MBPP's and HumanEval's forms."""

import random
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from codekiln.code.mutation.ast_operators import mutants
from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Sample
from codekiln.sandbox import Limits
from codekiln.sandbox.grading import grade_samples

FILES = ("mbpp.jsonl", "sanitized-mbpp.json", "HumanEval.jsonl.gz")


def plain(problem: Problem, program: str, seconds: int) -> bool:
    """Run program, setup, tests as one script in an interpreter of their own."""
    # An exit in the middle is no pass, whatever its code: the end has to be reached.
    end = secrets.token_hex(8)
    source = "\n".join([program, problem.setup, *problem.tests, f"print('{end}')"])
    command = [sys.executable, "-I", "-X", "utf8", "-c", source]
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, env={})
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0 and end.encode() in run.stdout


def disagreements(jobs: list[tuple[Problem, str]], seconds: int = 20) -> tuple[list[str], int]:
    limits = Limits(cpu_seconds=seconds // 2)
    verdicts = grade_samples(
        [(problem, Sample(task_id=problem.task_id, solution=code)) for problem, code in jobs], limits=limits
    )
    found = [
        f"{problem.task_id}: plain {alone}, sandbox {verdict}\n{code}"
        for (problem, code), verdict in zip(jobs, verdicts, strict=True)
        if (alone := plain(problem, code, seconds)) != verdict.passed
    ]
    return found, sum(verdict.passed for verdict in verdicts)


@pytest.mark.parametrize("file", FILES)
def test_every_reference_passes(data_dir: Path, file: str) -> None:
    problems = some(read_problems(str(data_dir / file), show=0), 40)
    found, passed = disagreements([(problem, problem.reference) for problem in problems])
    assert not found
    assert passed == len(problems)


@pytest.mark.parametrize("file", FILES)
def test_mutated_references_agree(data_dir: Path, file: str) -> None:
    problems = some(read_problems(str(data_dir / file), show=0), 15)
    jobs = mutated(problems, count=1) + [(problem, problem.reference) for problem in problems]
    found, passed = disagreements(jobs, seconds=4)
    assert not found
    assert len(problems) <= passed < len(jobs)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_everything_agrees(data_dir: Path, file: str) -> None:
    problems = read_problems(str(data_dir / file), show=0)
    found, passed = disagreements([(problem, problem.reference) for problem in problems])
    assert not found
    assert passed == len(problems)
    jobs = mutated(problems, count=3)
    found, passed = disagreements(jobs)
    print(f"{file}: {len(problems)} references; {len(jobs)} mutants, {passed} survive")
    assert not found


def some(problems: list[Problem], count: int) -> list[Problem]:
    """Return at least ``count`` problems from all over the list, and fewer than twice as many."""
    return problems[:: max(1, len(problems) // count)]


def mutated(problems: list[Problem], count: int) -> list[tuple[Problem, str]]:
    chance = random.Random(0)
    return [(problem, code) for problem in problems for _, code in mutants(problem.reference, chance, count)]
