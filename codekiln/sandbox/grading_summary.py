"""Figures of a graded file: pass@k, also per suite as EvalPlus prints it, and a count per status."""

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from codekiln.data.passk import pass_at_k
from codekiln.data.records import Problem, ReferenceTest, Status, Verdict
from codekiln.sandbox.verdict_cache import is_infrastructure_error

Numbers = Sequence[int]
INFRASTRUCTURE_ERRORS = "infrastructure errors"
_KS = (1, 10, 100)
_STATUSES: tuple[str, ...] = get_args(Status)
_INFRASTRUCTURE, _PASSED = len(_STATUSES), _STATUSES.index("passed")
_BASE, _PLUS = "base", "plus"
_EVALPLUS_NAMES = {"HumanEval": "humaneval", "Mbpp": "mbpp"}


class Tally:
    """What the figures need of each distinct program's verdict: 18 bytes.

    Args:
        programs: Number of distinct programs.
    """

    def __init__(self, programs: int) -> None:
        self._status = bytearray([_INFRASTRUCTURE]) * programs
        self._base_passed = bytearray(programs)
        self._tests_run = array("L", [0]) * programs
        self._forgeable = array("L", [0]) * programs

    def add(self, program: int, verdict: Verdict) -> None:
        """Take in the verdict on a program."""
        failed = is_infrastructure_error(verdict)
        self._status[program] = _INFRASTRUCTURE if failed else _STATUSES.index(verdict.status)
        self._base_passed[program] = verdict.passed or verdict.suites.get(_BASE) == "passed"
        self._tests_run[program] = verdict.tests_run
        self._forgeable[program] = verdict.forgeable

    def summary(self, problems: Sequence[Problem], problem_of: Numbers, program_of: Numbers) -> dict[str, Any]:
        """Return the figures; a sample that the sandbox failed on is none that passed, and is counted apart.

        It counts in pass@k, because a program that is able to end its sandbox would otherwise improve the figures.

        Args:
            problems: Problems by number.
            problem_of: Number of the problem of each sample.
            program_of: Number of the distinct program of each sample.

        Returns:
            Numbers of samples and problems; pass@k, the mean over problems, for each k of 1, 10 and 100 that every
            problem has samples for; tests that ran, and that a program's own operators decided; a count per status;
            and, where problems have EvalPlus's suites, ``pass_at_k`` by suite, as EvalPlus's results have it.
        """
        passed = bytearray(self._status[program] == _PASSED for program in program_of)
        names = Counter((*_STATUSES, INFRASTRUCTURE_ERRORS)[self._status[program]] for program in program_of)
        return {
            "samples": len(program_of),
            "problems": len(set(problem_of)),
            **(_pass_at_k(zip(problem_of, passed, strict=True)) or {"pass@1": 0.0}),
            "tests_run": sum(self._tests_run[program] for program in program_of),
            "forgeable": sum(self._forgeable[program] for program in program_of),
            **dict(sorted(names.items())),
            **self._suites(problems, problem_of, program_of, passed),
        }

    def _suites(
        self, problems: Sequence[Problem], problem_of: Numbers, program_of: Numbers, passed: Sequence[int]
    ) -> dict[str, Any]:
        suites = [_suites_of(problem) for problem in problems]
        named = set().union(*(suites[number] for number in set(problem_of)))
        if _PLUS not in named:
            return {}
        chosen = [sample for sample, problem in enumerate(problem_of) if suites[problem]]
        passing = {_BASE: [self._base_passed[program] for program in program_of], _PLUS: passed}
        return {
            "dataset": _dataset(problems[problem_of[chosen[0]]]),
            # EvalPlus's files of one suite (OriginFmt) have the base inputs among the plus inputs.
            "pass_at_k": {
                suite: _pass_at_k((problem_of[sample], passing[suite][sample]) for sample in chosen)
                for suite in (_BASE, _PLUS)
                if suite in named
            },
        }


def summary_text(summary: dict[str, Any]) -> str:
    """Return a summary as lines of text, with EvalPlus's two blocks at the end where there are suites."""
    blocks = summary.get("pass_at_k", {})
    figures = {key: value for key, value in summary.items() if isinstance(value, int | float)}
    width = max(12, *map(len, figures))
    lines = [f"{key:<{width}} {value}" for key, value in figures.items()]
    for suite, title in ((_BASE, "{} (base tests)"), (_PLUS, "{}+ (base + extra tests)")):
        if suite in blocks:
            lines.append(title.format(summary["dataset"]))
            lines += [f"{name}:\t{value:.3f}" for name, value in blocks[suite].items()]
    return "\n".join(lines)


def _pass_at_k(samples: Iterable[tuple[int, int]]) -> dict[str, float]:
    """Return the mean pass@k over the problems that have samples, for each k that all of them have samples for.

    Args:
        samples: Number of the problem of each sample, and whether it passed.
    """
    totals: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for problem, has_passed in samples:
        totals[problem] += 1
        right[problem] += has_passed
    counts = Counter((total, right[problem]) for problem, total in sorted(totals.items()))
    if not counts:
        return {}
    fewest, number = min(total for total, _ in counts), counts.total()
    return {
        f"pass@{k}": round(sum(times * pass_at_k(*pair, k) for pair, times in counts.items()) / number, 4)
        for k in _KS
        if k <= fewest
    }


def _suites_of(problem: Problem) -> set[str]:
    return {test.suite for test in problem.tests if isinstance(test, ReferenceTest)}


def _dataset(problem: Problem) -> str:
    """Return the name that EvalPlus prints, from a task_id such as ``HumanEval/3``."""
    prefix = problem.task_id.partition("/")[0]
    return _EVALPLUS_NAMES.get(prefix, prefix)
