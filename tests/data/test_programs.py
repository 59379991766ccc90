"""The program taken from a sample, and what it does when it runs."""

import json
from typing import Any

import pytest

from codekiln.data.programs import program_of
from codekiln.data.records import Problem, Sample
from codekiln.data.replies import extract_code

PROMPT = 'from typing import List\n\n\ndef f(xs: List[int]) -> int:\n    """Add."""\n'
CODE = Problem(task_id="a", prompt=PROMPT, entry_point="f")
TEXT = Problem(task_id="a", prompt="Add the numbers.", entry_point="f")
WHOLE = "def f(xs: List[int]) -> int:\n    return sum(xs)\n"
BODY = "    return sum(xs)\n"
F = "`" * 3


def result(problem: Problem, **sample: str) -> object:
    names: dict[str, Any] = {}
    exec(program_of(problem, Sample(task_id="a", **sample)), names)  # noqa: S102
    return names["f"]([1, 2])


@pytest.mark.parametrize(
    "completion",
    [
        BODY,
        "\n" + BODY,
        WHOLE,
        PROMPT + BODY,
        f'    """\n    {F}\n    text\n    {F}\n    """\n{BODY}',
        f"{F}python\n{BODY}{F}",
        f"{F}python\n{WHOLE}{F}\n",
        f"Sure.\r\n{F}python\r\n{PROMPT}{BODY}{F}\r\nIt adds.\r\n",
        f"<think>\nSum?\n</think>\n{F}python\n{WHOLE}{F}",
        f"<think>\nSum?\n</think>\n{BODY}",
        f"Sum?\n</think>\n\n{F}python\n{WHOLE}{F}",
        f"{BODY}{F}\nThis adds the numbers.\n",
        f"Here is the function:\n\n{WHOLE}\nThis adds the numbers.\n",
        f"{F}python\nfrom __future__ import annotations\n{WHOLE}{F}",
        f"1. Define it:\n\n   {F}python\n   {WHOLE.replace(chr(10) + ' ', chr(10) + '    ')}   {F}\n",
        "\ufeff" + BODY,
        f'{BODY}\n\ndef g(y):\n    """Subtract."""\n    return y - 1\n\n\ndef h(z):\n    """ You are given',
        f"{BODY}\n\n{PROMPT}    return (",
        f"{BODY}\nassert f([1]) == 2\nn = int(input())\n",
        "total = sum(xs)\n    return total",
        "return sum(xs)",
        f"     return sum(xs)\n\ndef g(y):\n{BODY}",
        f"{F}python\ntotal = 0\nfor x in xs:\n    total += x\nreturn total\n{F}",
    ],
)
def test_completions_of_a_code_prompt(completion: str) -> None:
    assert result(CODE, completion=completion) == 3


def test_a_raw_continuation_is_not_touched() -> None:
    for body in (BODY, "\n    return 1  # <think>\n", f"    x = '''\n{F}\n'''\n    return 1\n", "    retrun 1\n", ""):
        assert program_of(CODE, Sample(task_id="a", completion=body)) == PROMPT + body
    # A prompt that ends in the middle of a line is continued there.
    cut = CODE.model_copy(update={"prompt": PROMPT.rstrip("\n")})
    assert program_of(cut, Sample(task_id="a", completion="\n" + BODY)) == cut.prompt + "\n" + BODY


PLAIN = WHOLE.replace(": List[int]", "")


@pytest.mark.parametrize(
    "text", [PLAIN, f"Sure.\n{F}python\n{PLAIN}{F}\nIt adds.", f"<think>no</think>\n{F}\n{PLAIN}{F}"]
)
def test_replies_to_a_text_prompt_stand_alone(text: str) -> None:
    assert result(TEXT, completion=text) == 3
    assert result(TEXT, solution=text) == 3
    assert program_of(TEXT, Sample(task_id="a", completion=text)) == extract_code(text) + "\n" * (text == PLAIN)


@pytest.mark.parametrize(
    "arguments", [{"filename": "f.py", "content": PLAIN}, {"lines": PLAIN.splitlines(), "new": None}]
)
def test_a_call_of_a_tool_as_bare_json_is_no_program_although_it_is_python(arguments: dict[str, Any]) -> None:
    for text in (json.dumps({"name": "write", "arguments": arguments}), json.dumps([arguments], indent=1)):
        for problem in (TEXT, CODE):
            assert result(problem, completion=text) == 3
            assert result(problem, solution=text) == 3


def test_python_that_begins_like_json_stays_as_it_is() -> None:
    script = "[print(int(line) * 2) for line in open(0)]"
    assert program_of(TEXT, Sample(task_id="a", solution=script)) == script
    assert program_of(TEXT, Sample(task_id="a", completion=script)) == script


def test_a_solution_stays_as_it_is_unless_it_is_a_reply() -> None:
    for solution in (WHOLE, "def f(:\n", "", "Sure, here it is.", f'"""\n{F}\ndef g(): ...\n{F}\n"""\n{WHOLE}'):
        assert program_of(CODE, Sample(task_id="a", solution=solution)) == solution
    assert program_of(TEXT, Sample(task_id="a", solution="\ufeffx = 1")) == "x = 1"


def test_a_reply_that_is_graded_as_text_stays_whole() -> None:
    problem = TEXT.model_copy(update={"reply": "text"})
    reply = f"\ufeff<think>x</think>\n{F}python\nx = 1\n{F}"
    assert program_of(problem, Sample(task_id="a", solution=reply)) == reply
    assert program_of(problem, Sample(task_id="a", completion=reply)) == reply


def test_a_thought_that_was_cut_off_gives_no_program() -> None:
    thought = f"<think>\nPerhaps\n{F}python\n{PLAIN}{F}\nor is it that"
    assert "return" not in program_of(TEXT, Sample(task_id="a", completion=thought))
