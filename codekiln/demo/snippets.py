"""Real code for pretraining: functions from the packages of the standard library, with errors that fit them.

Only packages are read. The modules beside them, such as ``textwrap.py``, are left for a recipe that makes tasks from
the standard library, so that what an adapter is evaluated on is in no base model.
"""

import ast
import random
import re
import sysconfig
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import cast

from codekiln.code.mutation import CLASSES, Mutation, mutations
from codekiln.data.normalise import TooDeep
from codekiln.data.python_text import syntax_tree

STDLIB = Path(sysconfig.get_paths()["stdlib"])
LINES = range(3, 26)
# Characters: with its numbers and a reply, a snippet stays below some 500 tokens.
LONGEST = 900
ERRORS = 60
_LEFT_OUT = {"site-packages", "__pycache__", "tests", "test", "idle_test", "pydoc_data", "lib2to3", "turtledemo"}


@dataclass(frozen=True)
class Snippet:
    """A function of real code, from its first decorator on, without the indentation of its class.

    Args:
        name: The function's name.
        text: Its source, without a line break at the end.
        summary: First sentence of its docstring, or empty.
        errors: Mutations of the text, at most 60, drawn so that each class has its share.
    """

    name: str
    text: str
    summary: str
    errors: tuple[Mutation, ...]


def snippets(seed: int, limit: int | None = None, workers: int = 2, root: Path = STDLIB) -> list[Snippet]:
    """Return the functions of the standard library's packages in an order that depends on ``seed`` only.

    Args:
        seed: Seed of the order and of the errors that are kept.
        limit: Largest number of snippets; None for all.
        workers: Processes that look for errors.
        root: Folder of packages.
    """
    found = {text: (name, text, summary) for path in _files(root) for name, text, summary in _functions(path)}
    drawn = list(found.values())
    random.Random(seed).shuffle(drawn)
    jobs = [(*item, f"{seed} {number}") for number, item in enumerate(drawn[:limit])]
    with get_context("spawn").Pool(workers) as pool:
        return [snippet for snippet in pool.imap(_with_errors, jobs, chunksize=50) if snippet]


def _files(root: Path) -> list[Path]:
    paths = (path for path in root.rglob("*.py") if len(path.relative_to(root).parts) > 1)
    return sorted(path for path in paths if not _LEFT_OUT & set(path.relative_to(root).parts))


def _functions(path: Path) -> Iterator[tuple[str, str, str]]:
    try:
        text = path.read_text("utf-8")
        tree = syntax_tree(text)
    except (SyntaxError, ValueError):
        return
    lines = text.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            kept = [line for number, line in enumerate(lines[: node.end_lineno], 1) if number not in _documented(node)]
            code = textwrap.dedent("\n".join(kept[first - 1 :])).strip("\n")
            if code.count("\n") + 1 in LINES and len(code) <= LONGEST and "\t" not in code and "\f" not in code:
                yield node.name, code, _summary(ast.get_docstring(node) or "")


def _documented(node: ast.FunctionDef | ast.AsyncFunctionDef) -> range:
    """Return the lines of the docstring, which is prose; none where the function would be left without a body."""
    text = node.body[0]
    if len(node.body) == 1 or ast.get_docstring(node) is None or text.lineno == node.lineno:
        return range(0)
    return range(text.lineno, cast(int, text.end_lineno) + 1)


def _summary(docstring: str) -> str:
    sentence = re.split(r"(?<=[.!?])\s|\n\n", docstring.strip(), maxsplit=1)[0]
    return " ".join(sentence.split()) if len(sentence) <= 120 else ""


def _with_errors(job: tuple[str, str, str, str]) -> Snippet | None:
    name, text, summary, key = job
    try:
        found = mutations(text)
    except (SyntaxError, TooDeep):
        return None
    rng = random.Random(key)
    rng.shuffle(found)
    kept = [error for wanted in sorted(CLASSES) for error in _kinds_first(found, wanted)[: ERRORS // 3]]
    return Snippet(name, text, summary, tuple(kept))


def _kinds_first(found: list[Mutation], wanted: str) -> list[Mutation]:
    """Return the errors of a class so that every kind has its first before any has its second."""
    counts: dict[str, int] = {}
    ranked: list[tuple[int, int, Mutation]] = []
    for place, error in enumerate(found):
        if error.intended == wanted:
            counts[error.kind] = counts.get(error.kind, 0) + 1
            ranked.append((counts[error.kind], place, error))
    return [error for _, _, error in sorted(ranked, key=lambda item: item[:2])]
