"""Cognitive complexity: how hard the control flow of a program is to follow."""

from codekiln.code.metrics._metric import Metric, NoSignal, stripped


def measure(code: str) -> float:
    """Return the cognitive complexity of functions and module-level code together (Campbell, SonarSource 2018).

    Raises:
        NoSignal: the reasons of ``stripped``, and ``complexipy-refuses`` for Python its parser does not know.
    """
    from complexipy import code_complexity

    try:
        return code_complexity(stripped(code), check_script=True, no_ignore=True, with_plans=False).complexity
    except ValueError as error:
        raise NoSignal("complexipy-refuses") from error


METRIC = Metric(
    name="cognitive_complexity",
    direction="lower",
    describe="Cognitive complexity: breaks in the linear flow of control, weighted by nesting; lower is better.",
    measure=measure,
)
