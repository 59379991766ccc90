"""Styles: rewrites of working code that keep what it does and change its structure or its comments.

Structural styles are ``concise`` (the code as it is), ``loop`` (comprehensions as loops with an accumulator),
``staged`` (a temporary list per step), ``indexed`` (loops as ``while`` with an index) and ``nested`` (conditions as
nested ifs that set a flag). Each also exists ``-commented`` and ``-documented``. They assume that expressions have no
side effects and that generators are finite, so grade a variant before training on it.
"""

import ast
from collections.abc import Callable, Sequence

from codekiln.code.rewrite.comments import comment, document
from codekiln.code.rewrite.loops import explicit_loops, index_loops
from codekiln.code.rewrite.render import render
from codekiln.code.rewrite.steps import nest_conditions, stage_lists
from codekiln.data.python_text import syntax_tree

Pass = Callable[[ast.FunctionDef], None]


def rewrite(code: str, style: str) -> str | None:
    """Return ``code`` in ``style``, or None where the style changes nothing (``concise`` returns ``code`` itself).

    Raises:
        KeyError: for a style that is not in ``STYLES``.
        SyntaxError: when ``code`` does not parse.
    """
    written = STYLES[style](code)
    structure = style.partition("-")[0]
    if structure != "concise" and _same(STYLES[structure](code), code):
        return None
    return written


def variants(code: str) -> dict[str, str]:
    """Return the distinct programs that the styles make of ``code``, by the first style that made each."""
    found: dict[str, str] = {}
    for style in STYLES:
        written = rewrite(code, style)
        if written is not None and written not in found.values():
            found[style] = written
    return found


def _structure(passes: Sequence[Pass]) -> Callable[[str], str]:
    def apply(code: str) -> str:
        tree = syntax_tree(code)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for change in passes:
                    change(node)
        return render(tree)

    return apply


def _same(left: str, right: str) -> bool:
    return ast.dump(syntax_tree(left)) == ast.dump(syntax_tree(right))


def _after(structure: Callable[[str], str], decorate: Callable[[str], str]) -> Callable[[str], str]:
    return lambda code: decorate(structure(code))


_STRUCTURES: dict[str, Callable[[str], str]] = {
    "concise": lambda code: code,
    "loop": _structure([explicit_loops]),
    "staged": _structure([stage_lists]),
    "indexed": _structure([explicit_loops, index_loops]),
    "nested": _structure([explicit_loops, nest_conditions]),
}
STYLES: dict[str, Callable[[str], str]] = {
    **_STRUCTURES,
    **{f"{name}-commented": _after(make, comment) for name, make in _STRUCTURES.items()},
    **{f"{name}-documented": _after(make, document) for name, make in _STRUCTURES.items()},
}
