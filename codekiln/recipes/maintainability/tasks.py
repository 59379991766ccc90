"""How problems are shown where no test is: by a system turn, and by the signature of the function that is wanted."""

import ast
from collections.abc import Sequence

from codekiln.data.normalise import parse
from codekiln.data.records import Message, Problem

WANTED = "The function has to have this signature:"


def ask(problems: Sequence[Problem], *, signature: bool, system: str) -> list[Problem]:
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
    from codekiln.data.prompts import messages

    turns = messages(problem)
    if signature:
        header = signature_of(problem)
        shown = f"\n{WANTED} `{header}`" if header else ""
        turns = (Message(role="user", content=f"{problem.prompt.strip()}{shown}"),)
    return (Message(role="system", content=system), *turns) if system else turns
