"""The commands that the pages show: those that can run here do, and of the others every option and setting exists.

Commands on a finished demo are run by tests/test_quickstart.py, which has one.
"""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from codekiln.cli import main
from codekiln.settings.resolve import resolve
from tests.docs import markdown
from tests.docs.markdown import ROOT
from tests.recipes.test_whole import SHORT, SMALLER

# Relative: the checkout itself may lie in a folder of one of these names.
PAGES = [
    page for page in markdown.pages() if page.parent.relative_to(ROOT).name not in ("codekiln", "images", "manifests")
]
SHOWN = [(page, command) for page in PAGES for command in markdown.commands(page.read_text(encoding="utf-8"))]
CODEKILN = [(page, command) for page, command in SHOWN if command.startswith("codekiln ")]
# What a command needs that no test has; what is left of it is checked below.
NOT_RUN = {
    "make demo": "minutes; its result is compared with the README by a slow test",
    "make test": "is this",
    "make lint": "has a job of its own",
    "pip install": "an index of packages",
    "helm": "a cluster; the charts are rendered in tests/chart",
    "kubectl": "a cluster",
    "export": "for the commands that follow it",
    "codekiln submit": "a cluster; tests/launch submits to a server that answers like it",
    "openssl": "a program of the system; tests/stages/promotion/test_whole.py runs it where it is there",
    "codekiln plan --profile gemma3-12b --pool": "a cluster's record of pools; test_contributing.py plans with one",
    "mlflow ui": "is a server and does not end",
}
RUN = ("docs/getting-started.md", "docs/own-data.md")
# Commands that end with 1 where the gate says no, as it does on little data.
JUDGING = ("codekiln run instruct", "codekiln run align", "codekiln compare --problems")
NEEDS = {"codekiln run align --profile cluster": "a model of the Hub and a teacher's endpoint"}


def label(shown):
    return f"{markdown.name(shown[0])}: {shown[1][:60]}" if isinstance(shown, tuple) else None


@pytest.mark.parametrize("shown", SHOWN, ids=label)
def test_a_command_is_of_a_kind_that_is_checked(shown):
    kinds = (*NOT_RUN, "codekiln", "head", ".venv/bin/python -m pytest", ".venv/bin/python -m pdb")
    assert shown[1].startswith(kinds), "say in tests/docs/test_commands.py how it is run, or why it cannot be"


def test_nothing_is_excused_that_is_not_shown():
    commands = [command for _, command in SHOWN]
    assert not [start for start in (*NOT_RUN, *NEEDS) if not any(command.startswith(start) for command in commands)]


@pytest.mark.parametrize("shown", CODEKILN, ids=label)
def test_options_and_settings_exist(shown, tmp_path, monkeypatch):
    page, command = shown
    monkeypatch.chdir(tmp_path)
    for path, content in markdown.files(page.read_text(encoding="utf-8")).items():
        if path.endswith(".toml") and "/" not in path:  # a profile
            Path(path).write_text(content)
    _, name, *words = shlex.split(command)
    given = options(main.commands[name], words)
    if "overrides" in given:
        form = {key: given.get(key, "") for key in ("recipe", "base_model", "metric", "pool")}
        overrides = [text.replace("…", "host") for text in given["overrides"]]
        resolve(given["profile"], form, [*overrides, *required(given["profile"])])
    pipeline = Path(given.get("pipeline", "align"))
    assert pipeline.stem in ("align", "instruct", "prefer", "data", "judge")


def options(command: click.Command, words: list[str]) -> dict:
    """Return what the command makes of its words; files need not exist, everything else has to be right."""
    context = click.Context(command)
    values, rest, _ = command.make_parser(context).parse_args(list(words))
    assert not rest
    assert not [each.name for each in command.params if each.required and not values.get(each.name)]
    defaults = {each.name: () if each.multiple else each.get_default(context) for each in command.params}
    return {key: value for key, value in (defaults | values).items() if isinstance(value, (str, list, tuple))}


def required(profile: str) -> list[str]:
    """Return the settings that a published profile leaves to the user."""
    return ["teachers.endpoint.url=http://host/v1"] if profile == "seed-track-b" else []


# What a command trains or generates takes a minute; other quick tests have the same stages.
TRAINED = ("codekiln run instruct", "codekiln compare runs/", "codekiln run data", "codekiln validate runs/")


@pytest.mark.parametrize("left_out", [TRAINED, pytest.param((), marks=pytest.mark.slow)], ids=["quick", "all"])
@pytest.mark.parametrize("page", RUN)
def test_the_commands_of_a_page_run(page, left_out, tmp_path):
    text = (ROOT / page).read_text(encoding="utf-8")
    for path, content in markdown.files(text).items():
        (tmp_path / path).write_text(content)
    shown = [command for command in markdown.commands(text) if not command.startswith((*NOT_RUN, *NEEDS, *left_out))]
    assert len(shown) >= 2
    for command in shown:
        done = in_short(command, tmp_path)
        allowed = (0, 4) if command.startswith(JUDGING) else (0,)
        assert done.returncode in allowed, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def in_short(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with little data, where it runs stages."""
    recipe = re.search(r"--recipe (\S+)", command)
    settings = [*SHORT, *SMALLER.get(recipe[1] if recipe else "", ())] if command.startswith("codekiln run ") else []
    return markdown.run(command, folder, [word for setting in settings for word in ("--set", setting)])


@pytest.mark.parametrize("command", sorted({command for _, command in SHOWN if command.startswith("make ")}))
def test_a_target_exists(command):
    target = command.split()[1]
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("shown", [shown for shown in SHOWN if " -m pytest " in shown[1]], ids=label)
def test_the_tests_that_a_page_runs_are_there(shown):
    words = shlex.split(shown[1].replace("--pdb", ""))[1:]
    done = subprocess.run([sys.executable, *words, "--collect-only", "-q"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shown", [shown for shown in SHOWN if shown[1].startswith("helm ")], ids=label)
def test_the_chart_and_the_values_of_a_command_are_there(shown):
    page, command = shown
    here = markdown.files(page.read_text(encoding="utf-8"))
    for word in re.findall(r"\S*(?:charts/\S+|values\.yaml)", command):
        assert (ROOT / word).exists() or word in here, word
