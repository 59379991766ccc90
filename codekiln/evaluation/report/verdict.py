"""The decision of a report in words: on which numbers it rests, what else changed, and how much to make of it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from codekiln.evaluation import CHAMPION, Check, Comparison
from codekiln.evaluation.measures import Measure, over_all_samples
from codekiln.evaluation.report import charts
from codekiln.evaluation.report.data import ReportData
from codekiln.evaluation.report.formatting import decimals, number, span
from codekiln.evaluation.spending import confidence
from codekiln.evaluation.statistics import LEVEL

BETTER = {"higher": "higher is better", "lower": "lower is better", "none": "neither is better"}


def verdict(data: ReportData) -> dict[str, Any]:
    """Return the template context of the decision."""
    return {
        "answer": data.gate.sentence.removeprefix("not ").removeprefix("promoted: "),
        "plain": _plain(data),
        "confidence": confidence(data.gate.level),
        "headlines": list(_headlines(data)),
        "effects": sorted(_effects(data), key=lambda item: not item["beyond"]),
        "made_of": _made_of(data),
        "coverage": _coverage(data),
        "multiplicity": _multiplicity(data),
        "checks": [_check(data, check) for check in data.gate.reasons],
    }


def digits(data: ReportData, measure: str) -> int:
    """Return the number of decimals of a measure's values."""
    return decimals(found[measure].mean for found in data.evaluation.contenders.values() if measure in found)


def difference_digits(data: ReportData, measure: str) -> int:
    """Return the number of decimals of a measure's differences."""
    return 3 if digits(data, measure) == 3 else 2


def effect(data: ReportData, item: Comparison) -> str:
    """Return ``better``, ``worse`` or ``same``; a measure without a better direction is always ``same``."""
    way = data.measure(item.measure).direction
    return "same" if way == "none" else charts.effect(item, way == "lower")


def stages(data: ReportData) -> list[str]:
    """Return the contenders that are models of this run, in stage order."""
    return [name for name in data.evaluation.contenders if name != CHAMPION and name not in data.references]


def _plain(data: ReportData) -> list[str]:
    """Return the decision in plain words, one sentence for each opponent."""
    opponents = dict.fromkeys(check.against for check in data.gate.reasons)
    return [
        _sentence(data, name, [check for check in data.gate.reasons if check.against == name]) for name in opponents
    ]


def _sentence(data: ReportData, against: str, checks: Sequence[Check]) -> str:
    candidate, other = data.name(data.gate.candidate), data.name(against)
    candidate = candidate[:1].upper() + candidate[1:]
    if failures := [check.failure for check in checks if not check.ok and check.role != "advisory"]:
        text = f"{candidate} falls short of what is asked against {other}: {'; '.join(failures)}."
    else:
        gains = ", and ".join(_gain(data, check) for check in checks if check.role == "target")
        kept = " ".join(_kept(data, check) for check in checks if check.role == "critical")
        text = f"{candidate} is better than {other}: {gains}. {kept}"
    advice = [check.failure for check in checks if not check.ok and check.role == "advisory"]
    return text + (f" This does not decide, and is worth a look: {'; '.join(advice)}." if advice else "")


def _kept(data: ReportData, check: Check) -> str:
    fall = {"higher": "a fall of", "lower": "a rise of", "none": "a change of"}[check.direction]
    ruled_out = f"{fall} more than {check.tolerance:g} is ruled out"
    return f"{check.name} changes by {_figures(data, check)}, so {ruled_out}."


def _gain(data: ReportData, check: Check) -> str:
    if check.measure == over_all_samples(data.gate.metric):
        return f"by {_figures(data, check)} where samples that fail count too"
    way = "rises" if (check.difference or 0) > 0 else "falls"
    return f"{check.measure} {way} by {_figures(data, check)} over {check.n} problems"


def _figures(data: ReportData, item: Comparison) -> str:
    places = difference_digits(data, item.measure)
    return f"{number(item.difference, places, True)} ({span(item.low, item.high, places, True)})"


def _headlines(data: ReportData) -> Iterator[dict[str, str]]:
    """Yield the numbers that the decision rests on: the candidate's target metric and guard, against the base."""
    for name in dict.fromkeys((data.gate.metric, data.guard)):
        item = data.compare(data.gate.candidate, name)
        if item is None or item.difference is None:
            continue
        yield {"better": BETTER[data.measure(name).direction], **_change(data, item)}


