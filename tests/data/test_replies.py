"""From replies to programs: the forms of `reply_forms`, and what is no form of them."""

import contextlib
import io
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.data.prompts import code_turn
from codekiln.data.replies import extract, extract_code
from tests.data.reply_forms import DEFINING, READING, RIGHT, WRONG, F, block

FORMS = {"LF": str, "CRLF": lambda text: text.replace("\n", "\r\n"), "BOM": lambda text: "\ufeff" + text}


def run(code: str, name: str = "program") -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": name}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, names)  # noqa: S102
    return names | {"printed": printed.getvalue()}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", DEFINING)
def test_the_program_that_defines_the_entry_point(name, form):
    assert run(extract_code(FORMS[form](DEFINING[name]), "f"))["f"](1) == 2


@pytest.mark.parametrize("name", READING)
def test_the_program_that_reads_its_input(name, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("3\n"))
    assert run(extract_code(READING[name]), "__main__")["printed"] == "4\n"


def test_there_are_enough_forms():
    assert len(set(DEFINING.values()) | set(READING.values())) == len(DEFINING) + len(READING) > 100


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (RIGHT, "whole"),
        (block(WRONG) + block(RIGHT), "entry-point"),
        (block("print(1)") + block("print(2)"), "blocks"),
        (block("print(input())") + block("print(input() * 2)"), "input"),
        ("Here it is:\n\nprint(1)\n", "prose"),
        ("I cannot do that.", "none"),
        ("<think>\n" + block(RIGHT), "none"),
        ("<seed:think>\n" + block(RIGHT) + "but", "none"),
        ("<|channel>thought\n" + block(RIGHT), "none"),
        ("analysisWe could\n" + block(RIGHT) + "but", "none"),
    ],
)
def test_a_reply_says_which_rule_chose(reply, rule):
    assert extract(reply, "f").rule == rule


def test_a_definition_that_does_not_compile_is_the_answer_all_the_same():
    broken = "def f(x:\n    return x"
    assert extract_code(f"{block(broken)}Test it:\n{block('assert g(1) == 2')}", "f") == broken


def test_only_what_tries_a_program_out_and_stops_it_is_left_out():
    kept = f"import sys\n\nsys.setrecursionlimit(9999)\n{RIGHT}\nassert sys.version_info > (3,)\nprint(f(1))"
    assert extract_code(block(kept), "f") == kept
    tried = f"{RIGHT}\n# Read a number.\nn = int(input())\nprint(f(n))"
    assert extract_code(block(tried), "f") == RIGHT.strip()
    for code in (extract_code(block(tried)), extract_code(block(tried), "f", is_script=True)):
        assert code == tried


def test_without_an_entry_point_blocks_are_joined():
    reply = f"Here:\n{block('import math')}and\n{block(RIGHT, '')}{block('ls', 'bash')}"
    assert extract_code(reply) == f"import math\n{RIGHT.rstrip()}"


def test_methods_and_conditional_definitions_define_the_entry_point():
    method = "class Solution:\n    def f(self, x):\n        return x"
    assert extract_code(block(method) + block("print(Solution().f(1))"), "f") == method
    guarded = "try:\n    from fast import f\nexcept ImportError:\n    def f(x):\n        return x"
    assert extract_code(block(guarded) + block("print(f(1))"), "f") == guarded
    named = "f = lambda x: x + 1"
    assert extract_code(block(named) + block("print(f(1))"), "f") == named


@given(st.text(alphabet="ab :=()\n\t'\"#é", max_size=60))
def test_code_comes_back_as_it_was_given(code):
    assert extract_code(code_turn(code)[0].content) == code.strip("\n")


