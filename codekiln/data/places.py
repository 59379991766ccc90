"""How messages name a place in a problem: a test by its number, counted from one, with its text."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN = 60
_LISTS = {
    "tests": "test",
    "visible_tests": "visible test",
    "test_list": "test",
    "challenge_test_list": "challenge test",
    "base_input": "base input",
    "plus_input": "plus input",
    "public_test_cases": "public test case",
    "private_test_cases": "private test case",
}
"""What an item of a list in a problem is called."""


def name_of_test(number: int, total: int, kind: str = "test") -> str:
    """Return the name of a test, counted from one: ``test 4 of 12``."""
    return f"{kind} {number} of {total}"


def item_name(field: str, index: int, items: Sequence[Any], *, is_shown: bool = True) -> str:
    """Return the name of an item of a problem's list, with its text where it is one: ``test 4 of 12 (assert f())``.

    Args:
        field: The list, such as ``tests``.
        index: Its place in the list, counted from zero.
        items: The list.
        is_shown: Whether to show the text.
    """
    name = name_of_test(index + 1, len(items), _LISTS.get(field, f"item of {field}:"))
    text = items[index] if index < len(items) else None
    return f"{name} ({_short(text)})" if is_shown and isinstance(text, str) else name


def path_of(location: Sequence[str | int], row: Any) -> str:
    """Return where a value is in a row: ``.prompt``, ``, test 4 of 12 (assert f())`` or ``, test 4 of 12, call``.

    Args:
        location: Names and, for lists, places counted from zero.
        row: The row.
    """
    steps = [step for step in location if not isinstance(step, str) or not step.startswith("function-")]
    if len(steps) < 2 or not isinstance(steps[1], int) or steps[0] not in _LISTS or not isinstance(row, Mapping):
        return "".join(f".{step}" for step in steps)
    items = row.get(str(steps[0]))
    if not isinstance(items, list):
        return "".join(f".{step}" for step in steps)
    rest = ".".join(str(step) for step in steps[2:])
    return f", {item_name(str(steps[0]), steps[1], items)}" + (f", {rest}" if rest else "")


def _short(text: str) -> str:
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 3]}..."
