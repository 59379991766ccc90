"""Which replies become rows, and why the others do not."""

import ast
from collections import Counter

import pytest

from codekiln.data.records import Graded, Sample
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from codekiln.recipes.types import Shortage
from tests.recipes.corpus_tasks.helpers import grade, recipe, reference_samples, sets_of, split_again


def test_every_row_is_the_first_good_reply_to_its_task(sets, dataset):
    assert len(dataset.rows.examples) == len(sets.train)
    assert not dataset.rows.rejected
    references = {row.task_id: row.reference for row in sets.train}
    assert all(row.completion[0].content == references[row.task_id] for row in dataset.rows.examples)


WRONG = {
    "docstring": ("ten words that are no docstring at all but pass elsewhere", "lacks-triple-quotes"),
    "explain": ("- It\n- does", "lacks-words"),
    "bugfix": ("The bug is fixed, there was an error.\n{shown}", "lacks-changed"),
    "complete": ("{shown}", "lacks-body"),
    "unit_test": (fenced("def test_a():\n    assert True"), "lacks-asserts"),
}


@pytest.fixture(scope="module")
def teacher_rows(sets):
    """Rows of a teacher that is wrong once in each category, and a fix, a completion and a test that look right."""
    one, samples = recipe(shortage="shrink"), []
    wrong = {}
    for row in sets.train:
        texts = [row.reference]
        name = row.grading_context["name"]
        signature = ast.unparse(ast.parse(row.grading_context["text"]).body[0].args)
        if row.stratum not in wrong:
            wrong[row.stratum] = row.task_id
            texts = [WRONG[row.stratum][0].format(shown=fenced(row.grading_context["shown"]))]
        elif row.stratum in ("bugfix", "complete") and f"2 {row.stratum}" not in wrong:
            wrong[f"2 {row.stratum}"] = row.task_id
            texts = [
                f"The bug is fixed, as it should be.\n{fenced(f'def {name}({signature}):{chr(10)}    return 977')}"
            ]
        elif row.stratum == "unit_test" and "2 unit_test" not in wrong:
            wrong["2 unit_test"] = row.task_id
            texts = [fenced(f"def test_a():\n    assert {name} is not None or {name}()")]
        samples += [Sample(task_id=row.task_id, solution=text, model="teacher") for text in texts]
    graded = grade(one, sets.train, samples)
    return wrong, one.rows(sets.train, graded)


def test_replies_that_lack_something_or_misbehave_are_turned_away_with_a_reason(teacher_rows):
    wrong, rows = teacher_rows
    reasons = {item.row.sample.task_id: item.reason for item in rows.rejected if isinstance(item.row, Graded)}
    for category, (_, reason) in WRONG.items():
        assert reasons[wrong[category]] == reason
    assert [reasons[wrong[f"2 {name}"]] for name in ("bugfix", "complete", "unit_test")] == ["misbehaves"] * 3


def test_rows_shrink_to_the_proportions_when_replies_are_missing(sets, teacher_rows):
    by_id = {row.task_id: row.stratum for row in sets.train}
    _, rows = teacher_rows
    counts = Counter(by_id[row.task_id] for row in rows.examples)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert Counter(item.reason for item in rows.rejected)["surplus"] == 7 + 7 + 6 * 3 - len(rows.examples)


def test_with_a_teacher_spare_tasks_stand_in_for_refused_replies(sets):
    train = split_again(sets, 20, 5, spare=0.5).train
    spare = [row for row in train if row.grading_context.get("spare")]
    assert (len(train), Counter(row.stratum for row in spare)) == (30, dict.fromkeys(CATEGORIES, 2))
    refused = {row.task_id for row in train[:20] if row.stratum == "explain"}
    samples = [sample for sample in reference_samples(recipe(), train) if sample.task_id not in sorted(refused)[:2]]
    made = recipe().rows(train, grade(recipe(), train, samples))
    by_id = {row.task_id: row.stratum for row in train}
    assert Counter(by_id[row.task_id] for row in made.examples) == dict.fromkeys(CATEGORIES, 4)


def test_no_rows_at_all_is_said_with_numbers(sets):
    one = recipe()
    with pytest.raises(Shortage, match=r"docstring has 0 of 8 \(8 too few\), explain has 0") as error:
        one.rows(sets.train, [])
    assert Counter(item.reason for item in error.value.rejected) == {"no-reply": len(sets.train)}


def test_a_missing_reply_fails_with_its_category_unless_the_set_may_shrink(sets):
    tests = [row.task_id for row in sets.train if row.stratum == "unit_test"]
    samples = [item for item in reference_samples(recipe(), sets.train) if item.task_id != tests[0]]
    graded = grade(recipe(), sets.train, samples)
    with pytest.raises(Shortage, match=r"left for 40 rows: unit_test has 7 of 8 \(1 too few\)"):
        recipe().rows(sets.train, graded)
    rows = recipe(shortage="shrink").rows(sets.train, graded)
    assert len(rows.examples) == 39
    assert rows.notes == ["39 rows instead of 40, because unit_test has 7 of 8 (1 too few)"]


def test_a_fix_that_nobody_can_run_has_to_be_the_original(corpus):
    found = sets_of(
        corpus,
        {"train": 4, "evaluation": 2},
        unproven=True,
        shares={"bugfix": 1},
        outcomes=200,
        trials=300,
        exclude=["codes/check.py"],
    )
    rows = [*found.train, *found.evaluation]
    assert {row.grading_context["effect"] for row in rows} == {"unproven"}
    one, row = recipe(shares={"bugfix": 1}), next(row for row in rows if "    return" in row.reference)
    other = Sample(task_id=row.task_id, solution=row.reference.replace("return", "return 0 or"), model="t")
    graded = grade(one, [row], [other, *reference_samples(one, [row])])
    made = one.rows([row], graded)
    assert [item.score("behaviour") for item in graded] == [None, None]
    assert [item.reason for item in made.rejected] == ["not-the-original"]
    assert len(made.examples) == 1


def test_equal_replies_to_one_task_are_one_and_the_template_makes_none_equal(sets):
    rows = [row for row in sets.train if row.stratum == "complete"]
    one = recipe(shares={"complete": 1})
    doubled = [sample for sample in reference_samples(one, rows) for _ in range(2)]
    found = one.rows(rows, grade(one, rows, doubled))
    assert len(found.examples) == len(rows)  # all share their first hundred characters
    assert Counter(item.reason for item in found.rejected) == {"second": len(rows)}


def test_functions_that_differ_a_little_are_one_row(sets):
    row = next(row for row in sets.train if row.stratum == "docstring")
    twin = row.model_copy(update={"task_id": "docstring/twin"})
    one = recipe(shares={"docstring": 1}, shortage="shrink")
    found = one.rows([row, twin], grade(one, [row, twin], reference_samples(one, [row, twin])))
    assert len(found.examples) == 1
    assert [item.reason for item in found.rejected] == ["near-duplicate"]
