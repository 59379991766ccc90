"""The command ``generate`` with the embedded model."""

import json

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.data.prompts import messages
from codekiln.demo import problems

PROBLEM = problems("eval", count=1)[0]
PROMPT = messages(PROBLEM)[0].content


def call(*words: str, given: str = ""):
    return CliRunner().invoke(main, ["generate", "--max-new-tokens", "120", *words], input=given)


def test_a_prompt_gets_one_program_always_the_same():
    done = call(PROMPT)
    assert done.exit_code == 0, done.stderr
    assert f"def {PROBLEM.entry_point}(" in done.stdout
    assert call("-", given=PROMPT).stdout == done.stdout


def test_tests_decide_the_exit_code():
    test = PROBLEM.visible_tests[0]
    shown = f"assert {PROBLEM.entry_point}(*{test.call!r}) == "
    passes = call(PROMPT, "--test", f"{shown}{test.expect!r}")
    assert passes.exit_code == 0, passes.stdout
    assert passes.stdout.startswith("# prompt: passed, 1 of 1 tests\n")
    assert "1 of 1 programs pass; 1 of 1 problems are solved" in passes.stderr
    fails = call(PROMPT, "--test", f"{shown}'no'", "--json")
    assert fails.exit_code == 1
    [row] = json.loads(fails.stdout)
    assert (row["verdict"]["status"], row["task_id"]) == ("failed", "prompt")
    assert {"task_id", "solution", "model", "seed", "verdict"} <= set(row), "docs/command-line.md promises them"


def test_problems_of_a_file_are_asked_and_their_samples_kept(tmp_path):
    rows = [each.model_dump_json(by_alias=True) for each in problems("eval", count=2)]
    (tmp_path / "problems.jsonl").write_text("\n".join(rows))
    out = tmp_path / "samples.jsonl"
    done = call("--problems", str(tmp_path / "problems.jsonl"), "--n", "3", "--grade", "--out", str(out))
    assert done.exit_code in (0, 1), done.stderr
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        f"# tiny/eval/{number} ({copy} of 3)" for number in range(2) for copy in range(1, 4)
    ]
    samples = [json.loads(line) for line in out.read_text().splitlines()]
    assert len({sample["solution"] for sample in samples}) > 2, "with --n they are drawn, not the likeliest thrice"


@pytest.mark.parametrize("words", [(), ("--model", "tinny", "x"), ("x", "--grade"), ("--problems", "no.jsonl")])
def test_mistakes_end_with_two_and_no_traceback(words):
    done = call(*words)
    assert done.exit_code == 2
    assert "fix:" in done.stderr
    assert "Traceback" not in done.output
