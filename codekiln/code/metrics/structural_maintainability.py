"""The maintainability index of a program's structure: no comment term, no credit for hiding operators."""

from codekiln.code.metrics._hidden_operators import hidden_operators
from codekiln.code.metrics._metric import Metric, NoSignal, stripped
from codekiln.code.metrics._radon import parameters
from codekiln.data.python_text import syntax_tree


def measure(code: str) -> float:
    """Return ``100/171 * (171 - 5.2 ln V - 0.23 CC - 16.2 ln LLOC)`` of the stripped program, clamped to 0..100.

    V is Halstead's volume, CC the cyclomatic and LLOC the logical line count, all as radon 6 counts them; the formula
    is radon's ``mi_compute`` at zero comments.

    Raises:
        NoSignal: ``no-operator`` (the index would saturate), ``vetoed-...`` (operators are hidden, see
            ``_hidden_operators``), ``radon-refuses``, and the reasons of ``stripped``.
    """
    from radon.metrics import mi_compute

    text = stripped(code)
    if reason := hidden_operators(syntax_tree(text)):
        raise NoSignal(f"vetoed-{reason}")
    volume, complexity, logical_lines, _ = parameters(text, count_multi=False)
    # radon gives 100 in this case, which would reward hiding every operator.
    if volume <= 0 or logical_lines <= 0:
        raise NoSignal("no-operator")
    return float(mi_compute(volume, complexity, logical_lines, 0))


METRIC = Metric(
    name="structural_maintainability",
    direction="higher",
    describe="Maintainability index (0-100) of the code without its comments and docstrings; higher is better.",
    measure=measure,
)
