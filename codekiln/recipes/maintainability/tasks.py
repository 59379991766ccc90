"""Problems to prompts: an optional system turn, and the function signature in place of the visible tests."""

import ast
from collections.abc import Sequence

from codekiln.data import prompts
from codekiln.data.normalise import parse
from codekiln.data.records import Message, Problem
from codekiln.recipes.maintainability.settings import MaintainabilitySettings
from codekiln.recipes.types import ProblemSets

INTRODUCTION = "The function has to have this signature:"


def with_conversations(made: ProblemSets, settings: MaintainabilitySettings) -> ProblemSets:
    """Return problem sets in the conversations that ``ask`` and ``system`` ask for; unchanged by default."""
    return ProblemSets(asked(made.train, settings), asked(made.evaluation, settings), made.rejected)


def asked(problems: Sequence[Problem], settings: MaintainabilitySettings) -> list[Problem]:
    """Return problems in the conversations that ``ask`` and ``system`` ask for; unchanged by default."""
    if settings.ask == "tests" and not settings.system:
        return list(problems)
    return add_conversations(problems, signature=settings.ask == "signature", system=settings.system)


def add_conversations(problems: Sequence[Problem], *, signature: bool, system: str) -> list[Problem]:
    """Return the problems with conversations of their own.

    Args:
        problems: Problems whose prompt is prose.
        signature: Show the signature of the wanted function, and no test.
        system: Text of a system turn before it; empty: none.
    """
    return [problem.model_copy(update={"messages": _turns(problem, signature, system)}) for problem in problems]


def signature_of(problem: Problem) -> str | None:
    """Return the header of the function that the tests call, or of the last one that the reference defines."""
    try:
        defined = [node for node in parse(problem.reference or "").body if isinstance(node, ast.FunctionDef)]
    except SyntaxError:
        return None
    called = [node for node in defined if node.name == problem.entry_point]
    chosen = (called or defined)[-1:]
    return next((_header(node) for node in chosen), None)


def _header(node: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}:"


def _turns(problem: Problem, signature: bool, system: str) -> tuple[Message, ...]:
    turns = prompts.messages(problem)
    if signature:
        header = signature_of(problem)
        shown = f"\n{INTRODUCTION} `{header}`" if header else ""
        turns = (Message(role="user", content=f"{problem.prompt.strip()}{shown}"),)
    return (Message(role="system", content=system), *turns) if system else turns
