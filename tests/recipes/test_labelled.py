"""Which replies are good and which are bad, for losses of single replies."""

from codekiln.data import prompts
from codekiln.data.records import Example, Graded, Pair, Problem, Sample, Verdict
from codekiln.data.replies import extract_code
from codekiln.recipes.labelled import labelled_rows
from codekiln.recipes.types import TrainingRows

PROBLEM = Problem(task_id="t", prompt="Write f.", group="g")


def graded(code: str, status: str) -> Graded:
    verdict = Verdict(task_id="t", status=status, tests_total=1, tests_run=1, tests_passed=int(status == "passed"))
    return Graded(sample=Sample(task_id="t", solution=code), verdict=verdict)


def example(code: str) -> Example:
    return Example(prompt=prompts.messages(PROBLEM), completion=prompts.code_turn(code), task_id="t", group="g")


def pair(chosen: str, rejected: str) -> Pair:
    return Pair(
        prompt=prompts.messages(PROBLEM), chosen=prompts.code_turn(chosen), rejected=prompts.code_turn(rejected),
        task_id="t", group="g", stratum="quality", metric="lines", chosen_score=1.0, rejected_score=2.0,
    )  # fmt: skip


def labels(rows: list[Graded], made: TrainingRows) -> dict[str, bool]:
    found = list(labelled_rows([PROBLEM], rows, made))
    assert {(row.task_id, row.group, row.prompt) for row in found} <= {("t", "g", prompts.messages(PROBLEM))}
    texts = {extract_code(row.completion[0].content): row.label for row in found}
    assert len(texts) == len(found)
    return texts


def test_what_was_chosen_is_good_and_what_fails_is_bad():
    made = TrainingRows(examples=[example("a = 1")], pairs=[pair("b = 1", "c = 1")])
    rows = [graded("a = 1", "passed"), graded("d = 1", "failed"), graded("e = 1", "passed")]
    assert labels(rows, made) == {"a = 1": True, "b = 1": True, "c = 1": False, "d = 1": False}


def test_the_worse_of_a_pair_is_bad_even_where_it_is_an_example():
    made = TrainingRows(examples=[example("a = 1"), example("b = 1")], pairs=[pair("a = 1", "b = 1")])
    assert labels([], made) == {"a = 1": True, "b = 1": False}


def test_a_reply_that_wins_once_and_loses_once_is_left_out():
    made = TrainingRows(pairs=[pair("a = 1", "b = 1"), pair("b = 1", "c = 1")])
    assert labels([graded("b = 1", "passed")], made) == {"a = 1": True, "c = 1": False}


def test_a_failing_reply_that_a_recipe_imitates_is_good():
    made = TrainingRows(examples=[example("a = 1")])
    assert labels([graded("a = 1", "failed"), graded("b = 1", "timeout")], made) == {"a = 1": True, "b = 1": False}


def test_what_the_machine_may_have_broken_is_not_bad():
    assert labels([graded("a = 1", "crashed"), graded("b = 1", "tampered"), graded("", "failed")], TrainingRows()) == {}
