import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.errors import InputError
from codekiln.evaluation import evaluate
from codekiln.evaluation.running import ExactMean, RunningValues
from codekiln.evaluation.summary import evaluate_values
from tests.evaluation.test_summary import BASE, METRIC, SFT, graded

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)


@given(st.lists(FINITE, min_size=1, max_size=60), st.randoms())
def test_a_mean_is_exact_in_any_order(values: list[float], chance: random.Random) -> None:
    mean = ExactMean()
    chance.shuffle(values)
    for value in values:
        mean.add(value)
    assert mean.value() == math.fsum(values) / len(values)


def test_few_numbers_are_kept_of_many() -> None:
    mean = ExactMean()
    chance = random.Random(0)
    values = [chance.uniform(0, 100) for _ in range(20_000)]
    for value in values:
        mean.add(value)
    assert len(mean._parts) <= 32
    assert mean.value() == math.fsum(values) / len(values)
    assert ExactMean().value() is None


def test_rows_one_by_one_give_what_all_of_them_give() -> None:
    rows = {"base": BASE, "sft": SFT}
    running = {name: {task: RunningValues([METRIC], [METRIC]) for task in "ab"} for name in rows}
    for name, samples in rows.items():
        for row in samples[::-1]:
            running[name][row.sample.task_id].add(row)
    values = {name: {task: one.values((1, 2)) for task, one in tasks.items()} for name, tasks in running.items()}
    assert evaluate_values(values, 2) == evaluate(rows, [METRIC], (1, 2))


def test_a_passing_sample_without_a_score_is_refused() -> None:
    with pytest.raises(InputError, match="was not scored on 'lines'"):
        RunningValues(["lines"]).add(graded("a", 1.0))
    RunningValues(["lines"]).add(graded("a", passed=False))
