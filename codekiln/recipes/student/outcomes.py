"""What tests say of a submission: how many pass, and which class of error it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from codekiln.data.records import Problem, Sample, Verdict
from codekiln.sandbox.grading import grade_samples
from codekiln.sandbox.limits import Limits

ErrorClass = Literal["compilation", "runtime", "logical", "timeout", "none"]
CLASSES: tuple[ErrorClass, ...] = get_args(ErrorClass)
_CLASS_OF: dict[str, ErrorClass] = {
    "invalid": "compilation",
    "error": "runtime",
    "crashed": "runtime",
    "tampered": "runtime",
    "failed": "logical",
    "timeout": "timeout",
    "memory": "timeout",
    "output": "timeout",
    "passed": "none",
}


@dataclass(frozen=True)
class Outcome:
    """How a submission fared.

    Attributes:
        error: Class of the first thing that went wrong, as the student would see it: ``compilation`` it does not
            compile, ``runtime`` it raises or ends the process, ``logical`` a test does not hold, ``timeout`` it uses up
            its time, memory or output; ``none`` every test passes.
        passed: Tests that hold; a test that is not reached does not hold.
        total: All tests.
        detail: The first thing that went wrong, in words.
    """

    error: ErrorClass
    passed: int
    total: int
    detail: str = ""

    @property
    def rate(self) -> float:
        """Share of the tests that pass."""
        return self.passed / self.total

    @property
    def said(self) -> str:
        """What an automatic grader would answer."""
        return f"{self.passed} of {self.total} tests pass." + (f" {self.detail}" if self.detail else "")


def observe(
    jobs: Sequence[tuple[Problem, str]], *, workers: int | None, limits: Limits, label: str
) -> list[Outcome | None]:
    """Run submissions on the tests of their problems, in the sandbox; None where a problem has no tests.

    Equal programs for equal tests are run once. Every job has its own outcome: nothing that a program does loses the
    outcome of another.

    Args:
        jobs: Problem (its tests, setup, entry point and ``facts["fixed"]``, the code given to students) and submission.
        workers: Sandbox workers; None: one per core.
        limits: Bounds on one run, module-level code and all tests together.
        label: Shown with the progress.
    """
    judges: dict[str, Problem] = {}
    wanted: dict[tuple[str, str], None] = {}
    keys = []
    for problem, code in jobs:
        judge = _judge(problem)
        keys.append((judge.model_dump_json(), _program(problem, code)))
        judges.setdefault(keys[-1][0], judge)
        if judge.tests:
            wanted.setdefault(keys[-1])
    samples = [(judges[name], Sample(task_id=judges[name].task_id, solution=code)) for name, code in wanted]
    verdicts = dict(zip(wanted, grade_samples(samples, workers, limits, label), strict=True))
    return [outcome_of(verdicts[key]) if key in verdicts else None for key in keys]


def outcome_of(verdict: Verdict) -> Outcome:
    """Return a sandbox verdict as an outcome."""
    error = _CLASS_OF[verdict.status]
    detail = "" if error == "none" else verdict.detail
    return Outcome(error, verdict.tests_passed, verdict.tests_total, detail)


def _judge(problem: Problem) -> Problem:
    question = problem.grading_context.get("question", problem.task_id)
    return Problem(
        task_id=question, prompt="", entry_point=problem.entry_point, setup=problem.setup, tests=problem.tests
    )


def _program(problem: Problem, code: str) -> str:
    fixed = problem.grading_context.get("fixed", "")
    return f"{fixed.rstrip()}\n\n\n{code}" if fixed.strip() else code
