import pytest

from codekiln.errors import InputError
from codekiln.stages.serving.client import Answer
from codekiln.stages.serving.smoke import DEFAULT, SmokePrompt, SmokeTest, read_smoke_test, smoke_test
from tests.stages.serving.conftest import TEST, program

# They share a registry that takes seconds to make.
pytestmark = pytest.mark.xdist_group("serving")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("   ", "the answer is empty"),
        ("I would rather not.", "no program that Python parses: 'I would rather not.'"),
        ("```python\ndef f(:\n    return\n```", "no program that Python parses"),
        ("```python\ndef f():\n    return '" + "a" * 500, "it was cut off at 512 tokens"),
        (program(1), None),
    ],
    ids=["empty", "prose", "syntax", "cut", "right"],
)
def test_the_smoke_test_says_what_is_wrong(served, answer, why):
    served.vllm.adapters["m"] = ("/m", answer)
    wrong = smoke_test(served.server, "m", TEST)
    assert bool(wrong) == bool(why)
    assert not why or (wrong[0].startswith("'Write f().': ") and why in wrong[0])


def test_an_answer_of_another_model_is_none(served, monkeypatch):
    monkeypatch.setattr(served.server, "ask", lambda model, prompt, length: Answer("tiny", "x = 1", True))
    assert smoke_test(served.server, "m", TEST)[0] == "'Write f().': tiny has answered in its place"


def test_without_prompts_of_ones_own_one_program_is_enough(served, monkeypatch):
    def ask(model, prompt, length):
        return Answer(model, program(1) if prompt == DEFAULT.prompts[0].prompt else answer, True)

    monkeypatch.setattr(served.server, "ask", ask)
    answer = "No."
    assert smoke_test(served.server, "m", DEFAULT) == []
    assert len(smoke_test(served.server, "m", SmokeTest(DEFAULT.prompts))) == len(DEFAULT.prompts) - 1
    answer = ""
    assert len(smoke_test(served.server, "m", DEFAULT)) == len(DEFAULT.prompts) - 1


def test_prompts_are_read_from_a_file(tmp_path):
    path = tmp_path / "smoke.jsonl"
    path.write_text('{"prompt": "a"}\n\n{"prompt": "b", "program": false, "max_tokens": 5}\n')
    prompts = (SmokePrompt(prompt="a"), SmokePrompt(prompt="b", program=False, max_tokens=5))
    assert read_smoke_test(path) == SmokeTest(prompts)
    assert read_smoke_test(None) is DEFAULT


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no prompts"),
        ("a\n", "smoke.jsonl:1: Invalid JSON"),
        ('{"prompt": "a"}\n{"prompt": ""}', "smoke.jsonl:2.prompt"),
        ('{"prompt": "a", "n": 2}', "smoke.jsonl:1.n"),
        ("\udcff", "not UTF-8"),
        (None, "no such file"),
    ],
)
def test_a_file_that_has_no_prompts_is_refused(tmp_path, text, why):
    path = tmp_path / "smoke.jsonl"
    if text is not None:
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=why):
        read_smoke_test(path)
