"""Exceptions as class name, message and line."""

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILE = "<program>"
MAX_MESSAGE = 10_000
"""Characters of an exception's message that are sent."""
_NAME = type.__dict__["__name__"].__get__
_given_lines = 0


def count_lines_after(given_lines: int) -> None:
    """Leave the first lines, which are the problem's own code, out of all lines that are named from now on."""
    global _given_lines
    _given_lines = given_lines


def describe(error: BaseException) -> "list[Any]":
    """Return class name, message and the line of the program where an exception was raised (0: outside it).

    Where code that the problem gives raised it, the line is that of the program's call.
    """
    try:
        text = str(error)
    except BaseException:
        text = "(its message raises)"
    if isinstance(error, SyntaxError):
        return [*_describe_type(_NAME(type(error)), error.msg), max(0, (error.lineno or 0) - _given_lines)]
    line, step = 0, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == FILE and step.tb_lineno > _given_lines:
            line = step.tb_lineno - _given_lines
        step = step.tb_next
    return [*_describe_type(_NAME(type(error)), text), line]


def _describe_type(name: str, text: str = "") -> tuple[str, str]:
    return name[:80], str.encode(text[:MAX_MESSAGE], "utf-8", "backslashreplace").decode()
