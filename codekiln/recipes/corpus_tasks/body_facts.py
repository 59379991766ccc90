"""What the statements of a function do, in sentences that follow from their syntax alone."""

import ast
from collections.abc import Iterator, Sequence

from codekiln.recipes.corpus_tasks.functions import Function

_MAX_EXPRESSION = 60
"""Longest expression that is quoted, in characters."""
_MAX_STEPS = 5


def statement_facts(function: Function) -> list[str]:
    """Return sentences about the guards, loops and results of a function's own statements, in their order."""
    found = dict.fromkeys(text for node in function.node.body for text in _step(node, function.is_generator))
    return list(found)[:_MAX_STEPS]


def raised_conditions(function: Function) -> Iterator[tuple[str, str]]:
    """Yield each exception that a function's own body raises, with the tests that lead to it.

    The condition is empty where it is more than tests of ``if`` statements, such as an exception that was caught.
    """
    yield from _raised(function.node.body, [])


def is_value(node: ast.expr | None) -> bool:
    """Tell whether a return statement returns anything but None."""
    return node is not None and not (isinstance(node, ast.Constant) and node.value is None)


def _raised(body: Sequence[ast.stmt], tests: list[str]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.Raise):
            if name := exception_name(node):
                yield name, " and ".join(tests) if all(tests) else ""
        elif isinstance(node, ast.If):
            yield from _raised(node.body, [*tests, _quoted(node.test)])
            yield from _raised(node.orelse, [*tests, _quoted(_negated(node.test))])
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # Inside loops, handlers and the like a test alone does not say when the exception is raised.
            is_plain = isinstance(node, ast.With)
            for block in ("body", "orelse", "finalbody"):
                inner = getattr(node, block, [])
                yield from _raised(inner if isinstance(inner, list) else [], tests if is_plain else [*tests, ""])
            for handler in getattr(node, "handlers", ()):
                yield from _raised(handler.body, [*tests, ""])


def exception_name(node: ast.Raise) -> str:
    """Return the class that a statement raises, or nothing where it raises what a name holds."""
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    name = ast.unparse(raised) if isinstance(raised, ast.Name | ast.Attribute) else ""
    return name if name.rpartition(".")[2][:1].isupper() else ""


def _step(node: ast.stmt, is_generator: bool) -> Iterator[str]:
    if isinstance(node, ast.If):
        yield from _guard(node)
    elif isinstance(node, ast.For) and (items := _quoted(node.iter)) and (target := _quoted(node.target)):
        yield f"It goes through {items}, one {target} at a time{_inside(node.body)}."
    elif isinstance(node, ast.While) and (test := _quoted(node.test)):
        yield "It loops until it returns or breaks." if test == "`True`" else f"It repeats its loop while {test} holds."
    elif isinstance(node, ast.With) and (context := _quoted(node.items[0].context_expr)):
        yield f"It works inside the context {context}."
    elif isinstance(node, ast.Try) and (
        caught := [text for item in node.handlers if item.type and (text := _quoted(item.type))]
    ):
        yield f"It catches {' and '.join(caught)}{_caught(node)}."
    elif (
        isinstance(node, ast.Return)
        and not isinstance(node.value, ast.Name)
        and is_value(node.value)
        and (value := _quoted(node.value))
    ):
        yield f"{'It ends with' if is_generator else 'In the end it returns'} {value}."


def _guard(node: ast.If) -> Iterator[str]:
    test, last = _quoted(node.test), node.body[-1]
    if not test:
        return
    if isinstance(last, ast.Raise) and (name := exception_name(last)):
        yield f"If {test}, it raises `{name}`."
    elif isinstance(last, ast.Return) and len(node.body) == 1:
        value = _quoted(last.value) if is_value(last.value) else "`None`" if last.value else ""
        yield f"If {test}, it returns {value} at once." if value else f"If {test}, it returns at once."
    elif isinstance(last, ast.Assign) and len(node.body) == 1 and (value := _quoted(last.value)):
        yield f"If {test}, it sets {_quoted(last.targets[0]) or 'a variable'} to {value}."


def _inside(body: Sequence[ast.stmt]) -> str:
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield) and node.value.value:
            return f", and yields {text}" if (text := _quoted(node.value.value)) else ""
    return ""


def _caught(node: ast.Try) -> str:
    last = node.handlers[0].body[-1] if len(node.handlers) == 1 else None
    if isinstance(last, ast.Raise) and (name := exception_name(last)):
        return f" and raises `{name}` instead"
    if isinstance(last, ast.Return) and is_value(last.value) and (value := _quoted(last.value)):
        return f" and then returns {value}"
    return ""


def _negated(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    return ast.UnaryOp(ast.Not(), node)


def _quoted(node: ast.AST | None) -> str:
    """Return the source of an expression in backquotes, or an empty string when it is too long to be quoted."""
    text = ast.unparse(node) if node else ""
    return f"`{text}`" if 0 < len(text) <= _MAX_EXPRESSION and "\n" not in text and "`" not in text else ""
