"""Exact numbers per category in both splits, and related functions in one group."""

import re
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, reject
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from codekiln.data import near_duplicates, splits
from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.split import connect_files
from codekiln.recipes.types import Shortage
from tests.recipes.corpus_tasks import small_corpus
from tests.recipes.corpus_tasks.helpers import sets_of, split_again

GROUPED = st.lists(st.tuples(st.integers(0, 8).map("g{}".format), st.sampled_from(CATEGORIES)), min_size=2, max_size=60)


@given(GROUPED, st.floats(0.05, 0.95), st.integers(0, 99))
def test_every_group_has_one_side(tasks, fraction, seed):
    side_of = splits.stratified(tasks, dict.fromkeys(CATEGORIES, 1.0), fraction, seed)
    assert set(side_of) == {group for group, _ in tasks}
    assert set(side_of.values()) <= {splits.TRAIN, splits.EVALUATION}
    assert side_of == splits.stratified(tasks, dict.fromkeys(CATEGORIES, 1.0), fraction, seed)


def test_each_category_is_divided_by_the_fraction():
    tasks = [(f"g{number}", category) for number in range(100) for category in CATEGORIES[: 1 + number % 5]]
    side_of = splits.stratified(tasks, dict.fromkeys(CATEGORIES, 1.0), 0.2, 0)
    total, judging = Counter(), Counter()
    for group, category in tasks:
        total[category] += 1
        judging[category] += side_of[group] == splits.EVALUATION
    assert all(abs(judging[name] / total[name] - 0.2) < 0.06 for name in CATEGORIES)


@given(st.lists(st.integers(0, 5).map("f{}.py".format), min_size=1, max_size=20), st.data())
def test_files_and_what_is_alike_are_one_group(files, data):
    places = st.integers(0, len(files) - 1)
    alike = data.draw(st.lists(st.tuples(places, places), max_size=5))
    found = connect_files(files, alike)
    by_file = {}
    for name, group in zip(files, found, strict=True):
        assert by_file.setdefault(name, group) == group
    assert all(found[left] == found[right] for left, right in alike)


def test_files_that_have_nothing_in_common_are_apart():
    assert connect_files(["a", "b", "a", "c"], [(0, 3)]) == ["a", "b", "a", "a"]


def test_counts_are_exact_on_both_sides(sets):
    for rows, each in ((sets.train, 8), (sets.evaluation, 2)):
        assert Counter(row.stratum for row in rows) == dict.fromkeys(CATEGORIES, each)


def test_proportions_can_be_any_and_are_exact(sets):
    found = split_again(sets, 12, 4, {"docstring": 3, "bugfix": 1})
    assert Counter(row.stratum for row in found.train) == {"docstring": 9, "bugfix": 3}
    assert Counter(row.stratum for row in found.evaluation) == {"docstring": 3, "bugfix": 1}


def test_without_sizes_the_largest_sets_with_the_proportions_are_made(sets):
    shares = {"complete": 1, "unit_test": 1}
    found = split_again(sets, shares=shares)
    for rows in (found.train, found.evaluation):
        counts = Counter(row.stratum for row in rows)
        assert abs(counts["complete"] - counts["unit_test"]) <= 1
    assert min(Counter(row.stratum for row in found.unused)[name] for name in shares) <= 2


def test_too_many_fail_with_the_categories_and_advice_that_is_true(sets):
    with pytest.raises(Shortage) as error:
        split_again(sets, 400, 10)
    assert error.value.where == "problems.train"
    assert re.search(r"unit_test has (\d+) of 80 train tasks \((\d+) too few\)", error.value.what)
    train, evaluation = map(int, re.findall(r"problems\.\w+ = (\d+)", error.value.fix))
    found = split_again(sets, train, evaluation)
    assert (len(found.train), len(found.evaluation)) == (train, evaluation)


def test_sizes_shrink_where_that_is_allowed_and_the_note_says_by_how_much(sets):
    found = split_again(sets, 400, 10, shrinks=True)
    assert 0 < len(found.train) < 400
    assert any(f"train: {len(found.train)} tasks instead of 400, because" in note for note in found.notes)
    assert split_again(sets, 12, 4, shrinks=True).notes == []


def test_no_file_and_no_nearly_equal_function_is_on_both_sides(sets):
    sides = [{row.grading_context["file"] for row in rows} for rows in (sets.train, sets.evaluation)]
    assert not sides[0] & sides[1]
    assert not {row.group for row in sets.train} & {row.group for row in sets.evaluation}
    texts = [[row.grading_context["text"] for row in rows] for rows in (sets.train, sets.evaluation)]
    assert near_duplicates.similar_pairs(*texts, threshold=0.5) == []


def test_nearly_equal_functions_of_two_files_are_one_group(corpus, tmp_path):
    folder = small_corpus.write(tmp_path)
    text = (folder / "codes/shift.py").read_text().replace("% 26 + 97", "% 26 + 97 + 0").replace("def runs", "def rows")
    (folder / "copy.py").write_text(text)
    shares = {"docstring": 1, "explain": 1}
    found = sets_of(
        folder, {"evaluation_fraction": 0.3}, duplicate=1.0, shares=shares, include=["copy.py", "co*", "li*"]
    )
    groups = {
        row.group
        for row in [*found.train, *found.evaluation]
        if row.grading_context["file"] in ("codes/shift.py", "copy.py")
    }
    assert len(groups) == 1


def test_a_renamed_copy_in_another_file_is_in_one_group(tmp_path):
    folder = small_corpus.write(tmp_path)
    text = (folder / "text/count.py").read_text()
    for name in ("VOWELS", "is_vowel", "letter", "text", "total", "longest_word", "best", "word", "line"):
        text = text.replace(name, f"x{len(name)}{name[1]}")
    (folder / "copy.py").write_text(text)
    found = sets_of(folder, {"evaluation_fraction": 0.3}, shares={"docstring": 1, "explain": 1})
    rows = [*found.train, *found.evaluation, *(item.row for item in found.rejected if item.reason == "not-needed")]
    assert {row.group for row in rows if row.grading_context["file"] in ("text/count.py", "copy.py")} == {"copy.py"}


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(1, 8), st.integers(1, 2), st.integers(0, 50), st.lists(st.floats(0.1, 5), min_size=5, max_size=5))
def test_whatever_is_asked_sides_are_apart_and_counts_exact(sets, train, evaluation, seed, weights):
    shares = dict(zip(CATEGORIES, weights, strict=True))
    try:
        found = split_again(sets, train, evaluation, shares, seed)
    except InputError:
        reject()
    assert (len(found.train), len(found.evaluation)) == (train, evaluation)
    assert not {row.group for row in found.train} & {row.group for row in found.evaluation}
