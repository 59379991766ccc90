"""Radon's maintainability index with its comment term, as published work reports it."""

from codekiln.metrics._metric import Metric, NoSignal, readable


def measure(code: str) -> float:
    """Return radon's ``mi_visit(code, multi=True)``, 0..100; 100 for code without any operator, as radon does.

    Raises:
        NoSignal: the reasons of ``readable``, and ``radon-refuses`` for Python that radon cannot split into lines.
    """
    from radon.metrics import mi_visit

    readable(code)
    try:
        return mi_visit(code, multi=True)
    except SyntaxError as error:
        raise NoSignal("radon-refuses") from error


METRIC = Metric(
    name="maintainability_index",
    direction="higher",
    describe="Radon's maintainability index (0-100) with its comment term, which rewards comments up to 57 % of the "
    "code's lines and punishes them above; higher is better.",
    measure=measure,
    guard="structural_maintainability",
)
