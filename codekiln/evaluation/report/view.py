"""The view of a report's data that templates render: every number as text, every chart as SVG."""

import json
from collections.abc import Iterator
from typing import Any

from codekiln.evaluation import CHAMPION, Check, Comparison, Interval
from codekiln.evaluation.measures import Measure, over_all_samples
from codekiln.evaluation.report import charts
from codekiln.evaluation.report.data import BeforeAfter, ReportData, StageInfo
from codekiln.evaluation.report.diff import side_by_side
from codekiln.evaluation.report.formatting import decimals, duration, number, short, span
from codekiln.evaluation.spending import confidence

ARROW = {"higher": "\u2191", "lower": "\u2193", "none": ""}
BETTER = {"higher": "higher is better", "lower": "lower is better", "none": "neither is better"}
SIDE = {"higher": "Up and to the right", "lower": "Down and to the right", "none": "To the right"}
WORD = {"better": "better", "worse": "worse", "same": "no clear difference"}


def page(data: ReportData) -> dict[str, Any]:
    """Return the template context of the HTML report."""
    curves = ({"name": name, "svg": charts.curves(name, rows)} for name, rows in data.curves.items())
    return {**words(data), "drawings": list(_drawings(data)), "curves": [curve for curve in curves if curve["svg"]]}


def words(data: ReportData) -> dict[str, Any]:
    """Return the template context that the report and the model card share: every value as text."""
    return {
        "data": data,
        "answer": data.gate.sentence.removeprefix("not ").removeprefix("promoted: "),
        "confidence": confidence(data.gate.level),
        "headlines": _headlines(data),
        "made_of": _made_of(data),
        "checks": [_check(data, check) for check in data.gate.reasons],
        "columns": [_column(data, name) for name in _measures(data)],
        "rows": [_row(data, name, place) for place, name in enumerate(data.evaluation.contenders)],
        "strata": list(_strata(data)),
        "comparisons": [_comparison(data, item) for item in data.evaluation.comparisons],
        "examples": [_example(data, example) for example in data.examples],
        "rejected": list(_rejected(data)),
        "steps": [_step(step) for step in data.steps],
        "settings": json.dumps(data.settings, indent=2, sort_keys=True, default=str, ensure_ascii=False),
        "short": short,
    }


def digits(data: ReportData, measure: str) -> int:
    """Return the number of decimals of a measure's values."""
    return decimals(found[measure].mean for found in data.evaluation.contenders.values() if measure in found)


def difference_digits(data: ReportData, measure: str) -> int:
    """Return the number of decimals of a measure's differences."""
    return 3 if digits(data, measure) == 3 else 2


def direction(data: ReportData, measure: str) -> str:
    """Return which way a measure is better."""
    return data.measure(measure).direction


def effect(data: ReportData, item: Comparison) -> str:
    """Return ``better``, ``worse`` or ``same``; a measure without a better direction is always ``same``."""
    way = direction(data, item.measure)
    return "same" if way == "none" else charts.effect(item, way == "lower")


def _headlines(data: ReportData) -> list[dict[str, str]]:
    """Return the numbers that the decision rests on: the candidate's target metric and guard, against the base."""
    headlines = []
    for name in dict.fromkeys((data.gate.metric, data.guard)):
        item = data.compare(data.gate.candidate, name)
        if item is None or item.difference is None:
            continue
        before, after = (data.evaluation.contenders[who][name].mean for who in (data.against, data.gate.candidate))
        headlines.append(
            {
                "name": name,
                "better": BETTER[direction(data, name)],
                "effect": effect(data, item),
                "before": number(before, digits(data, name)),
                "after": number(after, digits(data, name)),
                "difference": number(item.difference, difference_digits(data, name), True),
                "span": span(item.low, item.high, difference_digits(data, name), True),
            }
        )
    return headlines


def _made_of(data: ReportData) -> str:
    """Return what the candidate's gain over the base is made of, in a sentence; empty where it is not known."""
    wanted = (data.gate.candidate, data.against, data.gate.metric)
    for item in data.evaluation.decompositions:
        if (item.contender, item.against, item.measure) == wanted:
            whole, code, samples, problems = (
                number(value, difference_digits(data, item.measure), True)
                for value in (item.difference, item.code, item.samples, item.problems)
            )
            return (
                f"The means differ by {whole}: {code} because the code is different (all samples of the {item.n} "
                f"problems that both solve), {samples} because other samples pass, and {problems} because other "
                "problems are solved."
            )
    return ""


def _check(data: ReportData, check: Check) -> dict[str, Any]:
    places = difference_digits(data, check.measure)
    return {
        "ok": check.ok,
        "name": f"{check.measure} against {check.against}",
        "failure": check.failure,
        "n": check.n,
        "difference": number(check.difference, places, True),
        "span": span(check.low, check.high, places, True),
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
    return {"name": contender, "colour": charts.colour_number(place), "cells": cells}


def _strata(data: ReportData) -> Iterator[dict[str, Any]]:
    for stratum, contenders in data.evaluation.strata.items():
        for place, (name, found) in enumerate(contenders.items()):
            cells = [_plain(data, measure, found.get(measure)) for measure in _measures(data)]
            yield {
                "stratum": stratum,
                "name": name,
                "colour": charts.colour_number(place),
                "cells": cells,
                "first": not place,
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
        "word": f"{WORD[found]} than {data.against}" if found != "same" else "",
    }


def _drawings(data: ReportData) -> Iterator[dict[str, str]]:
    result, target, guard = data.evaluation, data.gate.metric, data.guard
    order = [name for name in result.contenders if name != CHAMPION and name not in data.references]
    points = [
        charts.Point(name, found[guard], found[target], charts.colour_number(place))
        for place, (name, found) in enumerate(result.contenders.items())
        if guard != target and guard in found and target in found
    ]
    yield {
        "title": f"{target} against {guard}",
        "svg": charts.scatter(points, guard, target, unlinked=(CHAMPION, *data.references)),
        "note": f"{SIDE[direction(data, target)]} is better. Bars are 95 % intervals; arrows follow the stages. "
        + (f"{target} is measured on passing programs only." if data.programs else ""),
    }
    yield {
        "title": f"Spread of {target}",
        "svg": charts.histograms(_values(data), _means(data), target),
        "note": "One histogram per contender of its mean values per problem. The line is the mean.",
    }
    for measure in dict.fromkeys((target, guard)):
        rows = [item for item in result.comparisons if item.measure == measure and _is_shown(data, order, item)]
        yield {
            "title": f"Paired differences in {measure}",
            "svg": charts.forest(rows, measure, difference_digits(data, measure), direction(data, measure) == "lower"),
            "note": "Problem by problem, with 95 % intervals. An interval that excludes zero is a real difference.",
        }


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
        name: [value for found in problems.values() if (value := found.get(data.gate.metric)) is not None]
        for name, problems in data.evaluation.per_problem.items()
    }


def _means(data: ReportData) -> dict[str, float | None]:
    target = data.gate.metric
    return {name: found[target].mean for name, found in data.evaluation.contenders.items() if target in found}


def _comparison(data: ReportData, item: Comparison) -> dict[str, Any]:
    places = difference_digits(data, item.measure)
    return {
        "contender": item.contender,
        "against": item.against,
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
        "before_name": example.before_name,
        "after_name": example.after_name,
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
