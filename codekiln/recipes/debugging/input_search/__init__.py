"""Standard inputs for programs that came without any: found by running them, in the sandbox, a few hundred times each.

instrumentation       the program, with a report of each condition
lines, runs, aiming   what runs inside the sandbox: what a program reads, its runs, and the search
"""

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from codekiln.data.normalise import parse
from codekiln.data.text import read_text
from codekiln.recipes.debugging.input_search.instrumentation import constants, draws_numbers, instrumented, loop_ends
from codekiln.sandbox.limits import Limits
from codekiln.sandbox.observe import Run, observe

MOST_INPUTS = 10
"""Inputs that are kept of a program: more make every proof slower and seldom show more."""
CPU_SECONDS = 4
"""CPU time of a search; what was found in three quarters of it counts. Few programs need a tenth."""


def search_inputs(
    programs: Sequence[str], *, workers: int | None = None, limits: Limits | None = None, label: str = ""
) -> list[list[str]]:
    """Return inputs of each program that parses; none where no input made it end without an exception."""
    calls = [f"search(*{_arguments(text)!r})" for text in programs]
    limits = limits or Limits()
    wider = limits.model_copy(update={"cpu_seconds": CPU_SECONDS, "wall_seconds": 4.0 * CPU_SECONDS})
    seen = observe([Run(_inside(), calls=(call,)) for call in calls], workers=workers, limits=wider, label=label)
    found = [item.results[0].value if item.results else None for item in seen]
    return [[text for text in texts if isinstance(text, str)] if isinstance(texts, list) else [] for texts in found]


def _arguments(program: str) -> tuple[object, ...]:
    seconds = CPU_SECONDS * 0.75
    parts = instrumented(program), constants(program), loop_ends(program)
    return (*parts, MOST_INPUTS, seconds, draws_numbers(program))


@cache
def _inside() -> str:
    """Return the text of the modules that run inside the sandbox, as one program."""
    folder = Path(__file__).parent
    trees = [parse(read_text(folder / f"{name}.py")) for name in ("lines", "runs", "aiming")]
    body = [node for tree in trees for node in tree.body if not _is_ours(node)]
    return ast.unparse(ast.Module(body, []))


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").startswith("codekiln.")
