"""What somebody sees who asks the command line what it can do, or mistypes."""

import re

import click
import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.cli.help import ELSEWHERE
from codekiln.errors import InputError
from tests.help_examples import COMMANDS, example, words_of

WIDTH = 80
RUN_COMMANDS = ("run", "judge", "check", "plan", "submit")
RUN_OPTIONS = (
    *("--profile", "--recipe", "--base-model", "--metric", "--promote-as", "--pool", "--experiment"),
    *("--set", "--tracking-uri", "--workdir", "--json"),
)


def invoke(*words: str, **options):
    return CliRunner().invoke(main, list(words), prog_name="codekiln", **options)


def test_every_command_has_one_whole_line_under_a_heading():
    shown = invoke("--help").stdout
    lines = dict(re.findall(r"^  ([a-z]+)  +(\S.*)$", shown, re.MULTILINE))
    assert set(lines) == set(COMMANDS)
    assert all(len(line) <= WIDTH for line in shown.split("\n"))
    assert not [line for line in lines.values() if not line.endswith(".") or "..." in line]
    assert sorted(name for names in main.headings.values() for name in names) == COMMANDS


@pytest.mark.parametrize("words", [(), ("-h",), ("help",)])
def test_help_is_shown_however_it_is_asked_for(words):
    done = invoke(*words)
    assert (done.exit_code, done.stdout) == (0, invoke("--help").stdout)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_fits_a_screen_and_its_example_is_one_that_it_takes(name):
    done = invoke("help", name)
    assert done.stdout == invoke(name, "-h").stdout
    assert len(done.stdout.splitlines()) <= 40
    assert all(len(line) <= WIDTH for line in done.stdout.split("\n"))
    words, _ = words_of(example(name))
    assert words[0] == name
    command = main.commands[name]
    command.make_parser(click.Context(command)).parse_args(words[1:])


def test_the_options_of_a_run_are_the_same_everywhere():
    forms = {}
    for name in RUN_COMMANDS:
        for option in main.commands[name].params:
            if isinstance(option, click.Option) and option.opts[0] in RUN_OPTIONS:
                forms.setdefault(option.opts[0], {})[name] = (option.type.name, option.multiple, option.is_flag)
    assert set(forms) == set(RUN_OPTIONS)
    for option, found in forms.items():
        assert set(found) == set(RUN_COMMANDS), option
        shown = {form for name, form in found.items() if f" {option} " in invoke(name, "--help").stdout}
        assert len(shown) == 1, option


