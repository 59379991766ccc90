"""Synthesises standard inputs for a program that came without any; `program_check` keeps those that it accepts.

A folder of exercises often has nothing but descriptions and programs. What a program reads mostly follows from its
syntax tree: whether ``input()`` is converted to a number, which texts it is compared with, and what ends a loop.
"""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from codekiln.data.normalise import parse

NUMBERS = ((3, 7, 12, 5), (1, 2, 3, 4), (10, 65, 40, 100), (0, 8, 21, 6), (18, 30, 2, 50), (4, 4, 9, 1))
WORDS = ("apple", "Level", "702", "hello world")
REPEATS = (1, 3, 5, 2, 4, 7)


@dataclass(frozen=True)
class _InputCall:
    """One ``input()`` of a program: the type it is converted to, and whether it is in a loop."""

    kind: str
    looped: bool


def reads_input(program: str) -> bool:
    """Return whether a program that parses reads standard input."""
    return any(_is_input(node) or _is_stdin(node) for node in ast.walk(parse(program)))


def candidate_inputs(program: str) -> list[str]:
    """Return standard inputs to try, in a fixed order; a program that reads nothing has one, the empty text."""
    tree = parse(program)
    calls = list(_input_calls(tree, looped=False, kind=""))
    if not calls and not reads_input(program):
        return [""]
    words, ends = _compared(tree)
    return list(dict.fromkeys(_script(calls, words, ends, turn) for turn in range(2 * len(NUMBERS))))


def _script(calls: list[_InputCall], words: list[str], ends: list[str], turn: int) -> str:
    numbers, repeat = NUMBERS[turn % len(NUMBERS)], REPEATS[turn % len(REPEATS)]
    lines: list[str] = []
    for call in calls or [_InputCall("", True)]:
        for _ in range(repeat if call.looped else 1):
            place = len(lines) + turn
            if call.kind:
                # The first number that a program with a loop reads is mostly the number of repetitions.
                number = repeat if not lines and any(item.looped for item in calls) else numbers[place % 4]
                lines.append(str(number) if call.kind == "int" else f"{number}.5")
            else:
                lines.append(words[place % len(words)])
    return "".join(f"{line}\n" for line in [*lines, *ends])


def _input_calls(node: ast.AST, looped: bool, kind: str) -> Iterator[_InputCall]:
    if _is_input(node):
        yield _InputCall(kind, looped)
        return
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("int", "float"):
        kind = node.func.id
    looped = looped or isinstance(node, ast.For | ast.While | ast.ListComp)
    for child in ast.iter_child_nodes(node):
        yield from _input_calls(child, looped, kind)


def _compared(tree: ast.Module) -> tuple[list[str], list[str]]:
    """Return texts that a program compares with or looks up, and values that end a loop."""
    words: list[str] = []
    ends: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            words += _words((node.left, *node.comparators))
        if isinstance(node, ast.Dict):
            words += _words(node.keys)
        if isinstance(node, ast.While):
            ends += [str(item.value) for item in ast.walk(node.test) if isinstance(item, ast.Constant)]
    return list(dict.fromkeys([*words[:6], *WORDS])), list(dict.fromkeys(ends))


def _words(nodes: Iterable[ast.expr | None]) -> list[str]:
    """Return the short, non-empty string constants among ``nodes``."""
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [value for value in values if isinstance(value, str) and 0 < len(value) < 30]


def _is_input(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "input"


def _is_stdin(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "stdin"
