"""How an evaluation is written down: ``results.json`` and a table for terminals."""

from typing import Any

from codekiln.evaluation.gate import Gate
from codekiln.evaluation.statistics import Interval
from codekiln.evaluation.summary import Evaluation

WIDTH = 110


def results(evaluation: Evaluation, gate: Gate) -> dict[str, Any]:
    """Return the content of ``results.json``; others rely on this form.

    ``contenders`` {name: {measure: {mean, low, high}}}, ``comparisons`` [{contender, against, measure, difference,
    low, high, n}] and ``gate`` {promoted, sentence}; a number is null when no problem has a value.
    """
    return {
        **evaluation.model_dump(mode="json", include={"contenders", "comparisons"}),
        "gate": gate.model_dump(mode="json", include={"promoted", "sentence"}),
    }


def table(evaluation: Evaluation) -> str:
    """Return contenders by measures as aligned text, ``mean [low, high]``, in blocks of at most ``WIDTH`` columns."""
    names = list(evaluation.contenders)
    labels = _column("", names)
    columns = [
        _column(measure, [_cell(measure, evaluation.contenders[name][measure]) for name in names])
        for measure in evaluation.measures
    ]
    blocks: list[list[list[str]]] = [[labels]]
    for column in columns:
        if sum(len(one[0]) + 2 for one in [*blocks[-1], column]) - 2 > WIDTH and len(blocks[-1]) > 1:
            blocks.append([labels])
        blocks[-1].append(column)
    return "\n\n".join("\n".join("  ".join(row).rstrip() for row in zip(*block, strict=True)) for block in blocks)


def _column(head: str, cells: list[str]) -> list[str]:
    width = max(map(len, [head, *cells]))
    return [text.ljust(width) for text in [head, *cells]]


def _cell(measure: str, interval: Interval) -> str:
    if interval.mean is None:
        return "-"
    digits = 3 if measure.startswith("pass@") else 1
    mean, low, high = (f"{value:.{digits}f}" for value in (interval.mean, interval.low, interval.high))
    return f"{mean} [{low}, {high}]"
