import json

import pytest

from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.stages import prompting
from codekiln.stages.named_model import NamedModel

RIGHT, WRONG = "```python\ndef f(x):\n    return x + 1\n```", "```python\ndef f(x):\n    return x\n```"
PROBLEMS = [
    Problem(
        task_id=str(number),
        prompt=f"Write f, variant {number}.",
        entry_point="f",
        tests=(f"assert f({number}) == {number + 1}",),
    )
    for number in range(3)
]
TINY = NamedModel("tiny", "tiny")


class Generator:
    """Replies as the real one does, without weights; dies at the problem whose number is given."""

    asked: list[str]
    dies_at = None

    def __init__(self, base, adapter, revision, **options):
        self.model = (base, adapter, revision)

    def generate(self, conversations, sampling):
        for number, turns in enumerate(conversations):
            if number == Generator.dies_at:
                raise KeyboardInterrupt
            Generator.asked.append(turns[0].content)
            yield [RIGHT, WRONG][: sampling.n]


@pytest.fixture(autouse=True)
def generator(monkeypatch):
    Generator.asked, Generator.dies_at = [], None
    monkeypatch.setattr("codekiln.inference.local.LocalGenerator", Generator)
    monkeypatch.setenv("CODEKILN_VERDICT_CACHE", "off")


def write(out=None, graded=False, **sampling):
    return prompting.write_programs(TINY, PROBLEMS, Sampling(n=2, **sampling), out=out, graded=graded)


def test_each_problem_gets_n_programs_and_verdicts_in_order():
    written = write(graded=True)
    assert [each.sample.task_id for each in written] == ["0", "0", "1", "1", "2", "2"]
    assert [each.passed for each in written] == [True, False] * 3
    assert written[0].sample.solution == "def f(x):\n    return x + 1"
    assert {each.sample.model for each in written} == {"tiny"}
    assert not any(each.passed for each in write())


def test_an_interrupted_call_is_continued_and_leaves_only_the_samples(tmp_path):
    out = tmp_path / "new" / "samples.jsonl"
    Generator.dies_at = 2
    with pytest.raises(KeyboardInterrupt):
        write(out)
    assert not out.exists()
    Generator.dies_at = None
    write(out)
    assert [text.split()[-1] for text in Generator.asked] == ["0.", "1.", "2."]
    assert len({json.loads(line)["task_id"] for line in out.read_text().splitlines()}) == 3
    assert [path.name for path in out.parent.iterdir()] == ["samples.jsonl"]


def test_two_calls_at_once_do_not_write_one_file(tmp_path, monkeypatch):
    out = tmp_path / "samples.jsonl"

    def solve(*words):
        with pytest.raises(InputError, match="another run is writing it"):
            write(out)
        return original(*words)

    original = prompting._solve
    monkeypatch.setattr(prompting, "_solve", solve)
    write(out)
    assert len(out.read_text().splitlines()) == 6


def test_another_call_continues_nothing_of_it(tmp_path):
    out = tmp_path / "samples.jsonl"
    Generator.dies_at = 2
    with pytest.raises(KeyboardInterrupt):
        write(out)
    Generator.dies_at = None
    write(out, seed=1)
    assert len(Generator.asked) == 2 + 3


def test_a_file_that_exists_is_not_overwritten(tmp_path):
    out = tmp_path / "samples.jsonl"
    out.write_text("mine")
    with pytest.raises(InputError, match="exists already"):
        write(out)
    assert out.read_text() == "mine"
    assert not Generator.asked


@pytest.mark.parametrize(
    ("prompt", "source", "tests", "graded", "what"),
    [
        ("", "", (), False, "nothing to ask"),
        (" \n", "", (), False, "nothing to ask"),
        ("Write f.", "x.jsonl", (), False, "both a prompt and problems"),
        ("", "x.jsonl", ("assert f(1)",), False, "goes with a prompt"),
        ("Write f.", "", (), True, "has no tests to grade by"),
    ],
)
def test_mistakes_are_said_before_a_model_is_loaded(prompt, source, tests, graded, what):
    with pytest.raises(InputError, match=what) as refused:
        prompting.read_prompts(prompt, source, tests, graded=graded)
    assert refused.value.fix


def test_a_prompt_with_tests_is_a_problem():
    [problem] = prompting.read_prompts(" Write f. ", "", ("assert f(1) == 2",), graded=True)
    assert (problem.prompt, problem.tests) == ("Write f.", ("assert f(1) == 2",))
