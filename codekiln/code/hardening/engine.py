"""Hardens problems: mutants of the reference, inputs that tell the survivors from it, and the tests made of these.

Each step runs the programs of many problems at once. What is found for a problem depends on that problem, the options
and the seed alone: not on the number of workers, nor on the problems beside it.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from codekiln.code.hardening.contract import Contract
from codekiln.code.hardening.cover import cover
from codekiln.code.hardening.forms import Arguments, Form, NoForm, form_of, may_order_by_set, merged
from codekiln.code.hardening.mutants import mutants_of
from codekiln.code.hardening.perturb import inputs_near
from codekiln.code.mutation.proof import equality_key
from codekiln.data.records import Problem, Record, Test, Verdict
from codekiln.sandbox import Sandbox
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observation import Result, Run
from codekiln.sandbox.verdict_cache import is_infrastructure_error

QUICK_LIMITS = Limits(cpu_seconds=1)
"""Limits of mutants, and of runs that look for inputs: one on which the reference needs more is not added."""
_SLOW_SECONDS = 0.1
"""A reference that takes longer has its mutants run with the limits of other programs."""
_CALLS_A_RUN = 25
"""A mutant that hangs on one input loses the results of those after it in the same run."""


class Options(Record):
    """How problems are hardened; the same options and problems give the same tests.

    Attributes:
        mutants: Largest number of mutants of a problem.
        max_tests: Largest number of tests added to a problem.
        inputs: Largest number of inputs tried on a problem.
        strangeness: Largest number of traits in which an added input leaves those of the problem's own tests.
        seed: Seeds the choice of mutants and inputs.
    """

    mutants: int = 30
    max_tests: int = 8
    inputs: int = 300
    strangeness: int = 1
    seed: int = 0


class Outcome(Record):
    """What became of one problem.

    Attributes:
        task_id: The problem.
        mutants: Number of its mutants.
        killed: Number of mutants that its own tests kill.
        killed_after: Number of mutants that its tests and the added ones kill.
        added: The added tests, each proven on the reference.
        strangeness: Of the input of each added test.
        reason: Why nothing could be done, or why no input was searched; empty otherwise.
    """

    task_id: str
    mutants: int = 0
    killed: int = 0
    killed_after: int = 0
    added: tuple[Test, ...] = ()
    strangeness: tuple[int, ...] = ()
    reason: str = ""


@dataclass
class _Input:
    """An input that may be added: what the reference returns, and the survivors that it kills."""

    arguments: Arguments
    strangeness: int
    expected: object = None
    kills: set[int] = field(default_factory=set)


@dataclass
class _Case:
    """A problem on its way."""

    problem: Problem
    reference: str
    mutants: list[str] = field(default_factory=list)
    survivors: list[str] = field(default_factory=list)
    killed_after: int = 0
    form: Form | None = None
    inputs: list[_Input] = field(default_factory=list)
    chosen: list[_Input] = field(default_factory=list)
    reason: str = ""
    is_slow: bool = False
    any_order: bool = False

    def test(self, chosen: _Input) -> Test:
        assert self.form is not None
        return self.form.test(chosen.arguments, chosen.expected)

    def expressions(self) -> list[str]:
        assert self.form is not None
        return [self.form.expression(item.arguments) for item in self.inputs]

    @property
    def hardened(self) -> Problem:
        added = merged([self.test(item) for item in self.chosen])
        return self.problem.model_copy(update={"tests": (*self.problem.tests, *added)})

    def outcome(self) -> Outcome:
        return Outcome(
            task_id=self.problem.task_id,
            mutants=len(self.mutants),
            killed=len(self.mutants) - len(self.survivors),
            killed_after=self.killed_after,
            added=self.hardened.tests[len(self.problem.tests) :] if self.chosen else (),
            strangeness=tuple(item.strangeness for item in self.chosen),
            reason=self.reason,
        )


class Hardener:
    """Hardens problems in two sandboxes.

    Args:
        patient: Has the limits that programs are graded with.
        quick: Has ``QUICK_LIMITS``: many mutants never end.
        options: How.
    """

    def __init__(self, patient: Sandbox, quick: Sandbox, options: Options) -> None:
        self._patient, self._quick, self._options = patient, quick, options

    def harden(self, problems: Sequence[Problem]) -> list[Outcome]:
        """Return the outcome of each problem, in order."""
        cases = [_Case(problem, problem.reference or "") for problem in problems]
        proven = self._proven(cases)
        self._measure(proven)
        open_cases = [case for case in proven if case.survivors and self._find_form(case)]
        self._run_reference(open_cases)
        self._run_survivors(open_cases)
        for case in open_cases:
            self._choose(case)
        self._prove(open_cases)
        return [case.outcome() for case in cases]

    def _proven(self, cases: list[_Case]) -> list[_Case]:
        """Return the cases whose reference passes their tests; the others get the reason."""
        for case in cases:
            if not case.reference.strip() or not case.problem.tests:
                case.reason = "has no tests" if case.reference.strip() else "has no reference"
        waiting = [case for case in cases if not case.reason]
        verdicts = _graded(self._patient, ((case.problem, case.reference) for case in waiting))
        for case, verdict in zip(waiting, verdicts, strict=True):
            case.is_slow = verdict.cpu_seconds > _SLOW_SECONDS
            if not verdict.passed:
                case.reason = f"its reference fails its tests: {verdict.status}, {verdict.detail}".rstrip(", ")
        return [case for case in waiting if not case.reason]

    def _measure(self, cases: list[_Case]) -> None:
        """Make the mutants and find the survivors; a mutant whose sandbox failed is none."""
        made = {
            id(case): mutants_of(case.reference, self._options.mutants, f"{self._options.seed}:{case.problem.task_id}")
            for case in cases
        }
        jobs = [(case, mutant) for case in cases for mutant in made[id(case)]]
        verdicts = self._grade_mutants([(case, case.problem, mutant) for case, mutant in jobs])
        for (case, mutant), verdict in zip(jobs, verdicts, strict=True):
            if is_infrastructure_error(verdict):
                continue
            case.mutants.append(mutant)
            if verdict.passed:
                case.survivors.append(mutant)
        for case in cases:
            case.killed_after = len(case.mutants) - len(case.survivors)
            if not case.mutants:
                case.reason = "its reference has no mutants"

    def _find_form(self, case: _Case) -> bool:
        """Find the form of a problem's tests and the inputs to try; returns whether there are any."""
        try:
            case.form, seeds = form_of(case.problem)
            case.any_order = may_order_by_set(case.reference)
        except NoForm as why:
            case.reason = f"its survivors stay: {why}"
            return False
        rng = random.Random(f"{self._options.seed}:{case.problem.task_id}:inputs")
        contract = Contract(seeds)
        tried = [_Input(item, contract.strangeness(item)) for item in inputs_near(seeds, case.reference, rng)]
        usual = [item for item in tried if item.strangeness <= self._options.strangeness]
        case.inputs = sorted(usual, key=lambda item: item.strangeness)[: self._options.inputs]
        return bool(case.inputs)

    def _run_reference(self, cases: list[_Case]) -> None:
        """Keep the inputs on which the reference gives the same plain value, also after other calls than before."""
        jobs = []
        for case in cases:
            expressions = case.expressions()
            jobs += [(case.problem, case.reference, expressions), (case.problem, case.reference, expressions[::-1])]
        results = iter(self._evaluate(jobs))
        for case in cases:
            first, second = next(results), next(results)[::-1]
            kept = []
            for item, one, other in zip(case.inputs, first, second, strict=True):
                if one and other and _is_usable(case, item, one, other):
                    item.expected = one.value
                    kept.append(item)
            case.inputs = kept

    def _run_survivors(self, cases: list[_Case]) -> None:
        jobs = [(case, number) for case in cases for number in range(len(case.survivors))]
        results = self._evaluate([(case.problem, case.survivors[number], case.expressions()) for case, number in jobs])
        for (case, number), found in zip(jobs, results, strict=True):
            assert case.form is not None
            for item, result in zip(case.inputs, found, strict=True):
                if result and (result.error or case.form.differs(item.expected, result.value)):
                    item.kills.add(number)

    def _choose(self, case: _Case) -> None:
        useful = [item for item in case.inputs if item.kills]
        numbers = cover(
            [frozenset(item.kills) for item in useful],
            [item.strangeness for item in useful],
            self._options.max_tests,
        )
        case.chosen = [useful[number] for number in numbers]

    def _prove(self, cases: list[_Case]) -> None:
        """Drop the tests that the reference does not pass, and count what the others kill."""
        jobs = [(case, item) for case in cases for item in case.chosen]
        alone = [(case.problem.model_copy(update={"tests": (case.test(item),)}), case.reference) for case, item in jobs]
        verdicts = zip(jobs, _graded(self._patient, alone), strict=True)
        failed = {id(item) for (_, item), verdict in verdicts if not verdict.passed}
        for case in cases:
            case.chosen = [item for item in case.chosen if id(item) not in failed]
        chosen = [(case, case.hardened) for case in cases if case.chosen]
        together = _graded(self._patient, [(row, case.reference) for case, row in chosen])
        for (case, _), verdict in zip(chosen, together, strict=True):
            if not verdict.passed:
                case.chosen = []
                case.reason = f"its reference fails the added tests together: {verdict.detail}"
        self._measure_again([(case, row) for case, row in chosen if case.chosen])

    def _measure_again(self, hardened: list[tuple[_Case, Problem]]) -> None:
        attempts = [(case, row, mutant) for case, row in hardened for mutant in case.survivors]
        for (case, _, _), verdict in zip(attempts, self._grade_mutants(attempts), strict=True):
            case.killed_after += not verdict.passed and not is_infrastructure_error(verdict)

    def _grade_mutants(self, attempts: list[tuple[_Case, Problem, str]]) -> list[Verdict]:
        """Return the verdict on each mutant."""
        verdicts: dict[int, Verdict] = {}
        for sandbox, is_slow in ((self._quick, False), (self._patient, True)):
            numbers = [number for number, (case, _, _) in enumerate(attempts) if case.is_slow == is_slow]
            found = _graded(sandbox, (attempts[number][1:] for number in numbers))
            verdicts |= dict(zip(numbers, found, strict=True))
        return [verdicts[number] for number in range(len(attempts))]

    def _evaluate(self, jobs: Sequence[tuple[Problem, str, list[str]]]) -> list[list[Result | None]]:
        """Return the result of each expression of each job; None where the run was stopped before."""
        runs: list[Run] = []
        places: list[tuple[int, int]] = []
        found: list[list[Result | None]] = [[None] * len(expressions) for _, _, expressions in jobs]
        for number, (problem, program, expressions) in enumerate(jobs):
            for start in range(0, len(expressions), _CALLS_A_RUN):
                runs.append(Run(program, tuple(expressions[start : start + _CALLS_A_RUN]), problem.setup))
                places.append((number, start))
        for index, seen in self._quick.observe(runs):
            number, start = places[index]
            found[number][start : start + len(seen.results)] = seen.results
        return found


def _graded(sandbox: Sandbox, jobs: Iterable[tuple[Problem, str]]) -> list[Verdict]:
    """Return the verdict on each job, in order."""
    return [verdict for _, verdict in sorted(sandbox.grade(jobs), key=lambda pair: pair[0])]


def _is_usable(case: _Case, item: _Input, one: Result, other: Result) -> bool:
    assert case.form is not None
    if one.error or other.error or not case.form.may_expect(one.value):
        return False
    if case.any_order and isinstance(one.value, list | tuple) and len(one.value) > 1:
        return False
    return equality_key(one.value) == equality_key(other.value) and case.form.is_short(item.arguments, one.value)
