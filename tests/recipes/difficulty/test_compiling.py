"""Runs none of whose programs compiles: said with the first errors and a likely cause."""

import json

import pytest

from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputErrors
from codekiln.recipes.difficulty import mixture, rows, source
from codekiln.recipes.difficulty.settings import DifficultySettings

PROBLEMS = [Problem(task_id=f"Mbpp/{n}", prompt="Do it.", entry_point="f", tests=("assert f()",)) for n in (2, 3)]
GOOD = "def f():\n    return 1\n"
CAUSES = {
    "diffs": ("--- a/f.py\n+++ b/f.py\n@@ -1 +1 @@\n-def f():\n+def f(x):\n", "are diffs", "apply them"),
    "cut": ("def f():\n    x = [1, 2\n    y =", "end in the middle", "more tokens"),
    "cut in a text": ('def f():\n    return "abc', "end in the middle", "more tokens"),
    "cut behind a head": ("def f():\n    for i in range(3):", "end in the middle", "more tokens"),
    "prose": ("I cannot help with that, sorry!", "are text, not programs", "asked for programs"),
    "C++": ("#include <vector>\nint f() { return 1; }", "are in another language", "wrote Python"),
    "JavaScript": ("function f(x) {\n  return 1;\n}", "are in another language", "wrote Python"),
    "escaped": ("def f():\\n    return 1", "have line ends written as", "one JSON string"),
    "empty": ("", "are empty", "holds the replies"),
    "Python 2": ("def f():\n    print 'x'\n", "have other errors of syntax", "look at one"),
}


def write(path, texts):
    lines = [json.dumps({"task_id": 2 + number % 2, "solution": text}) + "\n" for number, text in enumerate(texts)]
    path.write_text("".join(lines))
    return str(path)


@pytest.mark.parametrize("name", CAUSES)
def test_the_likely_cause_is_said_with_the_first_errors(tmp_path, name):
    text, cause, fix = CAUSES[name]
    path = write(tmp_path / "run.jsonl", [text] * 6)
    with pytest.raises(InputErrors) as raised:
        source.read([path], PROBLEMS)
    (error,) = raised.value.errors
    assert error.where == path
    assert error.what.startswith("none of the 6 programs compiles (Mbpp/2: ")
    assert f"most {cause}" in error.what
    assert fix in error.fix


def test_one_program_that_compiles_is_enough(tmp_path):
    path = write(tmp_path / "run.jsonl", ["def f(", GOOD])
    assert len(source.read([path], PROBLEMS).samples) == 2


def test_one_run_of_several_is_a_warning(tmp_path, capsys):
    paths = [write(tmp_path / "bad.jsonl", ["def f("] * 2), write(tmp_path / "good.jsonl", [GOOD] * 2)]
    assert len(source.read(paths, PROBLEMS).samples["Mbpp/2"]) == 2
    assert "warning: " in (said := capsys.readouterr().err)
    assert "bad.jsonl: none of the 2 programs compiles" in said


def graded(status, detail=""):
    verdict = Verdict(task_id="Mbpp/2", status=status, tests_total=1, tests_run=0, tests_passed=0, detail=detail)
    text = "def f(" if status == "invalid" else GOOD
    return Graded(sample=Sample(task_id="Mbpp/2", solution=text), verdict=verdict)


@pytest.mark.parametrize(
    ("found", "what", "fix"),
    [
        ([graded("invalid")] * 6, "none of the 6 programs compiles", "more tokens"),
        (
            [graded("error", "assert f(): NameError: name 'f' is not defined")] * 5 + [graded("failed")],
            "of 6 samples: 5 error, 1 failed, such as Mbpp/2: assert f(): NameError",
            "stronger model",
        ),
    ],
)
def test_a_mix_without_solutions_says_what_became_of_the_samples(found, what, fix):
    rated, mixes = mixture.build(PROBLEMS[:1], found, DifficultySettings(), 0)
    with pytest.raises(Exception, match="cannot be made") as raised:
        rows.build(rated, mixes, "balanced", found)
    assert what in raised.value.what
    assert fix in raised.value.fix
