"""Whether the program in a reply does what it should, seen in the sandbox.

A fix and a completion are run on every trial and must give what the original gives, in type and value. Tests are run
on the original, where all of them must hold twice, and on proven mutants, one of which at least one of them must catch.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.code.mutation.proof import exact
from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks.reply_checks import test_functions
from codekiln.recipes.corpus_tasks.reply_parser import Reply, source_of
from codekiln.recipes.corpus_tasks.slicing import Slice
from codekiln.recipes.corpus_tasks.trials import values
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Observation, Run, observe
from codekiln.sandbox.trusted import describe

_PYTEST = """
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
"""What tests use most of pytest, which is not in the sandbox: ``raises``, ``approx`` and ``mark.parametrize``."""


_BROUGHT = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign, ast.AnnAssign)
_AGAIN = "# again\n"


@dataclass(frozen=True)
class Behaviour:
    """Whether a reply behaves right; None where that cannot be run, or where there is nothing to run, with why."""

    value: float | None
    reason: str = ""


def behave(
    jobs: Sequence[tuple[Problem, str]], *, workers: int | None, limits: Limits, label: str = ""
) -> list[Behaviour]:
    """Return the behaviour of each (problem, reply), in order.

    Args:
        jobs: Problems of this recipe, each with a reply.
        workers: Programs run at the same time; None: one per core.
        limits: What each run may use.
        label: Names the progress that is shown.
    """
    plans = [_plan(problem, Reply(text)) for problem, text in jobs]
    runs = [run for plan in plans if isinstance(plan, list) for run in plan]
    seen = iter(observe(runs, workers=workers, limits=limits, label=label))
    return [
        plan if isinstance(plan, Behaviour) else _judge(problem, [next(seen) for _ in plan])
        for plan, (problem, _) in zip(plans, jobs, strict=True)
    ]


def can_run(problem: Problem) -> bool:
    """Tell whether replies to a problem can be run."""
    return bool(problem.grading_context.get("calls"))


def program_with(piece: Slice, name: str, reply: Reply) -> str | None:
    """Return a slice's program with the function that a reply defines, and with what else it brings; None without one.

    Imports, helper functions, classes and constants of the reply come before the slice, and whatever else it runs comes
    after it, so that a reply that ends the program early does not behave.
    """
    definition = reply.definition(name)
    if definition is None:
        return None
    others = [node for node in _statements(reply) if definition not in (node, *getattr(node, "body", ()))]
    program = piece.program(reply.written(name))
    lead = [*_futures(reply), *(line for line in piece.before.split("\n") if line.startswith("from __future__"))]
    own = [source_of(reply.code, node) for node in others if isinstance(node, _BROUGHT)]
    run = [source_of(reply.code, node) for node in others if not isinstance(node, _BROUGHT)]
    return "\n".join([*lead, *own, *(line for line in program.split("\n") if line not in lead), *run])


def _statements(reply: Reply) -> list[ast.stmt]:
    """Return the statements of a reply's program, without what only a script does and what has to come first."""
    return [node for node in reply.tree.body if not (_is_future(node) or _is_main_guard(node))]


def _is_main_guard(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(item, ast.Name) and item.id == "__name__" for item in ast.walk(node.test)
    )


def _futures(reply: Reply) -> list[str]:
    return [source_of(reply.code, node) for node in reply.tree.body if _is_future(node)]


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _plan(problem: Problem, reply: Reply) -> list[Run] | Behaviour:
    """Return the runs that decide, the original's first, or what is known without running anything."""
    facts = problem.grading_context
    if facts["category"] in ("docstring", "explain"):
        return Behaviour(None, "there is nothing to run")
    if not can_run(problem):
        return Behaviour(None, "the function cannot be run")
    if reply.tree is None:
        return Behaviour(0.0, "there is no code that compiles")
    piece = Slice(facts["before"], facts["after"], facts["indent"])
    if facts["category"] == "unit_test":
        return _plan_tests(piece, facts, reply)
    program = program_with(piece, facts["name"], reply)
    if program is None:
        return Behaviour(0.0, f"it does not define {facts['name']}")
    calls = tuple(facts["calls"])
    return [Run(piece.program(facts["text"]), calls), Run(program, calls)]


def _plan_tests(piece: Slice, facts: dict, reply: Reply) -> list[Run] | Behaviour:
    calls = tuple(call for call, _ in test_functions(reply.tree))
    if not calls:
        return Behaviour(0.0, "there is no test")
    own = [source_of(reply.code, node) for node in _statements(reply)]
    tests = "\n".join([_PYTEST, *own, ""])
    programs = [f"{piece.program(text)}\n{tests}" for text in (facts["text"], facts["text"], *facts["mutants"])]
    programs[1] += _AGAIN  # so that it is really run again: a test that depends on chance may not hold twice
    return [Run(program, calls) for program in programs]


def _judge(problem: Problem, seen: Sequence[Observation]) -> Behaviour:
    return _judge_tests(seen) if problem.grading_context["category"] == "unit_test" else _judge_program(problem, *seen)


def _judge_program(problem: Problem, original: Observation, reply: Observation) -> Behaviour:
    if original.ending != "ended":
        return Behaviour(None, f"the original did not end: {original.message or original.ending}")
    if reply.ending != "ended":
        return Behaviour(0.0, f"{reply.ending}: {reply.error} {reply.message}".strip()[:200])
    for call, expected, got in zip(problem.grading_context["calls"], values(original), values(reply), strict=True):
        if exact(got) is None or exact(got) != exact(expected):
            return Behaviour(0.0, f"{call} gives {describe(got)}, not {describe(expected)}"[:300])
    return Behaviour(1.0)


def _judge_tests(seen: Sequence[Observation]) -> Behaviour:
    original = min(seen[:2], key=_all_hold)
    mutants = seen[2:]
    if not _all_hold(original):
        wrong = next((result for result in original.results if result.error), None)
        what = f"{wrong.error} {wrong.message}" if wrong else f"{original.ending}: {original.error} {original.message}"
        return Behaviour(0.0, f"a test fails on the original: {what}".strip()[:200])
    if all(map(_all_hold, mutants)):
        return Behaviour(0.0, f"no test fails on any of {len(mutants)} mutants")
    return Behaviour(1.0)


def _all_hold(observation: Observation) -> bool:
    return observation.ending == "ended" and not any(result.error for result in observation.results)
