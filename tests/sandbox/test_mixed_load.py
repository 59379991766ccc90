"""Honest and hostile programs mixed at random: no wrong verdict, and nothing stays behind."""

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Verdict
from codekiln.sandbox import Sandbox
from tests.descriptors import nothing_left_open
from tests.sandbox.corpus import LIMITS, PROGRAMS, Program, problem_of

SMALL, LARGE = 600, int(os.environ.get("CODEKILN_MIXED_PROGRAMS", "20000"))
HOSTILE_SHARE = 0.05
_GROWTH = 16 << 20
"""Bytes that the controller may grow by, whatever the number of programs: 2 KB for each of 20,000 would be more."""
_WRONG = (
    "\n\ndef {name}(*args, **words):\n    return 'no such answer'\n",
    "\n\ndef {name}(*args, **words):\n    raise ValueError\n",
    "\n\ndef {name}(*args, **words:\n",
    "\n\ndel {name}\n",
)


class _Job(NamedTuple):
    problem: Problem
    text: str
    expected: Program | bool

    def is_right(self, verdict: Verdict) -> bool:
        if isinstance(self.expected, bool):
            return verdict.passed == self.expected
        return self.expected.is_deserved(verdict)


def _jobs(problems: list[Problem], count: int, canary: Path) -> Iterator[_Job]:
    """Yield ``count`` programs: 5 % hostile, and of the others every third wrong."""
    chance = random.Random(10)
    hostile = [(problem_of(program.problem, program.name), program) for program in PROGRAMS]
    for number in range(count):
        if chance.random() < HOSTILE_SHARE:
            problem, program = chance.choice(hostile)
            yield _Job(problem, program.text.replace("CANARY", str(canary)), program)
            continue
        problem = chance.choice(problems)
        text = f"{problem.reference}\n# program {number}\n"
        is_right = chance.random() < 2 / 3
        yield _Job(
            problem, text if is_right else text + chance.choice(_WRONG).format(name=problem.entry_point), is_right
        )


@pytest.mark.parametrize("count", [SMALL, pytest.param(LARGE, marks=pytest.mark.slow, id="large")])
def test_mixed_load(data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    canary = tmp_path / "canary.txt"
    canary.write_text("canary")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    problems = read_problems(str(data_dir / "HumanEval.jsonl.gz"), show=0)
    this = psutil.Process()
    children, resident = set(this.children(recursive=True)), []
    waiting: dict[int, _Job] = {}
    wrong: list[str] = []

    def numbered() -> Iterator[tuple[Problem, str]]:
        for number, job in enumerate(_jobs(problems, count, canary)):
            waiting[number] = job
            yield job.problem, job.text

    with nothing_left_open(), Sandbox(workers=2, limits=LIMITS) as sandbox:
        for done, (number, verdict) in enumerate(sandbox.grade(numbered()), start=1):
            job = waiting.pop(number)
            if not job.is_right(verdict):
                wrong.append(f"{verdict}\n{job.text[-2000:]}")
            if done in (count // 2, count):
                resident.append(this.memory_info().rss)
        assert os.listdir(scratch)
        assert not waiting
    assert not wrong, f"{len(wrong)} of {count} wrong:\n" + "\n\n".join(wrong[:20])
    assert set(this.children(recursive=True)) == children
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(scratch) in " ".join(process.info["cmdline"] or ())
    ]
    assert os.listdir(scratch) == []
    assert canary.read_text() == "canary"
    assert resident[1] - resident[0] < _GROWTH
