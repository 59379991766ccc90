"""Radon's raw, Halstead and complexity counts of a program; one that radon cannot parse raises `NoSignal`."""

from functools import lru_cache

from codekiln.code.metrics._metric import NoSignal
from codekiln.data.python_text import without_warnings


@lru_cache(maxsize=16_384)
def parameters(code: str, count_multi: bool) -> tuple[float, int, int, float]:
    """Return radon's Halstead volume, cyclomatic complexity, logical lines and comment percentage.

    Args:
        code: A program that ``parse_bounded`` accepts.
        count_multi: Count the lines of multi-line strings as comments.

    Raises:
        NoSignal: ``radon-refuses``: Python that radon cannot split into lines, such as a form feed in a string.
    """
    from radon.metrics import mi_parameters

    try:
        with without_warnings():
            volume, complexity, logical_lines, comment_percentage = mi_parameters(code, count_multi)
    except SyntaxError as error:
        raise NoSignal("radon-refuses") from error
    return volume, complexity, logical_lines, comment_percentage
