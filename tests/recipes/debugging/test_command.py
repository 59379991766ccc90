"""One exercise for one educator: what is printed is right, and what cannot be is said."""

import ast
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from codekiln.cli import Commands, exercise_command
from codekiln.errors import InputError, ModelError
from codekiln.recipes.debugging import command
from codekiln.recipes.debugging.command import make_exercise
from codekiln.recipes.debugging.grading import grade_replies
from tests.recipes.debugging.making import LIMITS, MATERIAL, PROGRAM, edited, reply, task

STDINS = list(MATERIAL.stdins)
GOOD = reply(edited(("range(count):", "range(count)")), (5, "The colon is missing."))


def make(program=PROGRAM, stdins=STDINS, **counts):
    options = {key: counts.pop(key) for key in ("seed", "calls", "adapter", "tries") if key in counts}
    return make_exercise(program, counts.pop("description", "Print the bill."), counts, stdins, **options)


def test_the_engine_makes_exactly_what_was_asked():
    made = make(syntax=1, logical=2)
    assert [item.error for item in made.solutions].count("logical") == 2
    assert [item.line for item in made.solutions] == sorted(item.line for item in made.solutions)
    text = reply(made.bugged, *((item.line, item.explanation) for item in made.solutions))
    assert grade_replies([(task(1, 0, 2), text)], limits=LIMITS)[0].passed
    assert (
        make(syntax=1, runtime=1).bugged == make(syntax=1, runtime=1).bugged != make(syntax=1, runtime=1, seed=5).bugged
    )


def test_the_exercise_can_be_shown_in_three_forms():
    made = make(stdins=STDINS[:1], runtime=1, logical=1)
    text = made.render()
    assert (
        text.index("This program has 1 runtime and 1 logical errors.") < text.index(made.bugged) < text.index("Answers")
    )
    for item in made.solutions:
        assert text.count(f"Line {item.line} ({item.error} error): {item.explanation}") == 1
        assert item.explanation in made.markdown().partition("<details>")[2]
    assert made.bugged in made.markdown().partition("<details>")[0]
    assert json.loads(json.dumps(made.as_json()))["correct"] == PROGRAM
    assert make(syntax=1).task == "This program has 1 syntax error. Find and correct them."


def test_inputs_are_guessed_and_that_is_said():
    made = make(program="number = int(input())\nprint(number * 2)\n\nprint('end')\n", stdins=[], logical=1)
    assert made.guessed
    assert "inputs that were guessed" in made.render()
    assert "guessed" not in make(syntax=1).render()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({}, "all counts are 0"),
        ({"syntax": 0, "logical": 0}, "all counts are 0"),
        ({"syntax": -1}, "not counts of syntax, runtime, logical: syntax = -1"),
        ({"spelling": 1}, "not counts of syntax, runtime, logical: spelling"),
        ({"program": "def f(:\n", "syntax": 1}, "is not a Python program: line 1"),
        ({"stdins": ["2\ntea\nbun\n", "3\ntea\n"], "syntax": 1}, "wants more input than stdin 2 gives, in line 6"),
        ({"program": "import time\nprint(time.time_ns())", "stdins": [], "logical": 1}, "does not do the same twice"),
        ({"program": "x = 1", "stdins": [], "syntax": 1}, "prints nothing"),
        ({"program": "while True:\n    pass", "stdins": [], "syntax": 1}, "does not run with no input: timeout"),
        ({"description": " \n", "syntax": 1}, "--description: says nothing"),
        ({"syntax": 40}, r"cannot hold 40 syntax, 0 runtime, 0 logical errors .*: there is room for \d syntax"),
        (
            {"program": "print('hi')", "stdins": [], "logical": 1, "runtime": 1},
            r"room for \d runtime, \d logical, each",
        ),
        ({"adapter": "nowhere", "syntax": 1}, "nowhere: has no adapter_config.json"),
    ],
)
def test_what_cannot_be_done_is_said(options, what):
    with pytest.raises(InputError, match=what):
        make(**options)


class Replies:
    """A model that says what it is told to."""

    def __init__(self, *texts):
        self.texts, self.asked = texts, []

    def generate(self, prompts, sampling):
        self.asked.append((prompts, sampling.n))
        return iter([list(self.texts)])


def adapted(monkeypatch, *texts, **options):
    model = Replies(*texts)
    monkeypatch.setattr(command, "_generator", lambda *_: model)
    return model, lambda: make(adapter="models:/mine@champion", syntax=1, tries=len(texts), **options)


def test_an_adapters_first_right_reply_is_taken(monkeypatch):
    other = reply(edited(("range(count):", "range(count")), (5, "The bracket is not closed."))
    model, run = adapted(monkeypatch, "no", reply(PROGRAM, (5, "The colon is missing.")), GOOD, other)
    made = run()
    assert (made.author, made.bugged) == ("models:/mine@champion", edited(("range(count):", "range(count)")))
    assert [(item.line, item.error) for item in made.solutions] == [(5, "syntax")]
    [([messages], asked)] = model.asked
    assert asked == 4
    assert [message.role for message in messages] == ["system", "user"]
    assert "<syntax>1</syntax>" in messages[1].content


def test_no_right_reply_is_an_error_and_the_engine_does_not_step_in(monkeypatch):
    _, run = adapted(monkeypatch, "no", "no", GOOD.replace("Line 5", "Line 4"))
    with pytest.raises(ModelError, match=r"none of 3 replies of models:/mine@champion is right: malformed \(3\)"):
        run()


def test_a_server_must_be_known_for_a_registered_adapter(monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no MLflow server is known"):
        make(syntax=1, adapter="models:/mine@champion")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.py").write_text(PROGRAM + "\n")
    for number, text in enumerate(STDINS):
        (tmp_path / f"{number}.txt").write_text(text)
    group = Commands(name="codekiln", commands={"exercise": exercise_command.exercise})

    def call(*arguments):
        given = ["exercise", "--program", "f.py", "--description", "Print the bill.", *arguments]
        return CliRunner().invoke(group, given)

    return call


def test_the_command_prints_an_exercise(run):
    inputs = ["--stdin", "0.txt", "--stdin", "1.txt"]
    text = run("--syntax", "1", "--runtime", "1", *inputs)
    assert text.exit_code == 0
    found = json.loads(run("--syntax", "1", "--runtime", "1", *inputs, "--json").output)
    assert found["counts"] == {"syntax": 1, "runtime": 1, "logical": 0}
    assert found["bugged"] in text.output
    assert all(item["explanation"] in text.output for item in found["solutions"])
    assert run("--syntax", "1", *inputs, "--markdown").output.startswith("Print the bill.\n\nThis program has")


def test_exit_codes_tell_a_users_mistake_from_a_model_that_cannot(run, monkeypatch):
    assert run("--stdin", "0.txt").exit_code == 2
    assert run("--syntax", "-1").exit_code == 2
    assert run("--syntax", "1", "--json", "--markdown").exit_code == 2
    monkeypatch.setattr(command, "_generator", lambda *_: Replies("no"))
    assert run("--syntax", "1", "--adapter", "somewhere").exit_code == 1


def test_asking_for_help_imports_nothing_heavy():
    code = (
        "import sys; from codekiln.cli.exercise_command import exercise;"
        "exercise.main(['--help'], standalone_mode=False);"
        "print([name for name in ('torch', 'pydantic', 'codekiln.code.mutation') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout.strip().splitlines()[-1]) == []
