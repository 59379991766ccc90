import random

import pytest

from codekiln.training.packing.filling import Budget, fill, length_of


def test_a_row_goes_into_the_fullest_pass_that_takes_it():
    assert fill([50, 30, 60, 20, 40], Budget(tokens=100)) == [[2, 4], [0, 1, 3]]


def test_a_row_longer_than_the_budget_passes_alone():
    assert fill([10, 300, 10], Budget(tokens=100)) == [[1], [0, 2]]


def test_a_budget_of_rows_fills_passes_in_the_order_of_length():
    assert fill([5, 9, 7, 8, 6], Budget(rows=2)) == [[1, 3], [2, 4], [0]]


@pytest.mark.parametrize("budget", [Budget(tokens=400), Budget(rows=7), Budget(rows=3, tokens=300)])
def test_every_row_is_in_one_pass_that_keeps_to_the_budget(budget):
    draw = random.Random(0)
    for rows in (1, 2, 5, 40):
        lengths = [draw.randrange(10, 250) for _ in range(rows)]
        passes = fill(lengths, budget)
        assert sorted(row for one in passes for row in one) == list(range(rows))
        for one in passes:
            assert 1 <= len(one) <= (budget.rows or rows)
            assert len(one) == 1 or sum(lengths[row] for row in one) <= (budget.tokens or sum(lengths))


def test_passes_are_nearly_full():
    draw = random.Random(1)
    lengths = [draw.randrange(60, 300) for _ in range(400)]
    passes = fill(lengths, Budget(tokens=2048))
    assert sum(lengths) / (2048 * len(passes)) > 0.98


def test_a_pair_has_its_prompt_once():
    assert length_of({"prompt_ids": [1, 2], "chosen_ids": [3], "rejected_ids": [4, 5, 6]}) == 6
    assert length_of({"input_ids": [1, 2, 3], "labels": [-100, 2, 3]}) == 3
