"""From graded samples to solutions by difficulty, and from those to data sets with a stated ratio."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from codekiln.data import near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.records import Graded, Problem
from codekiln.recipes.difficulty.rates import BANDS, Rate, Thresholds, rate_of
from codekiln.recipes.difficulty.ratios import Impossible, Ratio, counts
from codekiln.recipes.difficulty.solutions import Choice, Solution, choose

NO_SAMPLES, TOO_FEW = "no-samples", "too-few-samples"
SCARCE_FIRST = BANDS[::-1]
"""Of two near-duplicates the harder one stays, because hard problems with a solution are few."""


@dataclass(frozen=True)
class Pool:
    """What mixes are drawn from.

    Attributes:
        rates: How often each problem was solved, in the order of the problems.
        bands: The band of each problem; ``no-samples`` or ``too-few-samples`` where there is no telling.
        solutions: The solutions of each band, in the order in which mixes take them.
        rejected: Problems and programs that are in no mix, with the reason.
    """

    rates: dict[str, Rate]
    bands: dict[str, str]
    solutions: dict[str, list[Solution]]
    rejected: list[Rejected]


@dataclass(frozen=True)
class Mix:
    """A data set: its name, the ratio asked for, its rows, or why there are none."""

    name: str
    ratio: Ratio
    rows: tuple[Solution, ...] = ()
    impossible: str = ""


def gather(
    problems: Sequence[Problem],
    graded: Iterable[Graded],
    *,
    thresholds: Thresholds,
    least: int,
    choice: Choice,
    objection: Callable[[Problem, Graded], str | None],
    threshold: float,
    seed: int,
) -> Pool:
    """Rate every problem and choose its solutions.

    Args:
        problems: Every problem that was asked.
        graded: Every sample with its verdict; all of them count for the rates.
        thresholds: Where the bands begin.
        least: Fewest samples from which a band is told.
        choice: How the solutions of one problem are chosen.
        objection: Says why a verified program may not be trained on, or None.
        threshold: Similarity (0..1) from which prompts of two problems, or two solutions, are near-duplicates.
        seed: Orders solutions of one rank.
    """
    samples: dict[str, list[Graded]] = defaultdict(list)
    for row in graded:
        samples[row.sample.task_id].append(row)
    rates = {row.task_id: rate_of(samples[row.task_id]) for row in problems}
    bands = {name: _band(rate, thresholds, least) for name, rate in rates.items()}
    rejected = [Rejected(bands[row.task_id], row) for row in problems if bands[row.task_id] not in BANDS]
    banded = sorted(
        (row for row in problems if bands[row.task_id] in BANDS), key=lambda row: SCARCE_FIRST.index(bands[row.task_id])
    )
    kept, repeats = _distinct(banded, [row.prompt for row in banded], threshold)
    rejected += [Rejected("near-duplicate-prompt", row) for row in repeats]
    chosen: list[Solution] = []
    for problem in kept:
        best, left = choose(
            problem, samples[problem.task_id], choice, lambda row, problem=problem: objection(problem, row)
        )
        chosen += best
        rejected += left
    solutions, repeats = _distinct(*_in_order(chosen, bands, seed), threshold)
    rejected += [Rejected("near-duplicate-solution", solution.graded) for solution in repeats]
    by_band = {band: [row for row in solutions if bands[row.problem.task_id] == band] for band in BANDS}
    return Pool(rates, bands, by_band, rejected)


def mix(pool: Pool, ratios: Mapping[str, Ratio], size: int | None, seed: int) -> list[Mix]:
    """Draw every data set; each takes the first solutions of a band, so that data sets differ by their ratio alone."""
    available = {band: len(rows) for band, rows in pool.solutions.items()}
    mixes = []
    for name, ratio in ratios.items():
        try:
            wanted = counts(ratio, available, size)
        except Impossible as reason:
            mixes.append(Mix(name, ratio, impossible=str(reason)))
        else:
            rows = [row for band in BANDS for row in pool.solutions[band][: wanted[band]]]
            random.Random(f"{seed}:{name}").shuffle(rows)
            mixes.append(Mix(name, ratio, tuple(rows)))
    return mixes


def _band(rate: Rate, thresholds: Thresholds, least: int) -> str:
    if rate.n < least:
        return TOO_FEW if rate.n else NO_SAMPLES
    return thresholds.band(rate)


def _in_order(solutions: Sequence[Solution], bands: Mapping[str, str], seed: int) -> tuple[list[Solution], list[str]]:
    """Put every problem's best first, then every problem's second; problems in random order, scarce bands first."""
    shuffled = list(solutions)
    random.Random(f"{seed}:difficulty").shuffle(shuffled)
    shuffled.sort(key=lambda row: (row.rank, SCARCE_FIRST.index(bands[row.problem.task_id])))
    return shuffled, [row.code for row in shuffled]


def _distinct(items: Sequence, texts: Sequence[str], threshold: float) -> tuple[list, list]:
    """Return the items whose text nearly repeats no text before it, and the others."""
    first = near_duplicates.first_of_each(texts, threshold)
    kept = [item for place, item in enumerate(items) if first[place] == place]
    return kept, [item for place, item in enumerate(items) if first[place] != place]