MISTAKES = [
    (("rnu",), "Did you mean 'run'?"),
    (("run", "align", "--profle", "x"), "--profile"),
    (("run", "allign"), "did you mean 'align'?"),
    (("run", "align", "--profile", "latop"), "did you mean 'laptop'?"),
    (("plan", "--gpu", "H100", "--recipe", "studnt"), "did you mean 'student'?"),
    (("plan", "--gpu", "H100", "--metric", "lint_cuont"), "did you mean 'lint_count'?"),
    (("plan", "--gpu", "H100", "--base-model", "tinny"), "did you mean 'tiny'?"),
    (("plan", "--gpu", "H100", "--set", "sft.epoch=1"), "did you mean 'epochs'?"),
    (("stage", "filtr", "--run", "x", "-o", "y"), "did you mean 'filter'?"),
    (("profiles", "latop"), "did you mean 'laptop'?"),
    (("metrics", "lint_cuont"), "did you mean 'lint_count'?"),
    (("filters", "lenght"), "did you mean 'length'?"),
    (("teachers", "endpiont"), "did you mean 'endpoint'?"),
    (("help", "rnu"), "Did you mean 'run'?"),
    (("run",), "Give one of: align, data, instruct, prefer."),
    (("stage",), "Give one of: check, generate, filter"),
    (("run", "judge"), "fix: codekiln judge models:/NAME@challenger"),
    (("run", "judge", "--adapter", "x@y"), "fix: codekiln judge x@y"),
    (("run", "align", "--adapter", "x"), "align trains adapters of its own"),
    (("run", "data", "--promote-as", "x"), "the pipeline data registers no model"),
    (("judge", "no/where"), "there is no such folder"),
    (("plan", "--gpu", "H100", "--workdir", "x"), "plan writes nothing"),
    (("plan", "--gpu", "H100", "--tracking-uri", "x"), "plan asks no MLflow"),
    (("submit", "align", "--workdir", "x"), "`codekiln run` runs on this machine"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=lambda value: " ".join(value) if type(value) is tuple else "")
def test_a_mistake_says_what_was_meant(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    done = invoke(*words)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""
    assert done.exception is None or isinstance(done.exception, (SystemExit, InputError))


def test_a_profile_in_a_file_is_not_submitted(tmp_path):
    profile = tmp_path / "mine.toml"
    profile.write_text("seed = 1\n")
    done = invoke("submit", "align", "--profile", str(profile))
    assert done.exit_code == 2
    assert "is a file here, which the cluster does not have" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty, no program"),
        (" \n\n", "is empty, no program"),
        ("# a comment\n", "has only comments, no program"),
        ("\ufeff# with a mark\n", "has only comments, no program"),
        ("Sure! Here is it:\n", "<stdin>:1: is no Python"),
        ("x = 1\ndef f(:\n", "<stdin>:2: is no Python"),
        ("x = '\0'", "is no Python"),
        ('{"cells": [{"source": ["x = 1"], "outputs": null}], "nbformat": 4}', "has only literals, no program"),
        ('{"task_id": "a", "passed": true}\n{"task_id": "b", "passed": false}\n', "has only literals, no program"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--json",)], ids=["text", "json"])
def test_no_program_has_no_score(text, said, more):
    done = invoke("score", "-", *more, input=text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--workdir", ""), "'--workdir': the path is empty: is the variable that holds it set?"),
        (("harden", "--problems", "p.jsonl", "--output="), "the path is empty"),
        (
            ("--profile", "laptop", "run", "align"),
            "--profile: is no option of codekiln itself\n  fix: give it behind the command: codekiln run --profile\n",
        ),
        (("--workdir=w", "check"), "fix: give it behind the command: codekiln check --workdir\n"),
        (("--profil",), "No such option '--profil'."),
    ],
)
def test_a_word_that_is_empty_or_out_of_place_is_refused(words, said):
    done = invoke(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_former_names_are_taken_and_not_shown():
    for name, former, current in (
        *(("grade", "--out", "--output"), ("export", "--to", "--output"), ("compare", "--out", "--output")),
        *(("harden", "--out", "--output"), ("generate", "--out", "--output")),
        *(("validate", "--against", "--problems"), ("exercise", "--adapter", "--model")),
    ):
        shown = invoke(name, "--help").stdout
        assert current in shown
        assert not re.search(rf"{former}\b", shown)
        (option,) = [each for each in main.commands[name].params if former in each.opts]
        assert current in option.opts
    assert "'-o' / '--output'." in invoke("grade", "--problems", "x", "--samples", "y").stderr


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("train", "codekiln run"),
        ("Eval", "codekiln judge"),
        ("sft", "codekiln stage sft"),
        ("version", "codekiln --version"),
    ],
)
def test_a_command_of_another_tool_leads_to_the_one_here(word, meant):
    done = invoke(word)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"error: codekiln: no command '{word}'\n  fix: did you mean '{meant}'?\n"


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (("run", "align", "--epochs", "1"), "it is a setting: --set sft.epochs=... or --set dpo.epochs=... or"),
        (("run", "align", "--lr", "2e-5"), "it is a setting: --set sft.learning_rate=... or"),
        (("plan", "--lora_r", "8"), "it is a setting: --set lora.r=...\n"),
        (("check", "--seed=3"), "it is a setting: --set seed=...\n"),
        (("run", "align", "--output_dir", "x"), "did you mean '--workdir'?\n"),
        (("run", "align", "--model", "tiny"), "did you mean '--base-model'?\n"),
        (("check", "--dataset", "x.jsonl"), "did you mean '--set problems.source=...'?\n"),
    ],
)
def test_an_option_of_another_trainer_leads_to_the_one_or_the_setting_here(words, fix):
    done = invoke(*words)
    option = next(word for word in words if word.startswith("-")).partition("=")[0]
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: codekiln {words[0]} {option}: no such option\n  fix: {fix}")


@pytest.mark.parametrize(
    ("words", "meant"), [(("run", "align", "--workdri", "x"), "'--workdir'"), (("models", "--epochs", "1"), "epochs")]
)
def test_an_option_that_is_only_mistyped_or_of_no_run_is_said_as_ever(words, meant):
    said = invoke(*words).stderr
    assert "No such option" in said
    assert meant in said


def test_every_command_that_stands_for_another_tools_is_there():
    assert {words.split()[1] for words in ELSEWHERE.values()} <= {*COMMANDS, "--version"}


def test_a_second_setting_needs_its_own_option():
    done = invoke("check", "--set", "sft.epochs=2", "dpo.epochs=1")
    fix = "give each setting its own --set, and put a value with blanks into quotes"
    assert done.stderr == f"error: --set: got unexpected extra argument (dpo.epochs=1)\n  fix: {fix}\n"
    assert done.exit_code == 2
    assert "--set" not in invoke("check", "dpo").stderr
