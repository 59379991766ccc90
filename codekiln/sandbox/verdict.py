"""Verdicts from what the tester found out."""

from typing import Any

from codekiln.data.places import name_of_test
from codekiln.data.records import Problem, Verdict


def verdict_on(problem: Problem, total: int, answer: dict[str, Any]) -> Verdict:
    """Return the verdict on one program; it passed only if every planned test ran and held.

    The detail of a test that failed begins with its number, counted from one as people do.
    """
    status, detail = answer["status"], answer["detail"]
    if number := answer["first_failed"]:
        detail = f"{name_of_test(number, total)}, {detail}"
    if status == "passed" and not total:
        status, detail = "error", "the problem has no tests"
    elif status == "passed" and not answer["run"] == answer["passed"] == total:
        status, detail = "tampered", f"only {answer['run']} of {total} tests ran"
    return Verdict(
        task_id=problem.task_id, status=status, tests_total=total, tests_run=answer["run"],
        tests_passed=answer["passed"], detail=detail[:500].encode("utf-8", "backslashreplace").decode(),
        cpu_seconds=round(answer["cpu_seconds"], 4), forgeable=answer["forgeable"], suites=answer["suites"],
    )  # fmt: skip


def infrastructure_failure(problem: Problem, total: int, reason: str) -> Verdict:
    """Return the verdict on a program whose sandbox died twice."""
    return not_graded(problem, total, f"the sandbox died twice with this program ({reason})")


def not_graded(problem: Problem, total: int, reason: str) -> Verdict:
    """Return the verdict on a program that nothing is known about, through no fault of its own."""
    detail = f"infrastructure: {reason}"[:500].encode("utf-8", "backslashreplace").decode()
    return Verdict(
        task_id=problem.task_id, status="crashed", tests_total=total, tests_run=0, tests_passed=0, detail=detail
    )
