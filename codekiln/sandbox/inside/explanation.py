"""Says why a test did not hold: where, what it got, and with which values of its variables."""

import operator
import types

from codekiln.sandbox.inside import expressions, proxies

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codekiln.sandbox.inside.messages import AssertPlan

COMPARED, NOTED = "__codekiln_compared__", "__codekiln_noted__"
"""Functions that compiled asserts call."""
FILE = "<test>"
OPERATORS: "dict[str, Callable[[Any, Any], Any]]" = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "in": lambda item, container: item in container, "not in": lambda item, container: item not in container,
    "is": operator.is_, "is not": operator.is_not,
}  # fmt: skip
_MAX_VARIABLES = 4
_SHORT = 60


class Notes:
    """Keeps what the last assert compared."""

    def __init__(self) -> None:
        self._last: tuple[Any, ...] = ()

    def clear(self) -> None:
        """Forget what was compared."""
        self._last = ()

    def compared(self, symbol: str, left: "Any", right: "Any", expected_first: bool) -> "Any":
        """Return the result of a comparison, and note its operands."""
        self._last = (symbol, right, left) if expected_first else (symbol, left, right)
        return OPERATORS[symbol](left, right)

    def noted(self, value: "Any") -> "Any":
        """Return a value, and note it."""
        self._last = (value,)
        return value

    def describe(self) -> str:
        """Return what the assert that raised got, in words."""
        if len(self._last) == 1:
            return f"got {_shown(self._last[0])}"
        if not self._last:
            return "the assertion does not hold"
        symbol, left, right = self._last
        if symbol == "==":
            return f"got {_shown(left)}, not {_shown(right)}{_difference(left, right)}"
        return f"{_shown(left)} {symbol} {_shown(right)} does not hold"


def _shown(value: object) -> str:
    try:
        return repr(value)[:120] if proxies.is_remote(value) else expressions.describe(value)
    except Exception:  # the program's own repr
        return f"<{type(value).__name__} object>"


def _difference(left: object, right: object) -> str:
    """Return where two long sequences differ first."""
    for kind in (str, list, tuple):
        if type(left) is kind and type(right) is kind and max(len(left), len(right)) > _SHORT:
            pairs = zip(left, right, strict=False)
            index = next((index for index, (one, other) in enumerate(pairs) if one is not other and one != other), None)
            if index is None:
                return f"; lengths {len(left)} and {len(right)}"
            return f"; they differ at {index}: {_shown(left[index])}, not {_shown(right[index])}"
    return ""


def place(error: BaseException, text: str, asserts: "tuple[AssertPlan, ...]") -> "tuple[str, str]":
    """Return the line of a test where an exception came up, and the values of the variables of its assert.

    Args:
        error: The exception.
        text: The test.
        asserts: Its asserts.
    """
    line, frame, step = 0, None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == FILE:
            line, frame = step.tb_lineno, step.tb_frame
        step = step.tb_next
    lines = text.splitlines()
    if frame is None or not 0 < line <= len(lines):
        return "", ""
    for first, last, source, names in asserts:
        if first <= line <= last:
            return f"line {first}: {source}", _variables(frame, names)
    return f"line {line}: {lines[line - 1].strip().rstrip(':')}", ""


def _variables(frame: "types.FrameType", names: "tuple[str, ...]") -> str:
    values = {**frame.f_globals, **frame.f_locals}
    shown = [
        f"{name} = {_result_of_unittest(values[name]) or _shown(values[name])}"
        for name in names
        if name in values and _is_telling(values[name])
    ]
    return f" (where {', '.join(shown[:_MAX_VARIABLES])})" if shown else ""


def _is_telling(value: object) -> bool:
    return not callable(value) and not proxies.is_remote(value) and not isinstance(value, types.ModuleType)


def _result_of_unittest(value: "Any") -> str:
    """Return what the first test case that failed says, where a value is the result of a run of them."""
    if not type(value).__module__.startswith("unittest"):
        return ""
    failed = [*getattr(value, "failures", ()), *getattr(value, "errors", ())]
    return f"{failed[0][0]}: {failed[0][1].strip().splitlines()[-1]}" if failed else ""
