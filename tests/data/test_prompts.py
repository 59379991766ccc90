import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.prompts import code_turn, extract_code, messages
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


F = "`" * 3
RIGHT = "def f(x):\n    return x + 1\n"
WRONG = "def f(x):\n    return x - 1\n"


@pytest.mark.parametrize(
    "reply",
    [
        # thoughts
        f"<think>\nFirst:\n{F}python\n{WRONG}assert f(1) == 2\n{F}\nNo.\n</think>\n{F}python\n{RIGHT}{F}\n",
        f"First:\n{F}python\n{WRONG}{F}\nNo.\n</think>\n\n{F}python\n{RIGHT}{F}\n",
        f"First:\n{F}python\n{WRONG}\nNo.\n</think>\n\n{F}python\n{RIGHT}{F}\n",
        f"<think></think>{RIGHT}",
        f"<think>\n</think>\n\n<think>again</think>\n{RIGHT}",
        f"<thinking>{WRONG}</thinking>{F}python\n{RIGHT}{F}",
        f"Let me see.\n<think>\n{F}python\n{WRONG}{F}\n</think>\n{F}python\n{RIGHT}{F}",
        # fences that models write
        f"{RIGHT}{F}\n",
        f"{RIGHT}{F}\nThis adds one.\n",
        f"{RIGHT}{F}\nUse it so:\n{F}python\nprint(f(1)\n{F}\n",
        f"Sure.\n{F}Python\n{RIGHT}{F}\nIt adds one.",
        f"{F}python3.11\n{RIGHT}{F}",
        f'{F}py title="f.py"\n{RIGHT}{F}',
        f"{F}{{.python .numberLines}}\n{RIGHT}{F}",
        f"{F} python \n{RIGHT}{F}  \n",
        f"~~~python\n{RIGHT}~~~\n",
        f"{F}`python\n{RIGHT}{F}`\n",
        f"{F}python\n{RIGHT}",
        f"> Quoted:\n> {F}python\n> def f(x):\n>     return x + 1\n> {F}\n",
        # in lists
        f"1. Define it:\n\n   {F}python\n   def f(x):\n       return x + 1\n   {F}\n\n2. Done.\n",
        f"* {F}python\n  def f(x):\n      return x + 1\n  {F}\n",
        f"1. Define it:\n\n\t{F}python\n\tdef f(x):\n\t    return x + 1\n\t{F}\n",
        f"  {F}python\n{RIGHT}  {F}\n",
        f"1.\n   {F}python\n   import math\n   {F}\n2.\n\n   {F}\n   def f(x):\n       return x + 1\n   {F}\n",
        # blocks that are no program
        f"{F}bash\npip install x\n{F}\n{F}python\n{RIGHT}{F}\n",
        f"{F}\npip install x\n{F}\n{F}python\n{RIGHT}{F}\n",
        f"{F}python\n{RIGHT}{F}\nOutput:\n{F}\nhello\n{F}\n",
        f"{F}\n{RIGHT}{F}\nOutput:\n{F}\n2 is printed\n{F}\n",
        f"The signature is\n{F}python\ndef f(x):\n{F}\nand so\n{F}python\n{RIGHT}{F}\n",
        f"{F}python\n{RIGHT}{F}\nThen\n{F}python\n>>> f(1)\n2\n{F}\n",
        # prose without fences
        f"Here is the function:\n\n{RIGHT}\nThis adds one to x.\n",
        f"{RIGHT}\nNote that it adds one.\n- It is short.\n",
        f'Here it is:\n\nFIX = """\nAdd.\n"""\n\n{RIGHT}\nThis adds one.\n',
        f"**Solution**\n\n{RIGHT}\n**Explanation**: It adds one.\n",
        f"{RIGHT}\nExplanation: this adds one.\n",
        f"{F}python\n{RIGHT.rstrip()}{F}\n",
        RIGHT,
    ],
)
def test_the_program_in_a_reply(reply):
    for text in (reply, reply.replace("\n", "\r\n"), "\ufeff" + reply):
        names = {}
        exec(extract_code(text), names)  # noqa: S102
        assert names["f"](1) == 2


@pytest.mark.parametrize(
    "code",
    [
        f'def f():\n    """Doc.\n\n    {F}\n    f()\n    {F}\n    """\n    return 1',
        f'TEXT = """\n{F}\nx\n{F}\n"""',
        f'TEXT = """\n{F}python\nx\n{F}\n"""\nMORE = 1',
        'def f(text):\n    return text.split("</think>")[-1]',
        'def f(text):\n    """Drop what stands before </think> in a text."""\n    return text',
        'TEXT = """\n<think>\nx\n</think>\n"""',
        "x = 1  # Here is a comment: Yes",
        'TEXT = """\nHere is text.\n"""',
        "Counter = dict\nX = 3",
        "def broken(:",
    ],
)
def test_a_program_is_taken_whole(code):
    assert extract_code(f"{F}python\n{code}\n{F}\n") == code
    assert extract_code(f"Sure:\n\n{F}python\n{code}\n{F}\n\nThat is all.") == code
    if F not in code:
        assert extract_code(code) == code


def test_a_thought_that_was_cut_off_is_no_answer():
    thought = f"<think>\nPerhaps\n{F}python\n{RIGHT}{F}\nor is it that"
    assert "return" not in extract_code(thought)


def test_the_body_of_a_function_keeps_its_indentation():
    body = "    y = x + 1\n    return y"
    assert extract_code(f"{F}python\n{body}\n{F}") == body
    assert extract_code(f"{body}\n{F}\nThis adds one.") == body
    assert extract_code(f"{body}\n") == body


def test_prose_alone_is_left_as_it_is():
    for text in ("I cannot do that.", "Sure", "Sure\n\nHere you go", " Sure", f"No code:\n{F}\nnone at all\n{F}x"):
        assert extract_code(text) == (text if F not in text else "none at all\n" + F + "x")


def test_hostile_replies_take_linear_time():
    started = time.process_time()
    for reply in (
        f"{F}\n" * 20_000, f"{F}python\n(\n{F}\n" * 3_000, "<think>\n" * 20_000, "</think>\n" * 20_000,
        "Here is it.\n" * 20_000 + "x = (", "> " * 20_000, "1. " * 20_000,
    ):  # fmt: skip
        extract_code(reply)
    assert time.process_time() - started < 10


def test_reference_inputs_are_never_shown():
    problem = PROBLEM.model_copy(update={"visible_tests": (ReferenceTest(inputs=("[41]",)),)})
    assert messages(problem)[0].content == "Add one."