@pytest.mark.parametrize(
    "code",
    [
        f'def f():\n    """Doc.\n\n    {F}\n    f()\n    {F}\n    """\n    return 1',
        f'TEXT = """\n{F}\nx\n{F}\n"""',
        f'TEXT = """\n{F}python\nx\n{F}\n"""\nMORE = 1',
        f'TEXT = """\n{F} and more\n"""\nMORE = 1',
        'def f(text):\n    return text.split("</think>")[-1]',
        'def f(text):\n    """Drop what stands before </think> in a text."""\n    return text',
        'TEXT = """\n<think>\nx\n</think>\n"""',
        'END = "<|im_end|>"\nMORE = "</s>"',
        'TEXT = """\n<code>\nx = 1\n</code>\n"""',
        "x = 1  # Here is a comment: Yes",
        'TEXT = """\nHere is text.\n"""',
        "Counter = dict\nX = 3",
        "def broken(:",
    ],
)
@pytest.mark.parametrize("entry_point", [None, "f"])
def test_a_program_is_taken_whole(code, entry_point):
    assert extract_code(f"{F}python\n{code}\n{F}\n", entry_point) == code
    assert extract_code(f"Sure:\n\n{F}python\n{code}\n{F}\n\nThat is all.", entry_point) == code
    assert extract_code(code, entry_point) == code


def test_a_thought_that_was_cut_off_is_no_answer():
    thought = f"<think>\nPerhaps\n{block(RIGHT)}or is it that"
    channel = f"<|channel|>analysis<|message|>Perhaps\n{block(RIGHT)}"
    for reply in (thought, channel):
        assert extract_code(reply) == extract_code(reply, "f") == ""


def test_the_body_of_a_function_keeps_its_indentation():
    body = "    y = x + 1\n    return y"
    for entry_point in (None, "f"):
        assert extract_code(f"{F}python\n{body}\n{F}", entry_point) == body
        assert extract_code(f"{body}\n{F}\nThis adds one.", entry_point) == body
        assert extract_code(f"{body}\n", entry_point) == body


def test_prose_alone_is_left_as_it_is():
    for text in ("I cannot do that.", "Sure", "Sure\n\nHere you go", " Sure", f"No code:\n{F}\nnone at all\n{F}x"):
        assert extract_code(text) == (text if F not in text else "none at all\n" + F + "x")


@pytest.mark.parametrize("entry_point", [None, "f"])
def test_hostile_replies_take_linear_time(entry_point):
    started = time.process_time()
    for reply in (
        f"{F}\n" * 20_000, f"{F}python\n(\n{F}\n" * 3_000, "<think>\n" * 20_000, "</think>\n" * 20_000,
        "Here is it.\n" * 20_000 + "x = (", "> " * 20_000, "1. " * 20_000, "<code>\n" * 20_000, f"{F} x\n" * 20_000,
        f"{F}python\n" * 5_000, "`" * 20_000, "` a" * 20_000, "<|im_end|>" * 20_000, ">>> x\n" * 5_000 + "(",
        "def f(x):\n" * 20_000, block("g = f") * 500, "<code></code>" * 5_000,
        "<|box|>" * 20_000, block("cat << A\n" * 9_000), block("<<<<<<< SEARCH\n" * 9_000), "<a>\n" * 20_000 + "</a>",
        '{"a": "' * 9_000, "Final answer:\n" * 9_000, block("x: |\n" * 9_000, "yaml"), ",\n" * 9_000,
        block(RIGHT + "assert f(1)\n" * 1_000), block(RIGHT + "print(input())\n" + "f\n" * 1_000 + "#\n" * 9_000),
        block(RIGHT + "a0 = input()\n" + "".join(f"a{n + 1} = a{n}\n" for n in range(1_000))),
        f"{F}python\n{RIGHT}" + "if f:\n" * 5_000,
        "<pre><code>" * 5_000 + "</code>" * 5_000, block("TEXT = \"\"\"\n" + "<|im_end|>\n" * 5_000 + "\"\"\""),
        "".join(block(f"f{number} = f{number + 1}") for number in range(1_000)) + block("f = f0"),
    ):  # fmt: skip
        extract_code(reply, entry_point)
    assert time.process_time() - started < 15
