"""The view of a report's data that templates render: every number as text, every chart as SVG."""

import json
from collections.abc import Iterator
from typing import Any

from codekiln.evaluation import CHAMPION, Comparison, Interval
from codekiln.evaluation.measures import Measure, over_all_samples
from codekiln.evaluation.report import charts
from codekiln.evaluation.report.data import BeforeAfter, ReportData, StageInfo
from codekiln.evaluation.report.diff import side_by_side
from codekiln.evaluation.report.formatting import decimals, duration, number, short, span
from codekiln.evaluation.report.verdict import BETTER, difference_digits, digits, effect, stages, verdict

ARROW = {"higher": "\u2191", "lower": "\u2193", "none": ""}
SIDE = {"higher": "Up and to the right", "lower": "Down and to the right", "none": "To the right"}
WORD = {"better": "better", "worse": "worse", "same": "no clear difference"}


def page(data: ReportData) -> dict[str, Any]:
    """Return the template context of the HTML report."""
    return {**words(data), "drawings": list(_drawings(data)), "curves": list(_curves(data))}


def words(data: ReportData) -> dict[str, Any]:
    """Return the template context that the report and the model card share: every value as text."""
    return {
        "data": data,
        **verdict(data),
        "columns": [_column(data, name) for name in _measures(data)],
        "rows": [_row(data, name, place) for place, name in enumerate(data.evaluation.contenders)],
        "strata": list(_strata(data)),
        "benchmarks": list(_benchmarks(data)),
        "comparisons": [_comparison(data, item) for item in data.evaluation.comparisons],
        "examples": [_example(data, example) for example in data.examples],
        "made": list(_made(data)),
        "rejected": list(_rejected(data)),
        "steps": [_step(step) for step in data.steps],
        "settings": json.dumps(data.settings, indent=2, sort_keys=True, default=str, ensure_ascii=False),
        "short": short,
    }


def _column(data: ReportData, name: str) -> dict[str, str]:
    measure = data.measure(name)
    return {
        "name": name,
        "arrow": ARROW[measure.direction],
        "better": BETTER[measure.direction],
        "description": measure.describe,
        "target": "target" if name == data.gate.metric else "",
    }


def _row(data: ReportData, contender: str, place: int) -> dict[str, Any]:
    intervals = data.evaluation.contenders[contender]
    cells = [_cell(data, contender, measure, intervals.get(measure)) for measure in _measures(data)]
    return {"name": data.name(contender), "id": contender, "colour": charts.colour_number(place), "cells": cells}


def _strata(data: ReportData) -> Iterator[dict[str, Any]]:
    for stratum, contenders in data.evaluation.strata.items():
        for place, (name, found) in enumerate(contenders.items()):
            cells = [_plain(data, measure, found.get(measure)) for measure in _measures(data)]
            yield {
                "stratum": stratum,
                "name": data.name(name),
                "colour": charts.colour_number(place),
                "cells": cells,
                "first": not place,
            }


def _benchmarks(data: ReportData) -> Iterator[dict[str, Any]]:
    """Yield pass@1 of every contender on each further benchmark, with what the gate asks there."""
    for name, found in data.evaluation.benchmarks.items():
        asked = [check for check in data.gate.reasons if check.benchmark == name]
        for place, contender in enumerate(found.contenders):
            item = data.compare(contender, "pass@1", name)
            change = "" if item is None else number(item.difference, 3, True)
            yield {
                "name": name,
                "first": not place,
                "problems": found.problems,
                "role": ", ".join(dict.fromkeys(check.role for check in asked)),
                "contender": data.name(contender),
                "colour": charts.colour_number(list(data.evaluation.contenders).index(contender)),
                **_plain(data, "pass@1", found.contenders[contender]["pass@1"]),
                "change": change,
                "change_span": "" if item is None else span(item.low, item.high, 3, True),
                "effect": effect(data, item) if item else "same",
            }


def _plain(data: ReportData, measure: str, interval: Interval | None) -> dict[str, str]:
    if interval is None or interval.mean is None:
        return {"mean": "-", "span": "no value"}
    places = digits(data, measure)
    return {"mean": number(interval.mean, places), "span": span(interval.low, interval.high, places)}


def _cell(data: ReportData, contender: str, measure: str, interval: Interval | None) -> dict[str, str]:
    if interval is None or interval.mean is None:
        return {"mean": "-", "span": "no value", "effect": "same", "word": ""}
    item = data.compare(contender, measure)
    found = effect(data, item) if item else "same"
    places = digits(data, measure)
    return {
        "mean": number(interval.mean, places),
        "span": span(interval.low, interval.high, places),
        "effect": found,
        "word": f"{WORD[found]} than {data.name(data.against)}" if found != "same" else "",
    }


