"""Parts of a reply as programs: which one defines or reads what, and which others it needs."""

import ast
import re
from collections.abc import Sequence

from codekiln.data.fences import is_python
from codekiln.data.python_text import module_names, syntax_tree

_NEXT_STATEMENT = re.compile(
    r"^(?=(?:async def|def|class|if|for|while|try|with|print|import|from|assert)\b|[#@\"'])", re.MULTILINE
)
# Bounds the search for the last statement that parses.
_MAX_STATEMENTS = 20


def is_program(code: str) -> bool:
    """Return whether ``code`` is Python that does more than name values: prose of one word is an expression too.

    The indented body of a function counts.
    """
    is_body = code.lstrip("\n")[:1] in (" ", "\t")
    try:
        body = syntax_tree(f"if True:\n{code}" if is_body else code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    nodes = [part for node in body for part in (node.body if is_body and isinstance(node, ast.If) else [node])]
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call) for node in nodes)


def defining(parts: Sequence[str], entry_point: str) -> str:
    """Return the last part that defines the entry point, with what it needs of the others; empty without one."""
    found = [part for part in parts if (body := definition(part, entry_point)) is not None and not _is_stub(body)]
    found = found or [part for part in parts if definition(part, entry_point) is not None]
    if found:
        return with_needed(found[-1], parts)
    # A program that does not compile is the model's answer all the same.
    start = re.compile(rf"^[ \t]*(?:async\s+)?(?:def|class)\s+{re.escape(entry_point)}\b", re.MULTILINE)
    broken = [part for part in reversed(parts) if start.search(part)]
    finished = (finished_part(part, entry_point) for part in broken)
    return next(filter(None, finished), "") or next((part.strip("\n") for part in broken), "")


def finished_part(code: str, entry_point: str) -> str:
    """Return a program that does not parse up to the statement that does not; empty if that leaves no entry point.

    A model that does not stop writes on behind the function, until its tokens are spent in the middle of a statement.
    Human Eval's stop sequences end a completion at the same places (Chen et al. 2021, section 3.2).
    """
    starts = [match.start() for match in _NEXT_STATEMENT.finditer(code)]
    for start in reversed(starts[-_MAX_STATEMENTS:]):
        if is_python(head := code[:start]):
            body = definition(head, entry_point)
            return head.strip("\n") if body is not None and not _is_stub(body) else ""
    return ""


def definition(code: str, name: str) -> ast.stmt | None:
    """Return the statement that defines ``name`` in a program, at its top or as a method; None without one."""
    try:
        body = syntax_tree(code).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: ast.stmt | None = None
    # Definitions under a condition or in a ``try`` are at the top, too.
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            methods = node.body if isinstance(node, ast.ClassDef) else []
            if node.name == name or any(isinstance(item, ast.FunctionDef) and item.name == name for item in methods):
                found = node
        elif isinstance(node, ast.Assign) and any(isinstance(at, ast.Name) and at.id == name for at in node.targets):
            found = node
        elif isinstance(node, ast.If | ast.Try | ast.With):
            waiting += reversed([child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)])
    return found


def _is_stub(node: ast.stmt) -> bool:
    """Return whether a function is a signature only: a docstring, ``pass``, ``...`` or an error that says so."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    return all(
        isinstance(item, ast.Pass)
        or (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
        or (isinstance(item, ast.Raise) and item.exc is not None and "NotImplementedError" in ast.unparse(item.exc))
        for item in node.body
    )


def with_needed(chosen: str, parts: Sequence[str]) -> str:
    """Return a part with those others that bind names it takes from outside, in the order of the reply."""
    bound, used = module_names(chosen)
    others = {part: module_names(part) for part in dict.fromkeys(parts) if part != chosen and is_program(part)}
    # What binds a name of the chosen part again is another attempt or a use of it.
    others = {part: names for part, names in others.items() if not names[0] & bound}
    binding: dict[str, list[str]] = {}
    for part, names in others.items():
        for name in names[0]:
            binding.setdefault(name, []).append(part)
    kept = {chosen, *filter(_imports_all, others)}
    waiting = list(used - bound)
    while waiting:
        for part in binding.pop(waiting.pop(), ()):
            if part not in kept:
                kept.add(part)
                waiting += others[part][1]
    ordered = list(dict.fromkeys(part for part in parts if part in kept)) or [chosen]
    whole = "\n".join(part.strip("\n") for part in ordered)
    return whole if is_python(whole) else chosen.strip("\n")


def _imports_all(code: str) -> bool:
    return all(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in syntax_tree(code).body)


def reads_input(code: str) -> bool:
    """Return whether a program names what reads the standard input: ``input``, ``stdin`` or ``open(0)``."""
    if not is_program(code) or code.lstrip("\n")[:1] in (" ", "\t"):
        return False
    return any(
        (isinstance(node, ast.Name) and node.id == "input")
        or (isinstance(node, ast.Attribute) and node.attr == "stdin")
        or (isinstance(node, ast.Call) and ast.unparse(node).startswith("open(0"))
        for node in ast.walk(syntax_tree(code))
    )
