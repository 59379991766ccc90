"""Test outcomes of submissions: how many tests pass, and the class of the first error."""

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
    # Like programs that time out, those that exceed memory or output mostly loop without end.
    "memory": "timeout",
    "output": "timeout",
    "passed": "none",
}


@dataclass(frozen=True)
class SubmissionOutcome:
    """Outcome of the tests of one submission.

    Attributes:
        error: Class of the first error, as the student would see it: ``compilation`` (it does not compile), ``runtime``
            (it raises or ends the process), ``logical`` (a test fails), ``timeout`` (it exceeds its time, memory or
            output limit) or ``none`` (every test passes).
        passed: Number of tests that pass; a test that is not reached does not pass.
        total: Number of tests.
        detail: Description of the first error.
    """

    error: ErrorClass
    passed: int
    total: int
    detail: str = ""

    @property
    def rate(self) -> float:
        """Share of the tests that pass, 0 to 1."""
        return self.passed / self.total

    @property
    def feedback(self) -> str:
        """The text of an automatic grader's feedback."""
        return f"{self.passed} of {self.total} tests pass." + (f" {self.detail}" if self.detail else "")


def run_submissions(
    jobs: Sequence[tuple[Problem, str]], *, workers: int | None, limits: Limits, label: str
) -> list[SubmissionOutcome | None]:
    """Run submissions on the tests of their problems, in the sandbox; None where a problem has no tests.

    Equal programs for equal tests are run once. Jobs are independent: no program can affect the outcome of another.

    Args:
        jobs: Problem (tests, setup, entry point, and the code given to students as its preamble) and submission. Lines
            in outcomes are those of the submission.
        workers: Number of sandbox workers; None: one per core.
        limits: Limits of one run, module-level code and all tests together.
        label: Label of the progress bar.
    """
    test_problems: dict[str, Problem] = {}
    distinct: dict[tuple[str, str], None] = {}
    keys: list[tuple[str, str]] = []
    for problem, code in jobs:
        test_problem = _test_problem(problem)
        keys.append((test_problem.model_dump_json(), code))
        test_problems.setdefault(keys[-1][0], test_problem)
        if test_problem.tests:
            distinct.setdefault(keys[-1])
    samples = [
        (test_problems[key], Sample(task_id=test_problems[key].task_id, solution=code)) for key, code in distinct
    ]
    verdicts = dict(zip(distinct, grade_samples(samples, workers, limits, label), strict=True))
    return [outcome_of(verdicts[key]) if key in verdicts else None for key in keys]


def outcome_of(verdict: Verdict) -> SubmissionOutcome:
    """Return the outcome that a sandbox verdict stands for."""
    error = _CLASS_OF[verdict.status]
    detail = "" if error == "none" else verdict.detail
    return SubmissionOutcome(error, verdict.tests_passed, verdict.tests_total, detail)


def _test_problem(problem: Problem) -> Problem:
    """Return only what the tests of a problem depend on, so that equal tests are recognised."""
    question = problem.grading_context.get("question", problem.task_id)
    return Problem(
        task_id=question,
        prompt="",
        entry_point=problem.entry_point,
        preamble=problem.preamble,
        setup=problem.setup,
        tests=problem.tests,
    )
