"""Requests are balanced over a data set, and none is made twice."""

from collections import Counter

import pytest

from codekiln.recipes.debugging.error_injection import find_sites
from codekiln.recipes.debugging.material import CLASSES
from codekiln.recipes.debugging.planning import class_mixes, plan_exercises
from tests.recipes.debugging.making import LIMITS, material

NAMES = ("average-of-scores", "exam-results", "rainfall", "times-table", "username-maker", "count-above")


@pytest.fixture(scope="module")
def everything():
    found = [material(name) for name in NAMES]
    return found, find_sites(found, tried=6, seed=0, limits=LIMITS)


def made(everything, **options):
    settings = {"requests": 4, "least": 1, "most": 3, "seed": 0} | options
    return plan_exercises(*everything, **settings)


@pytest.fixture(scope="module")
def usual(everything):
    return made(everything)


def test_every_exercise_has_its_requests_and_counts_are_in_range(usual):
    planned, flaws = usual
    assert flaws == []
    assert Counter(item.material.name for item in planned) == dict.fromkeys(NAMES, 4)
    assert [item.turn for item in planned] == sorted(item.turn for item in planned)
    for item in planned:
        assert 1 <= item.counts.total <= 3
        assert Counter(error.intended for error in item.bugged.errors) == {
            name: item.counts.of(name) for name in CLASSES if item.counts.of(name)
        }


def test_mixes_classes_and_families_are_balanced(usual):
    planned, _ = usual
    used = Counter(item.counts.mix for item in planned)
    assert set(used) == {"+".join(mix) for mix in class_mixes(3)}
    assert max(used.values()) - min(used.values()) <= 2
    classes = Counter(error.intended for item in planned for error in item.bugged.errors)
    assert max(classes.values()) <= 1.5 * min(classes.values())
    kinds = Counter((error.intended, error.kind) for item in planned for error in item.bugged.errors)
    assert max(kinds.values()) <= classes.total() / 6


def test_no_exercise_is_made_twice_and_no_mix_twice_before_all_were(usual):
    planned, _ = usual
    assert len({(item.material.name, item.bugged.program) for item in planned}) == len(planned)
    for name in NAMES:
        assert len({item.counts.mix for item in planned if item.material.name == name}) >= 3


def test_the_same_seed_plans_the_same(everything, usual):
    assert made(everything) == usual
    assert made(everything, seed=1) != usual


def test_numbers_of_errors_keep_to_their_bounds(everything):
    planned, _ = made(everything, least=2, most=2)
    assert {item.counts.total for item in planned} == {2}
    assert "syntax+runtime+logical" not in {item.counts.mix for item in planned}


def test_what_a_program_cannot_hold_is_said(everything):
    materials, sites = everything
    planned, flaws = plan_exercises(materials[:1], [sites[0][:1]], requests=2, least=2, most=3, seed=0)
    assert planned == []
    assert {flaw.reason for flaw in flaws} == {"cannot-hold-errors"}
    assert "there is room for" in flaws[0].text
