"""Standard inputs for a program that came without any: tried texts, of which those are kept that the program accepts.

A folder of exercises often has nothing but descriptions and programs. What a program reads can mostly be seen: whether
``input()`` is turned into a number, which texts it is compared with, and what ends a loop.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from codekiln.data.normalise import parse

NUMBERS = ((3, 7, 12, 5), (1, 2, 3, 4), (10, 65, 40, 100), (0, 8, 21, 6), (18, 30, 2, 50), (4, 4, 9, 1))
WORDS = ("apple", "Level", "702", "hello world")
REPEATS = (1, 3, 5, 2, 4, 7)


@dataclass(frozen=True)
class _Question:
    """One ``input()`` of a program: what it is turned into, and whether it is asked again and again."""

    kind: str
    looped: bool


def reads_input(program: str) -> bool:
    """Say whether a program that parses asks for standard input."""
    return any(_is_input(node) or _is_stdin(node) for node in ast.walk(parse(program)))


def guesses(program: str) -> list[str]:
    """Return standard inputs worth trying, in a fixed order; a program that reads nothing has one, the empty text."""
    tree = parse(program)
    questions = list(_questions(tree, looped=False, kind=""))
    if not questions and not reads_input(program):
        return [""]
    words, ends = _compared(tree)
    return list(dict.fromkeys(_script(questions, words, ends, turn) for turn in range(2 * len(NUMBERS))))


def _script(questions: list[_Question], words: list[str], ends: list[str], turn: int) -> str:
    numbers, repeat = NUMBERS[turn % len(NUMBERS)], REPEATS[turn % len(REPEATS)]
    lines: list[str] = []
    for question in questions or [_Question("", True)]:
        for _ in range(repeat if question.looped else 1):
            place = len(lines) + turn
            if question.kind:
                number = repeat if not lines and any(item.looped for item in questions) else numbers[place % 4]
                lines.append(str(number) if question.kind == "int" else f"{number}.5")
            else:
                lines.append(words[place % len(words)])
    return "".join(f"{line}\n" for line in [*lines, *ends])


def _questions(node: ast.AST, looped: bool, kind: str) -> Iterator[_Question]:
    if _is_input(node):
        yield _Question(kind, looped)
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("int", "float"):
        kind = node.func.id
    looped = looped or isinstance(node, ast.For | ast.While | ast.ListComp)
    for child in ast.iter_child_nodes(node):
        yield from _questions(child, looped, kind)


def _compared(tree: ast.Module) -> tuple[list[str], list[str]]:
    """Return texts a program compares with (or looks up), and the values whose coming ends a loop."""
    words, ends = [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            words += [item.value for item in (node.left, *node.comparators) if _is_word(item)]
        if isinstance(node, ast.Dict):
            words += [item.value for item in node.keys if _is_word(item)]
        if isinstance(node, ast.While):
            ends += [str(item.value) for item in ast.walk(node.test) if isinstance(item, ast.Constant)]
    return list(dict.fromkeys([*words[:6], *WORDS])), list(dict.fromkeys(ends))


def _is_word(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and 0 < len(node.value) < 30


def _is_input(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input"


def _is_stdin(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "stdin"
