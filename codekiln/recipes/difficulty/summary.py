"""``datasets_summary.csv``: the requested and the actual content of each mix, one row each."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from codekiln.code import metrics
from codekiln.data.normalise import fingerprint
from codekiln.recipes.difficulty.mixture import Mix, RatedSolutions
from codekiln.recipes.difficulty.rates import BANDS, KS
from codekiln.recipes.difficulty.solutions import Solution
from codekiln.recipes.difficulty.tables import table

MADE = "made"


def columns(names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of the summary of data sets with these names."""
    return (
        "dataset", "status", "trained_on", "total_examples", "problems", "requested_ratio", "actual_ratio",
        "problem_ratio",
        *(f"{band}_count" for band in BANDS), *(f"{band}_problems" for band in BANDS),
        *(f"{band}_available" for band in BANDS),
        "average_problem_length", "average_complexity",
        *(f"success_rate_{band}" for band in BANDS), *(f"average_pass@{k}" for k in KS),
        "verified", "hidden_tests_per_problem", "same_as_reference", "runs",
        *(f"average_{name}" for name in metrics.names()), *(f"shared_with_{name}" for name in names),
    )  # fmt: skip


def text(mixes: Sequence[Mix], rated: RatedSolutions, trained_on: str) -> str:
    """Return the summary as a CSV."""
    return table(columns([mix.name for mix in mixes]), rows(mixes, rated, trained_on))


def rows(mixes: Sequence[Mix], rated: RatedSolutions, trained_on: str) -> list[dict[str, Any]]:
    """Return the row of each data set; a data set that could not be made has its reason as status, and no figures.

    ``<band>_count`` are rows, ``<band>_problems`` problems, ``<band>_available`` the problems that have a solution;
    ``actual_ratio`` is that of the rows, ``problem_ratio`` that of the problems. ``average_problem_length`` is in
    words, ``average_complexity`` the solutions' cognitive complexity;
    ``success_rate_<band>`` the mean pass@1 of the problems that a data set has of that band; ``verified`` the rows
    that passed every hidden test; ``same_as_reference`` the rows that equal the problem's own solution up to names;
    ``shared_with_<data set>`` the rows that another data set has too.
    """
    texts = {mix.name: {(row.problem.task_id, row.code) for row in mix.rows} for mix in mixes}
    return [
        {
            "dataset": mix.name,
            "status": mix.obstacle or MADE,
            "trained_on": "yes" if mix.name == trained_on else "no",
            "requested_ratio": ratio_text(mix.ratio.lowest_terms()),
            **{f"{band}_available": len({row.problem.task_id for row in rated.solutions[band]}) for band in BANDS},
            **(_figures(mix, rated) if mix.rows else {"total_examples": 0}),
            **{f"shared_with_{name}": len(texts[mix.name] & other) for name, other in texts.items()},
        }
        for mix in mixes
    ]


def ratio_text(parts: Mapping[str, int]) -> str:
    """Return counts by band in lowest terms, like ``7:2:1``."""
    numbers = [parts.get(band, 0) for band in BANDS]
    divisor = math.gcd(*numbers) or 1
    return ":".join(str(number // divisor) for number in numbers)


def _figures(mix: Mix, rated: RatedSolutions) -> dict[str, Any]:
    solutions = mix.rows
    band_of = {row.problem.task_id: rated.bands[row.problem.task_id] for row in solutions}
    problems = {row.problem.task_id: row.problem for row in solutions}
    counted = {band: sum(band_of[row.problem.task_id] == band for row in solutions) for band in BANDS}
    of_band = {band: list(band_of.values()).count(band) for band in BANDS}
    scores = [
        {score.metric: score.value for score in row} for row in metrics.score_all([row.code for row in solutions])
    ]
    means = {name: _mean(score[name] for score in scores) for name in metrics.names()}
    rates = {name: rated.rates[name] for name in problems}
    return {
        "total_examples": len(solutions),
        "problems": len(problems),
        "actual_ratio": ratio_text(counted),
        "problem_ratio": ratio_text(of_band),
        **{f"{band}_count": count for band, count in counted.items()},
        **{f"{band}_problems": count for band, count in of_band.items()},
        "average_problem_length": _mean(len(row.problem.prompt.split()) for row in solutions),
        "average_complexity": means["cognitive_complexity"],
        **{
            f"success_rate_{band}": _mean(rate.pass_at(1) for name, rate in rates.items() if band_of[name] == band)
            for band in BANDS
        },
        **{f"average_pass@{k}": _mean(rate.pass_at(k) for rate in rates.values()) for k in KS},
        "verified": sum(row.graded.verdict.passed for row in solutions),
        "hidden_tests_per_problem": _mean(len(problem.tests) for problem in problems.values()),
        "same_as_reference": sum(map(_is_reference, solutions)),
        "runs": len({row.run for row in solutions}),
        **{f"average_{name}": mean for name, mean in means.items()},
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.fmean(known), 6) if known else None


def _is_reference(solution: Solution) -> bool:
    reference = solution.problem.reference
    try:
        return reference is not None and fingerprint(reference) == fingerprint(solution.code)
    except SyntaxError:
        return False