def _change(data: ReportData, item: Comparison) -> dict[str, str]:
    """Return a comparison as text: both means, the paired difference, and its interval."""
    values, changes = digits(data, item.measure), difference_digits(data, item.measure)
    before, after = (data.evaluation.contenders[who][item.measure].mean for who in (item.against, item.contender))
    return {
        "name": item.measure,
        "from": data.name(item.against),
        "to": data.name(item.contender),
        "effect": effect(data, item),
        "before": number(before, values),
        "after": number(after, values),
        "difference": number(item.difference, changes, True),
        "span": span(item.low, item.high, changes, True),
    }


def _effects(data: ReportData) -> Iterator[dict[str, Any]]:
    """Yield what changed besides target and guard, and every step of the run that lost on one of these two."""
    decided = {data.gate.metric, data.guard, over_all_samples(data.gate.metric)}
    for item in data.evaluation.comparisons:
        if (item.contender, item.against) == (data.gate.candidate, data.against) and item.measure not in decided:
            yield from _effect(data, item)
    steps = {(later, earlier) for earlier, later in pairwise(stages(data)) if earlier != data.against}
    for item in data.evaluation.comparisons:
        is_loss = _is_loss(data.measure(item.measure), item.difference)
        if (item.contender, item.against) in steps and item.measure in (data.gate.metric, data.guard) and is_loss:
            yield from _effect(data, item)


def _is_loss(measure: Measure, difference: float | None) -> bool:
    better = {"higher": 1, "lower": -1, "none": 0}[measure.direction]
    return better * (difference or 0) < -charts.ROUNDING


def _effect(data: ReportData, item: Comparison) -> Iterator[dict[str, Any]]:
    if item.interval.known() is None:
        return
    beyond = charts.effect(item) != "same"
    word = {"better": "better", "worse": "worse", "same": "neither way is better by itself"}[effect(data, item)]
    words = f"beyond noise: {word}" if beyond else "within noise"
    is_step = item.against != data.against
    yield {**_change(data, item), "beyond": beyond, "words": words, "is_step": is_step}


def _made_of(data: ReportData) -> list[dict[str, str]]:
    """Return the parts of the candidate's gain over the base, the whole first; none where they are not known."""
    wanted = (data.gate.candidate, data.against, data.gate.metric)
    for item in data.evaluation.decompositions:
        if (item.contender, item.against, item.measure) == wanted:
            parts = (
                (item.difference, "difference of the means", ""),
                (item.code, "the code changed", f"all samples of the {item.n} problems that both solve"),
                (item.samples, "other samples pass", "passing samples instead of all, same problems"),
                (item.problems, "other problems are solved", "each model's own problems instead of the common ones"),
            )
            places = difference_digits(data, item.measure)
            return [{"value": number(value, places, True), "what": what, "how": how} for value, what, how in parts]
    return []


def _coverage(data: ReportData) -> str:
    """Return why the target is compared on fewer problems than were asked; empty when it is compared on all."""
    item, total = data.compare(data.gate.candidate, data.gate.metric), data.evaluation.problems
    if item is None or item.n >= total:
        return ""
    lacking = {
        name: sum(row.get(item.measure) is None for row in data.evaluation.per_problem.get(name, {}).values())
        for name in (item.against, item.contender)
    }
    who = " and ".join(f"{count} of {data.name(name)}" for name, count in lacking.items() if count)
    what = "no sample that passes" if data.programs else "no reply with a value"
    return (
        f"{item.measure} is compared on {item.n} of {total} problems. The other {total - item.n} have {what}, "
        f"and so no value, from one of the two or both ({who})."
    )


def _multiplicity(data: ReportData) -> str:
    """Return how many comparisons there are, and which of them decide."""
    count = sum(item.interval.known() is not None for item in data.evaluation.comparisons)
    deciding = [check for check in data.gate.reasons if check.role != "advisory"]
    if not count or not deciding:
        return ""
    return (
        f"There are {count} paired comparisons on this page, each with a 95 % interval. If nothing had changed, about "
        f"{max(1, round(LEVEL * count))} of these intervals would exclude zero by chance. So a single mark among many "
        f"is a hint, not a finding. Only the {len(deciding)} checks of the gate decide, at "
        f"{confidence(data.gate.level)}, and all of them have to hold."
    )


def _check(data: ReportData, check: Check) -> dict[str, Any]:
    places = difference_digits(data, check.measure)
    return {
        "ok": check.ok,
        "name": f"{check.name}{' (advisory)' if check.role == 'advisory' else ''} against {data.name(check.against)}",
        "role": check.role,
        "failure": check.failure,
        "n": check.n,
        "difference": number(check.difference, places, True),
        "span": span(check.low, check.high, places, True),
    }
