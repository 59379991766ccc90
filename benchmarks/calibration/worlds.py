"""Simulated evaluations: two models, the same problems, ten samples each, and a difference that is known.

Difficulty, code quality and their changes are normal around a mean, with a part that the problems of a group share. The
spreads are near those of the demo and of published runs on MBPP: pass@1 about 0.7, most problems neither always nor
never solved, a metric with a standard deviation of 7 between problems and of 5 between samples of one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

SAMPLES = 10
EASE, QUALITY = 1.2, 70.0
"""Mean logit of passing, and mean of the metric, of the base model."""
SAMPLE_SD = 5.0
_POPULATION = 400_000
_BLOCK = 1_500_000
"""Samples of one model held in memory at once."""


@dataclass(frozen=True)
class Change:
    """How the candidate differs from the base.

    Args:
        passing: Change of pass@1 over all problems.
        metric: Change of the metric over all problems.
        lost: Share of all samples that the candidate fails although the base passes them: those with the worst code.
        easier: Logits by which all else is easier for the candidate; instead of ``passing``.
    """

    passing: float = 0.0
    metric: float = 0.0
    lost: float = 0.0
    easier: float | None = None


@dataclass(frozen=True)
class World:
    """A set of problems in groups, and how unevenly a change falls on them.

    Args:
        sizes: Number of problems of each group.
        change: The mean change.
        passing_sd: Standard deviation of the logit's change, shared in a group and by problem.
        metric_sd: Standard deviation of the metric's change, likewise.
    """

    sizes: tuple[int, ...]
    change: Change = Change()
    passing_sd: tuple[float, float] = (0.0, 0.4)
    metric_sd: tuple[float, float] = (0.0, 1.5)

    @property
    def groups(self) -> np.ndarray:
        """The number of each problem's group."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def shift(self) -> float:
        """The mean change in logits of passing."""
        if self.change.easier is not None:
            return self.change.easier
        return _shift(self.change.passing, float(np.hypot(*self.passing_sd)))

    def pass_at(self, k: int) -> tuple[float, float]:
        """Return the true pass@k of the base and of a candidate that loses nothing."""
        logits, change = _population(float(np.hypot(*self.passing_sd)))
        before, after = (1 - (1 - _sigmoid(one)) ** k for one in (logits, logits + change + self.shift))
        return float(before.mean()), float(after.mean())


@dataclass(frozen=True)
class Samples:
    """Samples of one model: whether they pass, and their metric; shape (runs, problems, samples)."""

    passed: np.ndarray
    metric: np.ndarray


def draw(world: World, runs: int, tries: int, rng: np.random.Generator) -> Iterator[tuple[Samples, list[Samples]]]:
    """Yield simulated runs in blocks: samples of the base, and of ``tries`` candidates that meet the same base."""
    step = max(1, _BLOCK // (sum(world.sizes) * SAMPLES))
    for start in range(0, runs, step):
        yield _block(world, min(step, runs - start), tries, rng)


def _block(world: World, runs: int, tries: int, rng: np.random.Generator) -> tuple[Samples, list[Samples]]:
    def spread(shared: float, own: float) -> np.ndarray:
        by_group = rng.normal(0, shared, (runs, len(world.sizes)))
        return by_group[:, world.groups] + rng.normal(0, own, (runs, sum(world.sizes)))

    logits, quality = EASE + spread(1.0, 1.5), QUALITY + spread(4.0, 6.0)
    base = _samples(logits, quality, 0.0, rng)
    candidates = []
    for _ in range(tries):
        easier = logits + world.shift + spread(*world.passing_sd)
        better = quality + world.change.metric + spread(*world.metric_sd)
        candidates.append(_samples(easier, better, world.change.lost, rng))
    return base, candidates


def _samples(logits: np.ndarray, quality: np.ndarray, lost: float, rng: np.random.Generator) -> Samples:
    shape = (*logits.shape, SAMPLES)
    style = rng.standard_normal(shape, dtype=np.float32)
    passed = rng.random(shape, dtype=np.float32) < _sigmoid(logits)[..., None]
    if lost:
        rate = float(_sigmoid(_population(0.0)[0]).mean())
        passed &= style > NormalDist().inv_cdf(lost / rate)
    return Samples(passed, quality[..., None] + SAMPLE_SD * style)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


@lru_cache
def _population(passing_sd: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits and their changes of problems as many as give the truth to three digits."""
    rng = np.random.default_rng(1)
    return EASE + rng.normal(0, np.hypot(1.0, 1.5), _POPULATION), rng.normal(0, passing_sd, _POPULATION)


@lru_cache
def _shift(gain: float, passing_sd: float) -> float:
    """Return the change in logits that changes pass@1 by ``gain``, by bisection."""
    logits, change = _population(passing_sd)
    target, low, high = _sigmoid(logits).mean() + gain, -3.0, 3.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _sigmoid(logits + change + middle).mean() < target else (low, middle)
    return (low + high) / 2
