from codekiln.data.prompts import messages
from codekiln.data.records import CallTest, Problem, ReferenceTest

PROBLEM = Problem(
    task_id="a", prompt="Add one.", entry_point="f", visible_tests=(CallTest(call=[1], expect=2),),
    tests=("assert f(41) == 42", CallTest(call=[7], expect=8)),
)  # fmt: skip


def test_a_prompt_shows_visible_tests_only():
    text = messages(PROBLEM)[0].content
    assert "assert f(1) == 2" in text
    assert "41" not in text
    assert "7" not in text


def test_reference_inputs_are_never_shown():
    problem = PROBLEM.model_copy(update={"visible_tests": (ReferenceTest(inputs=("[41]",)),)})
    assert messages(problem)[0].content == "Add one."
