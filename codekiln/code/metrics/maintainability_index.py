"""Radon's maintainability index with its comment term, as published work reports it."""

from codekiln.code.metrics._metric import Metric, parse_bounded
from codekiln.code.metrics._radon import parameters


def measure(code: str) -> float:
    """Return radon's ``mi_visit(code, multi=True)``, 0..100; 100 for code without any operator, as radon does.

    Raises:
        NoSignal: the reasons of ``parse_bounded`` and ``radon-refuses``.
    """
    from radon.metrics import mi_compute

    parse_bounded(code)
    return float(mi_compute(*parameters(code, count_multi=True)))


METRIC = Metric(
    name="maintainability_index",
    direction="higher",
    describe="Radon's maintainability index (0-100) with its comment term, which rewards comments up to 57 % of the "
    "code's lines and punishes them above; higher is better.",
    measure=measure,
    guard="structural_maintainability",
)
