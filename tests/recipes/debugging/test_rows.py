"""Correct replies become rows; others are rejected with their first fault."""

from codekiln.data.records import Sample
from codekiln.recipes.debugging.tags import read_reply
from tests.recipes.debugging.making import grade, recipe


def test_known_replies_are_right_and_become_rows(made):
    made_by, sets, everything = made
    assert all(row.verdict.passed for row in everything.graded)
    assert {row.verdict.detail for row in everything.graded} == {""}
    assert everything.rows.rejected == []
    assert len(everything.rows.examples) == len(sets.train)
    for example, problem in zip(everything.rows.examples, sets.train, strict=True):
        assert (example.prompt, example.group) == (problem.messages, problem.group)
        assert example.completion[0].content == problem.reference
    engine = grade(made_by, sets.evaluation, made_by.references(sets.evaluation)["engine"])
    assert all(row.verdict.passed and {score.value for score in row.scores} == {1.0} for row in engine)
    assert {score.metric for score in engine[0].scores} == {measure.name for measure in made_by.measures}


def test_a_wrong_reply_is_rejected_with_its_reason_and_kept(made):
    """A teacher's replies go the same way as a model's: nothing becomes a row that the proof does not bear out."""
    made_by, sets, _ = made
    problem, other, third = sets.train[:3]
    known = read_reply(problem.reference)
    moved = problem.reference.replace(f"Line {known.lines[0]}:", "Line 77:").replace(
        f"<error-location>{known.lines[0]}<", "<error-location>77<"
    )
    texts = [("", "malformed"), (other.reference, ""), (moved, "wrong-line"), (problem.reference, "")]
    samples = [Sample(task_id=problem.task_id, solution=text, model="teacher") for text, _ in texts]
    samples += [Sample(task_id=other.task_id, solution=other.reference)] * 2
    rows = made_by.rows([problem, other, third], grade(made_by, sets.train, samples))
    assert [example.task_id for example in rows.examples] == [problem.task_id, other.task_id]
    reasons = [item.reason for item in rows.rejected]
    assert (reasons[0], reasons[2:]) == ("malformed", ["wrong-line", "repeated", "no-reply"])
    assert reasons[1] not in ("", "malformed")
    assert rows.rejected[0].row.sample.model == "teacher"


def test_no_more_replies_of_one_request_than_asked_for(made):
    made_by, sets, _ = made
    problem = sets.train[0]
    thinking = problem.reference.replace("<root>", "<root>\n<thinking>well</thinking>")
    samples = [Sample(task_id=problem.task_id, solution=text) for text in (problem.reference, thinking)]
    graded = grade(made_by, sets.train, samples)
    assert [item.reason for item in made_by.rows([problem], graded).rejected] == ["enough"]
    assert len(recipe(replies_per_request=2).rows([problem], graded).examples) == 2


def test_two_requests_of_the_same_words_do_not_become_the_same_row(made):
    made_by, sets, _ = made
    problem = sets.train[0]
    again = problem.model_copy(update={"task_id": "debugging/again/1"})
    samples = [Sample(task_id=row.task_id, solution=problem.reference) for row in (problem, again)]
    rows = made_by.rows([problem, again], grade(made_by, [problem, again], samples))
    assert [example.task_id for example in rows.examples] == [problem.task_id]
    assert [(item.reason, item.row.sample.task_id) for item in rows.rejected] == [("repeated", again.task_id)]
