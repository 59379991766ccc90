"""What a shell completes; bash itself is run, because it breaks words where names and settings go on."""

import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

from codekiln import filters, models, recipes, teachers
from codekiln.cli import main, names
from codekiln.code import metrics

COMPLETE = """
complete_line() {
    COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
    _codekiln_completion codekiln 2>/dev/null
    echo "$1|${COMPREPLY[*]}"
}
"""
LINES = {
    "codekiln ru": "run",
    "codekiln run al": "align",
    "codekiln run judg": "",
    "codekiln submit judg": "judge",
    "codekiln run align --prof": "--profile",
    "codekiln run align --profile lap": "laptop",
    "codekiln run align --profile=lap": "laptop",
    "codekiln check --recipe main": "maintainability",
    "codekiln plan --base-model gemma3-12": "gemma3-12b",
    "codekiln judge x --metric lint": "lint_count",
    "codekiln run align --set sft.epo": "sft.epochs=",
    "codekiln run align --set recipes.maintainability.marg": "recipes.maintainability.margin=",
    "codekiln stage self": "self_generate",
    "codekiln plan --gpu H100-": "H100-NVL",
    "codekiln help pla": "plan",
}


@pytest.fixture
def script():
    done = CliRunner().invoke(main, ["completion", "bash"])
    assert done.exit_code == 0
    return done.stdout


def bash(text: str) -> str:
    return subprocess.run(["bash", "--norc", "-c", text], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("line", LINES)
def test_commands_options_and_values_are_completed(line):
    done = CliRunner().invoke(
        main, [], prog_name="codekiln", env={"_CODEKILN_COMPLETE": "bash_complete", "COMP_LINE": line}
    )
    found = [text.removeprefix("plain,") for text in done.stdout.split()]
    assert [text for text in found if not text.startswith("file,")] == [*filter(None, [LINES[line]])]


def test_bash_shows_them_and_does_not_wait_long(script):
    lines = [line for line in LINES if "=lap" in line or "--set sft" in line or "stage" in line]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The command may not be on the PATH of a test.
    asked = script.replace('"$1" 2>/dev/null', f"{sys.executable} -m codekiln")
    shown = bash(asked + COMPLETE + "".join(f"complete_line '{line}'\n" for line in lines))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert dict(line.split("|") for line in shown.splitlines()) == {line: LINES[line] for line in lines}
    assert (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(lines) < 0.5


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell):
    done = CliRunner().invoke(main, ["completion", shell])
    assert done.exit_code == 0
    assert "_CODEKILN_COMPLETE" in done.stdout
    assert done.stderr == ""


def test_bash_takes_the_script(script):
    assert bash(f"{script}\ncomplete -p codekiln").strip().endswith("-F _codekiln_completion codekiln")


def test_no_mistake_reaches_somebody_who_completes(monkeypatch):
    monkeypatch.delenv("CODEKILN_CLUSTER", raising=False)
    assert names.POOL.known() == {}
    monkeypatch.setenv("CODEKILN_CLUSTER", "{")
    assert names.POOL.known() == {}


@pytest.mark.parametrize(
    ("found", "table"),
    [
        (names.BASE_MODEL, models), (names.METRIC, metrics), (names.FILTER, filters), (names.TEACHER, teachers),
        (names.RECIPE, recipes),
    ],
)  # fmt: skip
def test_names_are_those_of_the_plugins(found, table):
    assert set(found.known()) == set(table.names())
