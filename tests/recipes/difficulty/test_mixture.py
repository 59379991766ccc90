"""Invariants of mixes over any outcome of the samples."""

import csv
import io
from collections import Counter

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from codekiln.data import near_duplicates
from codekiln.data.records import Problem
from codekiln.recipes.difficulty import mixture, tables
from codekiln.recipes.difficulty.rates import BANDS
from codekiln.recipes.types import BuiltDataset
from tests.recipes.difficulty.making import graded_as, recipe


def test_too_few_samples_tell_no_band(train, graded):
    one, rest = (train[0].task_id, [row for row in graded if row.sample.task_id != train[0].task_id])
    few = [row for row in graded if row.sample.task_id == one][:4]
    few = [*(row.model_copy(update={"scores": row.scores[:-2]}) for row in few), *rest]
    made = BuiltDataset(train, (), few, recipe().rows(train, few))
    table = list(csv.DictReader(io.StringIO(recipe().files(made)[tables.PROBLEMS_CSV])))
    assert (table[0]["difficulty"], table[0]["pass@5"], table[0]["pass@10"]) == ("too-few-samples", "", "")
    assert table[0]["pass@1"] == "1.0"


@given(
    st.lists(st.integers(0, 10), min_size=6, max_size=24),
    st.sampled_from([(0.75, 0.3), (0.5, 0.2), (1.0, 0.9)]),
    st.integers(1, 3),
    st.none() | st.integers(3, 20),
    st.sampled_from([0.0, 0.7]),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_every_mix_is_exact_largest_deterministic_and_verified(outcomes, thresholds, per_problem, size, sure):
    problems = [Problem(task_id=f"Mbpp/{i}", prompt=f"Task {'x' * i} number {i}.") for i in range(len(outcomes))]
    graded = [row for index, correct in enumerate(outcomes) for row in outcome(index, correct)]
    one = recipe(easy=thresholds[0], medium=thresholds[1], solutions_per_problem=per_problem, size=size, sure=sure)
    rated, mixes = mixture.build(problems, graded, one.settings, one.seed)
    passed = {(row.sample.task_id, row.sample.solution.strip("\n")) for row in graded if row.verdict.passed}
    available = {band: {row.problem.task_id for row in rows} for band, rows in rated.solutions.items()}
    for mix in mixes:
        parts = mix.ratio.lowest_terms()
        rows = {band: [row for row in mix.rows if rated.bands[row.problem.task_id] == band] for band in BANDS}
        taken = {band: {row.problem.task_id for row in found} for band, found in rows.items()}
        # The ratio is exact in rows and in problems, and no more problems have it.
        for counted in (rows, taken):
            times = sum(map(len, counted.values())) // sum(parts.values())
            assert [len(counted[band]) for band in BANDS] == [times * parts[band] for band in BANDS]
        larger = {band: (times + 1) * part for band, part in parts.items()}
        assert any(larger[band] > len(available[band]) for band in BANDS) or (size and sum(larger.values()) > size)
        assert bool(mix.rows) != bool(mix.obstacle)
        assert len(mix.rows) <= (size or len(mix.rows))
        assert all((row.problem.task_id, row.code) in passed for row in mix.rows)
        assert max(Counter(row.problem.task_id for row in mix.rows).values(), default=0) <= per_problem
        codes = [row.code for row in mix.rows]
        assert near_duplicates.earliest_duplicates(codes) == list(range(len(codes)))
    assert mixture.build(problems, graded[::-1], one.settings, one.seed)[1] == mixes


SHAPES = (
    "def f{i}(a{i}):\n    b{i} = 0\n    for c{i} in a{i}:\n        b{i} += c{i}\n    return b{i}\n",
    "def f{i}(a{i}):\n    return sum(a{i}) + {i}\n",
    "def f{i}(a{i}):\n    while a{i}:\n        a{i} = a{i}[1:]\n    return [a{i}, {i}]\n",
)


def outcome(index, correct):
    codes = [SHAPES[number % 3].format(i=index) for number in range(10)]
    return graded_as(f"Mbpp/{index}", [number < correct for number in range(10)], codes)
