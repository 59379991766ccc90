"""Mixes: data sets with a stated ratio of easy, medium and hard problems, drawn from graded samples."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from codekiln import filters
from codekiln.data import near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.records import Graded, Problem
from codekiln.recipes.difficulty.grading import rate_of
from codekiln.recipes.difficulty.rates import BANDS, BandThresholds, SolveRate
from codekiln.recipes.difficulty.ratios import BandRatio, UnattainableRatio, rows_by_rank
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.difficulty.solutions import SelectionCriteria, Solution, select

NO_SAMPLES, TOO_FEW = "no-samples", "too-few-samples"
SCARCE_FIRST = BANDS[::-1]
"""Of two near-duplicates the harder one stays, because hard problems with a solution are few."""
FILTERS = ("placeholder", "length")
"""Filters of solutions. They see no other sample, because every sample counts for the solve rate of its problem."""
Item = TypeVar("Item")


@dataclass(frozen=True)
class RatedSolutions:
    """The rated problems and their solutions, from which mixes are drawn.

    Attributes:
        rates: How often each problem was solved, in the order of the problems.
        bands: The band of each problem; ``no-samples`` or ``too-few-samples`` where it cannot be estimated.
        solutions: The solutions of each band, in the order in which mixes take them: the best of every problem first.
        rejected: Problems and programs that are in no mix, with the reason.
    """

    rates: dict[str, SolveRate]
    bands: dict[str, str]
    solutions: dict[str, list[Solution]]
    rejected: list[Rejected]


@dataclass(frozen=True)
class Mix:
    """A data set: its name, its ratio, its rows, or the reason why it cannot be made."""

    name: str
    ratio: BandRatio
    rows: tuple[Solution, ...] = ()
    obstacle: str = ""


def build(
    problems: Sequence[Problem], graded: Iterable[Graded], settings: DifficultySettings, seed: int
) -> tuple[RatedSolutions, list[Mix]]:
    """Rate every problem, select its solutions, and draw every mix of the settings.

    Args:
        problems: Every problem that samples were asked for.
        graded: Every sample with its verdict; all of them count for the rates.
        settings: The recipe's settings.
        seed: Orders solutions of one rank, and the rows of a mix.
    """
    rated = rate_and_select(problems, graded, settings, seed)
    return rated, draw(rated, settings.mixes, settings.size, seed)


def rate_and_select(
    problems: Sequence[Problem], graded: Iterable[Graded], settings: DifficultySettings, seed: int
) -> RatedSolutions:
    """Rate every problem and select its solutions; see `build`."""
    samples: dict[str, list[Graded]] = defaultdict(list)
    for row in graded:
        samples[row.sample.task_id].append(row)
    rates = {row.task_id: rate_of(samples[row.task_id]) for row in problems}
    bands = {name: band_of(rate, settings.thresholds, settings.least_samples) for name, rate in rates.items()}
    rejected = [Rejected(bands[row.task_id], row) for row in problems if bands[row.task_id] not in BANDS]
    banded = sorted(
        (row for row in problems if bands[row.task_id] in BANDS), key=lambda row: SCARCE_FIRST.index(bands[row.task_id])
    )
    kept, repeats = _distinct(banded, [row.prompt for row in banded], settings.near_duplicate)
    rejected += [Rejected("near-duplicate-prompt", row) for row in repeats]
    criteria = SelectionCriteria(settings.best_by, settings.solutions_per_problem, settings.apart)
    # Filters remember what they have seen, so each pass has a chain of its own.
    objection = filters.chain(FILTERS)
    selected: list[Solution] = []
    for problem in kept:
        best, others = select(problem, samples[problem.task_id], criteria, objection)
        selected += best
        rejected += others
    ordered = _in_order(selected, bands, seed)
    solutions, copies = _distinct(ordered, [row.code for row in ordered], settings.near_duplicate)
    rejected += [Rejected("near-duplicate-solution", solution.graded) for solution in copies]
    ranked = _ranked(solutions)
    by_band = {band: [row for row in ranked if bands[row.problem.task_id] == band] for band in BANDS}
    return RatedSolutions(rates, bands, by_band, rejected)


def draw(rated: RatedSolutions, ratios: Mapping[str, BandRatio], size: int | None, seed: int) -> list[Mix]:
    """Draw every mix; each takes the first problems of a band, so that mixes differ by their ratio alone."""
    mixes = []
    for name, ratio in ratios.items():
        try:
            rows = _rows(rated, ratio, size)
        except UnattainableRatio as reason:
            mixes.append(Mix(name, ratio, obstacle=str(reason)))
        else:
            # A trainer that does not shuffle would see the bands one after the other.
            random.Random(f"{seed}:{name}").shuffle(rows)
            mixes.append(Mix(name, ratio, tuple(rows)))
    return mixes


def _rows(rated: RatedSolutions, ratio: BandRatio, size: int | None) -> list[Solution]:
    counts = {band: Counter(row.problem.task_id for row in rows) for band, rows in rated.solutions.items()}
    ranks = rows_by_rank(ratio, {band: list(counted.values()) for band, counted in counts.items()}, size)
    found: list[Solution] = []
    for band, rows in rated.solutions.items():
        taken = set(list(counts[band])[: ranks[0][band]])
        for rank, wanted in enumerate(ranks):
            of_rank = [row for row in rows if row.rank == rank and row.problem.task_id in taken]
            found += of_rank[: wanted[band]]
    return found


def band_of(rate: SolveRate, thresholds: BandThresholds, least_samples: int) -> str:
    """Return the band of a problem, or ``no-samples`` or ``too-few-samples``."""
    if rate.n < least_samples:
        return TOO_FEW if rate.n else NO_SAMPLES
    return thresholds.band(rate)


def _in_order(solutions: Sequence[Solution], bands: Mapping[str, str], seed: int) -> list[Solution]:
    """Put every problem's best first, then every problem's second; problems in random order, scarce bands first."""
    shuffled = list(solutions)
    random.Random(f"{seed}:difficulty").shuffle(shuffled)
    # The sort is stable, so the shuffle decides between problems of one rank and band.
    shuffled.sort(key=lambda row: (row.rank, SCARCE_FIRST.index(bands[row.problem.task_id])))
    return shuffled


def _ranked(solutions: Sequence[Solution]) -> list[Solution]:
    """Number the solutions of each problem anew, where some have been left out; those of rank 0 come first."""
    seen: Counter[str] = Counter()
    found = []
    for row in solutions:
        found.append(replace(row, rank=seen[row.problem.task_id]))
        seen[row.problem.task_id] += 1
    return sorted(found, key=lambda row: row.rank)


def _distinct(items: Sequence[Item], texts: Sequence[str], threshold: float) -> tuple[list[Item], list[Item]]:
    """Return the items whose text nearly repeats no text before it, and the others."""
    first = near_duplicates.earliest_duplicates(texts, threshold)
    kept = [item for place, item in enumerate(items) if first[place] == place]
    return kept, [item for place, item in enumerate(items) if first[place] != place]
