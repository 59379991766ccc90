"""References pass, bugs fail, and every measure has a value where it can."""

from codekiln.data.records import Sample
from codekiln.recipes.corpus_tasks.reply_parser import fenced
from tests.recipes.corpus_tasks.helpers import (
    KIND,
    grade,
    recipe,
    reference_samples,
)


def test_every_reference_would_be_taken_and_every_bug_refused(sets):
    one, problems = recipe(), [*sets.train, *sets.evaluation]
    for item in grade(one, problems, reference_samples(one, problems)):
        assert item.verdict.passed
        assert item.score("behaviour") in (1.0, None)
        assert item.score("style_score") > 0.7
    bugged = [Sample(task_id=row.task_id, solution=f"The bug is fixed now.\n{fenced(row.grading_context['shown'])}")
              for row in problems if row.stratum == "bugfix"]  # fmt: skip
    assert {(item.verdict.status, item.score("behaviour")) for item in grade(one, problems, bugged)} == {
        ("failed", 0.0)
    }


def test_behaviour_has_a_value_exactly_where_something_can_be_run(sets):
    one = recipe()
    for item in grade(one, sets.evaluation, reference_samples(one, sets.evaluation)):
        is_run = item.sample.task_id.split("/")[0] in ("bugfix", "complete", "unit_test")
        assert (item.score("behaviour") is None) is not is_run
        assert {score.metric for score in item.scores} == {measure.name for measure in KIND.measures}
