"""Functional correctness of the code in a reply, by execution in the sandbox; scored as the measure ``behaviour``.

Differential testing: a fix or a completion runs on every input-output example and must return what the original
returns, in type and value. Mutation testing: unit tests must all hold on the original, in two runs, and at least one
of them must fail on a proven mutant.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from codekiln.code.mutation.proof import equality_key
from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks.io_examples import HELPERS, observed_values
from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply, statement_source
from codekiln.recipes.corpus_tasks.rubric import collected_tests
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice
from codekiln.sandbox.inside.expressions import describe
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe

_PYTEST_STUB = """
import contextlib as _contextlib, functools as _functools, math as _math, sys as _sys, types as _types
@_contextlib.contextmanager
def _raises(expected, match=None):
    import re
    try:
        yield _types.SimpleNamespace()
    except expected as error:
        assert match is None or re.search(match, str(error)), "another message"
    else:
        raise AssertionError("nothing was raised")
class _Approx:
    def __init__(self, expected, rel=1e-6, abs=1e-12): self.expected, self.rel, self.abs = expected, rel, abs
    def __eq__(self, other): return _math.isclose(self.expected, other, rel_tol=self.rel, abs_tol=self.abs)
def _parametrize(names, cases, ids=None):
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    def decorate(test):
        @_functools.wraps(test)
        def run(*args):
            for case in cases:
                test(*args, **dict(zip(names, case if len(names) > 1 else [case])))
        return run
    return decorate
_pytest = _types.ModuleType("pytest")
_pytest.raises, _pytest.approx, _pytest.mark = _raises, _Approx, _types.SimpleNamespace(parametrize=_parametrize)
_sys.modules["pytest"] = _pytest
"""
"""The part of pytest that tests use most (``raises``, ``approx``, ``mark.parametrize``): the sandbox has no pytest."""

_BINDING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_SECOND_RUN = "# again\n"


@dataclass(frozen=True)
class Correctness:
    """Whether the code of a reply is correct.

    Attributes:
        value: 1.0 or 0.0; None where the code cannot be run, or where there is no code to run.
        reason: Why the value is not 1.0.
    """

    value: float | None
    reason: str = ""


def check_correctness(
    jobs: Sequence[tuple[Problem, str]], *, workers: int | None, limits: Limits, label: str = ""
) -> list[Correctness]:
    """Return the correctness of each (problem, reply), in order.

    Args:
        jobs: Problems of this recipe, each with a reply.
        workers: Number of sandbox workers; None: one per core.
        limits: Limits of each run.
        label: Label of the progress bar.
    """
    plans = [_plan(problem, ParsedReply(text)) for problem, text in jobs]
    runs = [run for plan in plans if isinstance(plan, list) for run in plan]
    observations = iter(observe(runs, workers=workers, limits=limits, label=label))
    return [
        plan if isinstance(plan, Correctness) else _judge(problem, [next(observations) for _ in plan])
        for plan, (problem, _) in zip(plans, jobs, strict=True)
    ]


def _plan(problem: Problem, reply: ParsedReply) -> list[Run] | Correctness:
    """Return the runs to compare, the original's first, or the result where no run is needed."""
    context = problem.grading_context
    if context["category"] in ("docstring", "explain"):
        return Correctness(None, "there is nothing to run")
    if not context.get("calls"):
        return Correctness(None, "the function cannot be run")
    if reply.tree is None:
        return Correctness(0.0, "there is no code that compiles")
    piece = ProgramSlice(context["before"], context["after"], context["indent"], linked=context.get("linked", ""))
    if context["category"] == "unit_test":
        return _plan_tests(piece, context, reply)
    program = _program_with(piece, context["name"], reply)
    if program is None:
        return Correctness(0.0, f"it does not define {context['name']}")
    calls = tuple(context["calls"])
    return [Run(piece.program(context["text"]), calls, HELPERS), Run(program, calls, HELPERS)]


