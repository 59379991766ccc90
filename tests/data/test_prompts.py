from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.prompts import code_turn, extract_code, messages
from codekiln.data.records import CallTest, Problem

PROBLEM = Problem(
    task_id="a", prompt="Add one.", entry_point="f", visible_tests=(CallTest(call=[1], expect=2),),
    tests=("assert f(41) == 42", CallTest(call=[7], expect=8)),
)  # fmt: skip


def test_a_prompt_shows_visible_tests_only():
    text = messages(PROBLEM)[0].content
    assert "assert f(1) == 2" in text
    assert "41" not in text
    assert "7" not in text


def test_the_first_of_several_fences_is_not_all():
    reply = "Here:\n```python\nimport math\n```\nand\n```\ndef f(x):\n    return x\n```\n```bash\nls\n```"
    assert extract_code(reply) == "import math\ndef f(x):\n    return x"


def test_an_unclosed_fence_is_code_to_the_end():
    assert extract_code("```python\ndef f():\n    return 1") == "def f():\n    return 1"


def test_a_reply_without_a_fence_is_code():
    assert extract_code("\ndef f():\n    return 1\n") == "def f():\n    return 1"


@given(st.text(alphabet="ab :=()\n\t'\"#é", max_size=60))
def test_code_comes_back_as_it_was_given(code):
    assert extract_code(code_turn(code)[0].content) == code.strip("\n")
