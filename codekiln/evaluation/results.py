"""The output formats of an evaluation: ``results.json``, and tables for terminals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codekiln.errors import InputError
from codekiln.evaluation.criteria import named
from codekiln.evaluation.gate import Gate
from codekiln.evaluation.statistics import Interval
from codekiln.evaluation.summary import Comparison, Evaluation

WIDTH = 110
_CHECK = {
    "against", "measure", "benchmark", "role", "tolerance", "difference", "low", "high", "n", "ok", "failure",
}  # fmt: skip


def results(evaluation: Evaluation, gate: Gate, provenance: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of ``results.json``, whose form is a contract with its readers.

    ``contenders`` {name: {measure: {mean, low, high}}}, ``comparisons`` [{contender, against, measure, difference,
    low, high, n}], ``strata`` {stratum: contenders}, ``decompositions`` [{contender, against, measure, difference,
    code, samples, problems, n}] (see `Decomposition`), ``benchmarks`` {name: {problems, contenders, comparisons}},
    ``gate`` {promoted, sentence, candidate, metric, level, number, recorded, checks [{against, measure, benchmark,
    role, tolerance, difference, low, high, n, ok, failure}]} and ``provenance``; a figure is null when no problem has a
    value, and the ends of an interval are when all problems with a value are of one group.

    ``level`` is the two-sided level of the gate's intervals, ``number`` counts the candidates that were judged on the
    set (null: not counted), and ``recorded`` is null, or the run and the time of the decision where the same adapter
    was judged before. ``checks`` are all that the gate looked at, whatever it decided. ``provenance`` {base_model,
    recipe, seed, versions, digests} is null where it is not known; of samples that came from elsewhere, base model and
    recipe are null, and there are ``settings`` and the digests of their files.
    """
    return {
        **evaluation.model_dump(mode="json", include={"contenders", "strata", "decompositions"}),
        "comparisons": _comparisons(evaluation),
        "benchmarks": {
            name: {
                "problems": found.problems,
                **found.model_dump(mode="json", include={"contenders"}),
                "comparisons": _comparisons(found),
            }
            for name, found in evaluation.benchmarks.items()
        },
        "gate": {
            **gate.model_dump(mode="json", include={"promoted", "sentence", "candidate", "metric", "level", "number"}),
            "recorded": None,
            "checks": [check.model_dump(mode="json", include=_CHECK) for check in gate.reasons],
        },
        "provenance": None if provenance is None else dict(provenance),
    }


def _comparisons(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        item.model_dump(mode="json", exclude={"groups", "differing", "df", "padded"}) for item in evaluation.comparisons
    ]


def table(evaluation: Evaluation) -> str:
    """Return contenders by measures as aligned text, ``mean [low, high]``, in blocks of at most ``WIDTH`` columns."""
    names = list(evaluation.contenders)
    return _blocks(_column("", names), [evaluation.contenders[name] for name in names], evaluation.measures)


def comparison_table(evaluation: Evaluation, against: str) -> str:
    """Return the paired differences of every other contender from ``against``, in the form of ``table``.

    Raises:
        InputError: There is no such contender.
    """
    if against not in evaluation.contenders:
        fix = f"choose one of: {', '.join(evaluation.contenders)}"
        raise InputError(f"no contender '{against}' was evaluated", where="--against", fix=fix)
    names = [name for name in evaluation.contenders if any(_is(item, name, against) for item in evaluation.comparisons)]
    rows = [
        {item.measure: item.interval for item in evaluation.comparisons if _is(item, name, against)} for name in names
    ]
    return _blocks(_column(f"minus {against}", names), rows, evaluation.measures)


def _is(item: Comparison, contender: str, against: str) -> bool:
    return (item.contender, item.against) == (contender, against)


def strata_table(evaluation: Evaluation, measures: Sequence[str]) -> str:
    """Return the given measures of every contender per stratum, in the form of ``table``; empty without strata."""
    rows = [
        (f"{stratum}: {name}", found)
        for stratum, contenders in evaluation.strata.items()
        for name, found in contenders.items()
    ]
    return _blocks(_column("", [name for name, _ in rows]), [found for _, found in rows], measures) if rows else ""


def benchmark_table(evaluation: Evaluation) -> str:
    """Return pass@1 of every contender on every further benchmark, in the form of ``table``; empty without any."""
    if not evaluation.benchmarks:
        return ""
    names = list(evaluation.contenders)
    columns = {name: named("pass@1", name) for name in evaluation.benchmarks}
    # A reference of the recipe, such as replies of real people, answers the main problems alone.
    answered = [name for name in names if all(name in found.contenders for found in evaluation.benchmarks.values())]
    rows = [
        {head: evaluation.benchmarks[name].contenders[who]["pass@1"] for name, head in columns.items()}
        for who in answered
    ]
    return _blocks(_column("", answered), rows, list(columns.values()))


def _blocks(labels: list[str], rows: Sequence[Mapping[str, Interval]], measures: Sequence[str]) -> str:
    columns = [
        _column(measure, [_cell(row[measure], _digits(row[measure] for row in rows)) for row in rows])
        for measure in measures
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


def _digits(intervals: Iterable[Interval]) -> int:
    """Return the number of decimals: 3 for values between -1 and 1, such as shares, and 1 for the rest."""
    return 3 if max((abs(interval.mean) for interval in intervals if interval.mean is not None), default=0) <= 1 else 1


def _cell(interval: Interval, digits: int) -> str:
    if (known := interval.known()) is None:
        return "-" if interval.mean is None else f"{interval.mean:.{digits}f}"
    mean, low, high = (f"{value:.{digits}f}" for value in known)
    return f"{mean} [{low}, {high}]"