def _plan_tests(piece: ProgramSlice, context: dict[str, Any], reply: ParsedReply) -> list[Run] | Correctness:
    calls = tuple(call for call, _ in collected_tests(reply))
    if not calls:
        return Correctness(0.0, "there is no test")
    own = [statement_source(reply.code, node) for node in _module_statements(reply)]
    tests = "\n".join([_PYTEST_STUB, *own, ""])
    programs = [f"{piece.program(text)}\n{tests}" for text in (context["text"], context["text"], *context["mutants"])]
    # Equal programs are run only once; the extra comment forces a second run, which exposes random tests.
    programs[1] += _SECOND_RUN
    return [Run(program, calls) for program in programs]


def _program_with(piece: ProgramSlice, name: str, reply: ParsedReply) -> str | None:
    """Return a slice's program with the function that a reply defines, or None where it defines none.

    Imports, helper functions, classes and constants of the reply come before the slice. All its other statements come
    after it, so that a reply that ends the program early does not count as correct.
    """
    definition = reply.definition(name)
    if definition is None:
        return None
    others = [node for node in _module_statements(reply) if definition not in (node, *getattr(node, "body", ()))]
    program = replace(piece, linked="").program(reply.definition_source(name))
    # Future imports have to be the first statements of a program.
    lead = [*_future_imports(reply), *(line for line in piece.before.split("\n") if line.startswith("from __future__"))]
    bound = [statement_source(reply.code, node) for node in others if isinstance(node, _BINDING)]
    run = [statement_source(reply.code, node) for node in others if not isinstance(node, _BINDING)]
    return "\n".join([*lead, piece.linked, *bound, *(line for line in program.split("\n") if line not in lead), *run])


def _module_statements(reply: ParsedReply) -> list[ast.stmt]:
    """Return the statements of a reply's code without future imports and the main guard of a script."""
    return [node for node in reply.statements if not (_is_future_import(node) or _is_main_guard(node))]


def _is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(item, ast.Name) and item.id == "__name__" for item in ast.walk(node.test)
    )


def _future_imports(reply: ParsedReply) -> list[str]:
    return [statement_source(reply.code, node) for node in reply.statements if _is_future_import(node)]


def _is_future_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _judge(problem: Problem, observations: Sequence[Observation]) -> Correctness:
    if problem.grading_context["category"] == "unit_test":
        return _judge_tests(observations)
    original, reply = observations
    return _judge_program(problem, original, reply)


def _judge_program(problem: Problem, original: Observation, reply: Observation) -> Correctness:
    if original.ending != "ended":
        return Correctness(None, f"the original did not end: {original.message or original.ending}")
    if reply.ending != "ended":
        return Correctness(0.0, f"{reply.ending}: {reply.error} {reply.message}".strip()[:200])
    results = zip(observed_values(original), observed_values(reply), strict=True)
    for call, (expected, got) in zip(problem.grading_context["calls"], results, strict=True):
        if equality_key(got) is None or equality_key(got) != equality_key(expected):
            return Correctness(0.0, f"{call} gives {describe(got)}, not {describe(expected)}"[:300])
    return Correctness(1.0)


def _judge_tests(observations: Sequence[Observation]) -> Correctness:
    original = min(observations[:2], key=_all_hold)
    mutants = observations[2:]
    if not _all_hold(original):
        wrong = next((result for result in original.results if result.error), None)
        what = f"{wrong.error} {wrong.message}" if wrong else f"{original.ending}: {original.error} {original.message}"
        return Correctness(0.0, f"a test fails on the original: {what}".strip()[:200])
    if all(map(_all_hold, mutants)):
        return Correctness(0.0, f"no test fails on any of {len(mutants)} mutants")
    return Correctness(1.0)


def _all_hold(observation: Observation) -> bool:
    return observation.ending == "ended" and not any(result.error for result in observation.results)