def _drawings(data: ReportData) -> Iterator[dict[str, Any]]:
    target, guard = data.gate.metric, data.guard
    points = _points(data)
    unlinked = [data.name(name) for name in (CHAMPION, *data.references)]
    yield {
        "title": f"{target} against {guard}",
        "svg": charts.scatter(points, guard, target, unlinked=unlinked),
        "legend": [
            {"mark": place, "colour": point.colour, "name": point.name}
            for place, point in enumerate(charts.marked(points), 1)
        ],
        "note": f"{SIDE[data.measure(target).direction]} is better. Bars are 95 % intervals; arrows follow the stages. "
        + (f"{target} is measured on passing programs only." if data.programs else ""),
    }
    yield {
        "title": f"Spread of {target}",
        "legend": [],
        "svg": charts.histograms(_values(data), _means(data), target),
        "note": "One histogram per contender of its mean values per problem. The line is the mean.",
    }
    for measure in dict.fromkeys((target, guard)):
        yield {
            "title": f"Paired differences in {measure}",
            "legend": [],
            "svg": charts.forest(
                _differences(data, measure), measure, difference_digits(data, measure),
                data.measure(measure).direction == "lower",
            ),
            "note": "Problem by problem, with 95 % intervals; grey where the interval contains zero.",
        }  # fmt: skip


def _points(data: ReportData) -> list[charts.Point]:
    target, guard = data.gate.metric, data.guard
    return [
        charts.Point(data.name(name), found[guard], found[target], charts.colour_number(place))
        for place, (name, found) in enumerate(data.evaluation.contenders.items())
        if guard != target and guard in found and target in found
    ]


def _differences(data: ReportData, measure: str) -> list[Comparison]:
    """Return the comparisons in a measure that are drawn, with names for people."""
    order = stages(data)
    return [
        item.model_copy(update={"contender": data.name(item.contender), "against": data.name(item.against)})
        for item in data.evaluation.comparisons
        if item.measure == measure and _is_shown(data, order, item)
    ]


def _curves(data: ReportData) -> Iterator[dict[str, str]]:
    for stage, rows in data.curves.items():
        for panel in charts.PANELS:
            if svg := charts.curves(data.name(stage), rows, panel):
                yield {"name": f"{stage}: {panel.title}", "svg": svg, "note": panel.note}


def _is_shown(data: ReportData, order: list[str], item: Comparison) -> bool:
    """Return whether a comparison is drawn: with the base, the previous stage, or (the candidate) the champion."""
    previous = dict(zip(order[1:], order, strict=False))
    champion = item.against == CHAMPION and item.contender == data.gate.candidate
    known = item.against in data.references and item.contender == data.gate.candidate
    return champion or known or item.against in (data.against, previous.get(item.contender))


def _measures(data: ReportData) -> list[str]:
    """Return the measures; the gate's guard and target come first."""
    first = [data.guard, data.gate.metric, over_all_samples(data.gate.metric)]
    return sorted(data.evaluation.measures, key=lambda name: first.index(name) if name in first else len(first))


def _values(data: ReportData) -> dict[str, list[float]]:
    return {
        data.name(name): [value for found in problems.values() if (value := found.get(data.gate.metric)) is not None]
        for name, problems in data.evaluation.per_problem.items()
    }


def _means(data: ReportData) -> dict[str, float | None]:
    target = data.gate.metric
    return {
        data.name(name): found[target].mean for name, found in data.evaluation.contenders.items() if target in found
    }


def _comparison(data: ReportData, item: Comparison) -> dict[str, Any]:
    places = difference_digits(data, item.measure)
    return {
        "contender": data.name(item.contender),
        "against": data.name(item.against),
        "measure": item.measure,
        "n": item.n,
        "difference": number(item.difference, places, True),
        "span": span(item.low, item.high, places, True),
        "effect": effect(data, item),
        "word": WORD[effect(data, item)],
    }


def _example(data: ReportData, example: BeforeAfter) -> dict[str, Any]:
    left, right = side_by_side(example.before_code, example.after_code)
    scores = [_score(data.measure(name), example) for name in example.after_scores]
    return {
        "task_id": example.task_id,
        "prompt": example.prompt,
        "before_name": data.name(example.before_name),
        "after_name": data.name(example.after_name),
        "left": left,
        "right": right,
        "scores": [score for score in scores if score["before"] != score["after"]],
    }


def _score(measure: Measure, example: BeforeAfter) -> dict[str, str]:
    before, after = example.before_scores.get(measure.name), example.after_scores[measure.name]
    places = decimals((before, after))
    found = "same"
    if before is not None and after is not None and before != after and measure.direction != "none":
        found = "better" if (after > before) is (measure.direction == "higher") else "worse"
    return {"name": measure.name, "before": number(before, places), "after": number(after, places), "effect": found}


def _made(data: ReportData) -> Iterator[dict[str, Any]]:
    """Yield the rows that each stage read, kept and learned from."""
    for stage, counts in data.rows.items():
        for place, (kind, count) in enumerate(counts.items()):
            yield {"stage": stage, "first": not place, "of": len(counts), "kind": kind, "count": count}


def _rejected(data: ReportData) -> Iterator[dict[str, Any]]:
    most = max((count for reasons in data.rejected.values() for count in reasons.values()), default=0)
    for stage, reasons in data.rejected.items():
        for reason, count in sorted(reasons.items(), key=lambda item: -item[1]):
            yield {"stage": stage, "reason": reason, "count": count, "share": 100 * count / most if most else 0}


def _step(step: StageInfo) -> dict[str, Any]:
    return {
        "name": step.name,
        "digest": short(step.digest),
        "rows": step.rows,
        "time": duration(step.seconds),
        "inputs": ", ".join(f"{name} {short(digest)}" for name, digest in step.inputs.items()),
        "settings": json.dumps(step.settings, indent=2, default=str, ensure_ascii=False) if step.settings else "",
    }
