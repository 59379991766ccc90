"""Number of lines of a program."""

from codekiln.code.metrics._metric import Metric, parse_bounded


def measure(code: str) -> float:
    """Return the number of lines that are not blank, comments included.

    Raises:
        NoSignal: the reasons of ``parse_bounded``.
    """
    parse_bounded(code)
    return sum(1 for line in code.split("\n") if line.strip())


METRIC = Metric(
    name="lines",
    direction="lower",
    describe="Lines of the program that are not blank, comments included; lower is better.",
    measure=measure,
)
