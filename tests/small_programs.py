"""Hypothesis strategies for small Python functions, and edits that keep what they mean."""

import ast
import re

from hypothesis import strategies as st

NAMES = ("alpha", "beta", "gamma")

_leaf = st.sampled_from((*NAMES, "1", "2", "'text'", "len(alpha)"))
_expression = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*%"), inner).map(lambda parts: f"({' '.join(parts)})"),
        st.tuples(inner, st.sampled_from(("<", "==", "and", "or")), inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda text: f"[beta for beta in range({text})]"),
    ),
    max_leaves=5,
)
_simple = st.tuples(st.sampled_from(NAMES), st.sampled_from(("=", "+=")), _expression).map(" ".join)
_block = st.tuples(st.sampled_from(("if", "while")), _expression, _simple).map(
    lambda parts: f"{parts[0]} {parts[1]}:\n        {parts[2]}"
)
_body = st.lists(st.one_of(_simple, _block), min_size=1, max_size=5)

functions = st.tuples(_body, _expression).map(
    lambda parts: (
        "\n    ".join(["def solve(alpha, beta):", "gamma = alpha + beta", *parts[0], f"return {parts[1]}"]) + "\n"
    )
)
"""Source texts of one function with arguments, locals, operators and perhaps branches and comprehensions."""

_NEW = {"solve": "answer", "alpha": "values", "beta": "k", "gamma": "total"}


def renamed(code: str) -> str:
    """Return ``code`` under other names."""
    return re.sub(r"\b(solve|alpha|beta|gamma)\b", lambda match: _NEW[match.group()], code)


def commented(code: str) -> str:
    """Return ``code`` with a docstring, blank lines and a comment after every line."""
    head, *body = code.splitlines()
    noted = [f"{line}  # note: {index} + 1" for index, line in enumerate(body)]
    return "\n\n".join(["# top", head, '    """Explain.\n\n    At length.\n    """', *noted]) + "\n"


def other_operators(code: str) -> str:
    """Return ``code`` with every ``+`` made a ``-``."""

    class Swap(ast.NodeTransformer):
        def visit_Add(self, node: ast.Add) -> ast.Sub:
            return ast.Sub()

    return ast.unparse(Swap().visit(ast.parse(code)))
