"""Comment lines as a share of a program."""

from codekiln.code.metrics._metric import Metric, parse_bounded
from codekiln.code.metrics._radon import parameters


def measure(code: str) -> float:
    """Return comments and multi-line string lines per 100 source lines: the C of radon's index, not capped at 100.

    Raises:
        NoSignal: the reasons of ``parse_bounded`` and ``radon-refuses``.
    """
    parse_bounded(code)
    return parameters(code, count_multi=True)[3]


METRIC = Metric(
    name="comment_ratio",
    direction="none",
    describe="Comment and docstring lines per 100 lines of code (%); neither more nor less is better by itself.",
    measure=measure,
)
