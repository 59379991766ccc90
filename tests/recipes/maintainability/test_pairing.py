"""Which programs are paired: the labels of the published study, and partners that are not too similar."""

from itertools import permutations

import pytest

from codekiln.code import metrics
from codekiln.code.distance import token_similarity
from tests.recipes.maintainability.making import CALL, LONG, LOOP, SIGNS, STUDY, WHILE, graded, problem, recipe, texts


def study(items, seed=0):
    return recipe("maintainability_index", seed, **STUDY).rows([problem()], items)


@pytest.mark.parametrize("code", [CALL, LOOP, LONG, "def f(x):\n    # add\n    return sum(x) + 1\n"])
def test_the_studys_label_is_radons_index_with_its_comment_term(code):
    from radon.metrics import mi_visit

    pairs = study([graded(code), graded(LONG + "# a\n# b\n# c\n# d\n", 1)]).pairs
    (pair,) = pairs
    stated = dict(zip(texts(pair), (pair.chosen_score, pair.rejected_score), strict=True))
    assert stated[code] == mi_visit(code, True)


@pytest.mark.parametrize("seed", range(5))
def test_of_two_programs_that_tie_the_study_chooses_the_first_that_was_written(seed):
    one, other = "def f(x):\n    return x\n", "def f(y):\n    return y\n"  # both at the cap of 100
    for items in permutations([graded(one, 7), graded(other, 8)]):
        (pair,) = study(items, seed).pairs
        assert texts(pair) == (one, other)
        assert pair.chosen_score == pair.rejected_score == 100
        assert recipe("maintainability_index", seed).rows([problem()], items).pairs == []


def test_of_many_programs_the_study_pairs_the_highest_with_the_lowest_each_the_first_of_its_score():
    high = ["def f(a):\n    return a\n", "def f(b):\n    return b\n"]
    low = [LONG, SIGNS.format(t="s")]
    items = [graded(low[0], 3), graded(high[1], 2), graded(low[1], 4), graded(high[0], 1), graded(LOOP, 0)]
    for order in (items, items[::-1]):
        (pair,) = study(order).pairs
        assert texts(pair) == (high[0], low[0])


def test_many_programs_that_all_tie_are_no_pair_in_the_study():
    items = [graded(f"def f({name}):\n    return {name}\n", place) for place, name in enumerate("abc")]
    made = study(items)
    assert made.pairs == []
    assert [item.reason for item in made.rejected] == ["tie"]


@pytest.mark.parametrize("status", ["failed", "error", "timeout"])
def test_the_study_wants_both_to_pass(status):
    assert study([graded(CALL), graded(LOOP, 1, status)]).pairs == []


def test_the_study_drops_equal_texts_alone_and_ours_drops_what_differs_in_comments():
    documented = 'def f(x):\n    """Add x up."""\n    return sum(x) + 1\n'
    assert study([graded(CALL), graded(CALL, 1)]).pairs == []
    assert len(study([graded(CALL), graded(documented, 1)]).pairs) == 1
    made = recipe("maintainability_index", margin=0).rows([problem()], [graded(CALL), graded(documented, 1)])
    assert [item.reason for item in made.rejected] == ["twins"]


LADDER = {  # score falls from top to bottom; NEAR shares most tokens with BEST
    "BEST": "def f(x):\n    total = 1 + sum(x)\n    return total\n",
    "NEAR": "def f(x):\n    total = 1\n    total = total + sum(x)\n    total = total + 0\n    return total\n",
    "FAR": LONG,
}


def scored(metric="structural_maintainability"):
    return {name: metrics.get(metric).score(code).value for name, code in LADDER.items()}


def test_the_ladder_is_one():
    values = scored()
    assert values["BEST"] > values["NEAR"] + 3 > values["FAR"] + 6
    assert token_similarity(LADDER["BEST"], LADDER["NEAR"]) > 0.75 > token_similarity(LADDER["BEST"], LADDER["FAR"])


@pytest.mark.parametrize(("negatives", "partner"), [("worst", "FAR"), ("alike", "NEAR")])
def test_a_hard_negative_is_the_most_alike_that_is_still_worse_by_the_margin(negatives, partner):
    items = [graded(code) for code in LADDER.values()]
    (pair,) = recipe(negatives=negatives, pairs_per_problem=1).rows([problem()], items).pairs
    assert texts(pair) == (LADDER["BEST"], LADDER[partner])


def test_a_hard_negative_within_the_margin_is_none():
    gap = scored()["BEST"] - scored()["NEAR"]
    items = [graded(code) for code in LADDER.values()]
    (pair,) = recipe(negatives="alike", pairs_per_problem=1, margin=gap + 1).rows([problem()], items).pairs
    assert texts(pair)[1] == LADDER["FAR"]


@pytest.mark.parametrize("negatives", ["worst", "alike"])
def test_a_pair_that_is_too_much_alike_gets_another_partner(negatives):
    items = [graded(code) for code in LADDER.values()]
    (pair,) = recipe(negatives=negatives, pairs_per_problem=1, max_likeness=0.75).rows([problem()], items).pairs
    assert texts(pair) == (LADDER["BEST"], LADDER["FAR"])


@pytest.mark.parametrize("negatives", ["worst", "alike"])
def test_without_another_partner_it_is_dropped_with_the_reason(negatives):
    items = [graded(LADDER["BEST"]), graded(LADDER["NEAR"])]
    made = recipe(negatives=negatives, max_likeness=0.75).rows([problem()], items)
    assert made.pairs == []
    assert [item.reason for item in made.rejected] == ["too-alike"]
    assert texts(made.rejected[0].row) == (LADDER["BEST"], LADDER["NEAR"])


def test_a_wrong_program_that_is_too_much_alike_is_not_rejected_for_a_right_one():
    typo = LADDER["BEST"].replace("1 +", "2 +")
    items = [graded(LADDER["BEST"]), graded(typo, 1, "failed"), graded(WHILE, 2, "failed")]
    settings = {"correctness_share": 1, "pairs_per_problem": 1}
    (pair,) = recipe(**settings).rows([problem()], items).pairs
    assert texts(pair)[1] == typo
    (pair,) = recipe(**settings, max_likeness=0.75).rows([problem()], items).pairs
    assert texts(pair)[1] == WHILE
