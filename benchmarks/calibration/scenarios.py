"""The rows of the calibration: what is simulated, what is true there, and what the gate may do."""

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from benchmarks.calibration.judging import EVERY, METRIC, evaluations, promoted
from benchmarks.calibration.worlds import Change, World, draw
from codekiln.evaluation import Evaluation, Interval
from codekiln.evaluation.statistics import minimum_differing

Purpose = Literal["null", "boundary", "selection", "tries", "power"]
"""power: every promotion is right; all others: every promotion is false.

At the boundary the target gains much, and pass@1 falls by exactly the tolerance: the guard alone decides there, and
errs as often as its interval does on one side, in 2.5 % of runs.
"""

SERIES = 0.2
"""Series of several tries for each run of another row: each try is judged, so they take longest."""
UNEVEN = (1,) * 60 + (2,) * 20 + (4,) * 10 + (10,) * 4 + (20,)
GROUPED = {"passing_sd": (0.3, 0.3), "metric_sd": (1.2, 0.9)}
LAYOUTS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("50", (1,) * 50),
    ("200", (1,) * 200),
    ("500", (1,) * 500),
    ("50 in groups of 4", (4,) * 12 + (2,)),
    ("200 in groups of 4", (4,) * 50),
    ("500 in groups of 4", (4,) * 125),
    ("200 in 10 groups", (20,) * 10),
    ("200 in uneven groups", UNEVEN),
)


@dataclass(frozen=True)
class Scenario:
    """One row: a world, and how many candidates are tried on the same problems and samples of the base."""

    name: str
    purpose: Purpose
    world: World
    tries: int = 1


@dataclass(frozen=True)
class Row:
    """What came out.

    ``promoted`` is the share of runs in which any try was promoted. ``coverage`` is the share of intervals that cover
    the true difference, by measure, of those that rest on enough problems for the gate to judge by; None where most do
    not. ``held`` is the same share of all intervals, and has the means of the candidate as well.
    """

    scenario: Scenario
    promoted: float
    coverage: dict[str, float | None]
    held: dict[str, float]


def scenarios() -> Iterator[Scenario]:
    """Yield all rows."""
    for name, sizes in LAYOUTS:
        spread = {} if max(sizes) == 1 else GROUPED
        yield Scenario(f"nothing gained, {name}", "null", World(sizes, **spread))
        yield Scenario(f"only pass@1 gained, {name}", "null", World(sizes, Change(passing=0.05), **spread))
        yield Scenario(f"pass@1 falls by 0.02, {name}", "boundary", World(sizes, Change(-0.02, 2.0), **spread))
    for count in (200, 500):
        for lost, easier in ((0.01, 0.0), (0.02, 0.25), (0.02, 0.5)):
            world = World((1,) * count, Change(lost=lost, easier=easier), (0.0, 0.0), (0.0, 0.0))
            yield Scenario(f"fails its worst {lost:.0%}, logits +{easier:g}, {count}", "selection", world)
    yield from _series()
    for passing, metric in ((0.0, 0.5), (0.0, 1.0), (0.02, 1.0), (0.05, 1.0)):
        for count in (200, 500):
            change = Change(passing, metric)
            yield Scenario(f"pass@1 {passing:+g}, metric {metric:+g}, {count}", "power", World((1,) * count, change))


def _series() -> Iterator[Scenario]:
    """Yield the rows of several tries."""
    for tries in (10, 20):
        yield Scenario(f"{tries} tries, nothing gained, 200", "tries", World((1,) * 200), tries)
        yield Scenario(
            f"{tries} tries, only pass@1 gained, 200", "tries", World((1,) * 200, Change(passing=0.05)), tries
        )
    falling = Change(-0.02, 2.0)
    worlds = {
        "pass@1 falls by 0.02, 200": World((1,) * 200, falling),
        "pass@1 falls by 0.02, 200 in groups of 4": World((4,) * 50, falling, **GROUPED),
        "fails its worst 2%, logits +0.25, 500": World((1,) * 500, Change(lost=0.02, easier=0.25), (0, 0), (0, 0)),
    }
    for name, world in worlds.items():
        yield Scenario(f"20 tries, {name}", "tries", world, 20)


def simulate(scenario: Scenario, runs: int) -> Row:
    """Return the row of a scenario from ``runs`` simulated runs; equal scenarios give equal rows."""
    world, rng = scenario.world, np.random.default_rng(zlib.crc32(scenario.name.encode()))
    truth, means = _truth(world)
    clusters, counts, wins = list(map(int, world.groups)), Counter[str](), 0
    numbers = range(1, scenario.tries + 1)
    for base, candidates in draw(world, runs, scenario.tries, rng):
        judged = [evaluations(base, candidate, clusters) for candidate in candidates]
        wins += sum(any(map(promoted, tries, numbers)) for tries in zip(*judged, strict=True))
        for evaluation in chain(*judged):
            _count(evaluation, truth, means, counts)
    total = runs * scenario.tries
    coverage = {
        name: counts[f"{name} judged, covered"] / known if (known := counts[f"{name} judged"]) > total / 2 else None
        for name in truth
    }
    held = {name: counts[f"{name} covered"] / total for name in (*truth, *(f"mean {name}" for name in means))}
    return Row(scenario, wins / runs, coverage, held)


def _truth(world: World) -> tuple[dict[str, float], dict[str, float]]:
    """Return the true differences, and the true means of the candidate; empty where samples are lost."""
    if world.change.lost:
        return {EVERY: world.change.metric}, {}
    differences, means = {}, {}
    for name, k in (("pass@1", 1), ("pass@10", 10)):
        before, means[name] = world.pass_at(k)
        differences[name] = means[name] - before
    return differences | dict.fromkeys((METRIC, EVERY), world.change.metric), means


def _count(evaluation: Evaluation, truth: dict[str, float], means: dict[str, float], counts: Counter[str]) -> None:
    for item in evaluation.comparisons:
        if item.measure in truth:
            judged, covered = (item.differing or 0) >= minimum_differing(), _covers(item.interval, truth[item.measure])
            counts[f"{item.measure} covered"] += covered
            counts[f"{item.measure} judged"] += judged
            counts[f"{item.measure} judged, covered"] += judged and covered
    for name, value in means.items():
        counts[f"mean {name} covered"] += _covers(evaluation.contenders["candidate"][name], value)


def _covers(interval: Interval, value: float) -> bool:
    known = interval.known()
    return known is not None and known[1] <= value <= known[2]
