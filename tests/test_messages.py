"""The form of every message that a user can cause, and that the tests cause it.

`docs.generate.messages` lists them with their places, remedies and exit codes, as docs/messages.md shows them. Here are
the rules that each keeps. What the tests cause is noted while they run (tests/message_recorder.py): `make test` names
those that nothing causes, and `make test-all` fails for them. Those that no other test is about are caused by the
tables in tests/messages.
"""

import ast
import re
import sys
from dataclasses import replace

import click
import pytest
from click.testing import CliRunner

from codekiln import errors
from codekiln.cli import Commands
from docs.generate.messages import PACKAGE, Message, messages
from tests import message_recorder

# What a remedy begins with: what to do, or the command that does it.
ACTION = re.compile(
    r"(accept|add|allow|another|ask|begin|bind|change|check|choose|correct|create|delete|did you mean|do|download|edit|"
    r"end|export|fetch|for|free|get|give|grade|hold|in|install|leave|let|look|lower|make|mend|mount|move|name|pin|point|"
    r"promote|put|raise|remove|rename|repeat|replace|restore|run|sample|save|say|score|see|serve|set|start|take|train|"
    r"try|undo|unless|upgrade|use|wait|without|write|codekiln|git|helm|hf|kubectl|openssl|pip)\b|<"
)
# Why the messages of these files need not say what to do.
WITHOUT_FIX = {
    "data/system_errors.py": "the text of another error, which has its remedy",
    "launch/cluster/failure.py": "its text ends with the commands that show more, or is the job's own error",
    "launch/readiness.py": "another error as a finding of `codekiln check`, which has its remedy in its text",
    "stages/promotion/findings.py": "a finding of `codekiln verify`",
    "stages/promotion/record.py": "a finding of `codekiln verify`",
    "stages/serving/client.py": "the follower says it and tries again",
    "stages/serving/follower.py": "the follower says it and tries again",
}
# Those of these are about the one thing that the command is about.
WITHOUT_PLACE = {
    "data/system_errors.py": "the machine, or the path in the text",
    "launch/cluster/failure.py": "the job",
    "launch/exchange.py": "the job",
    "sandbox/grading.py": "this machine",
    "sandbox/pool.py": "this machine",
    "stages/exporting/ollama.py": "the model that is exported",
    "stages/promotion/findings.py": "the version that is verified",
    "stages/promotion/record.py": "the version that is verified",
    "stages/serving/follower.py": "the server that is followed",
}
NAMES = re.compile(r"API|CODEKILN|HTTP|Kubeflow|LM|LocalQueue|MLFLOW|MLflow|PersistentVolumeClaim|ConfigMap")
# A name, an option or a setting, or what differs each time.
NAMED = re.compile(r"<[^<>]+>|'|--|\w\.\w")
# Classes whose names are words of the field too.
WORDS = {"HumanEval", "Job", "Pool", "Registry", "Role", "Sandbox"}
CLASSES = {
    node.name
    for path in PACKAGE.rglob("*.py")
    for node in ast.walk(ast.parse(path.read_bytes()))
    if isinstance(node, ast.ClassDef) and node.name[0] != "_"
} - WORDS
GOOD = Message("cli/x.py", 1, 0, "InputError", ("is missing",), ("<path>",), ("give another",), 2)


def texts(message):
    return [text for text in (*message.what, *message.fix) if text]


def has_place(message):
    return any(message.where) or all(map(NAMED.search, message.what)) or message.file in WITHOUT_PLACE


def has_fix(message):
    return any(message.fix) or message.file in WITHOUT_FIX


def says_what_to_do(message):
    clauses = [re.split(r"[;:,`] ?", text) for text in message.fix if text]
    return all(any(map(ACTION.match, each)) for each in clauses)


def has_no_full_stop(message):
    return not any(text.rstrip().endswith((".", "!", ":", ",")) for text in texts(message))


def begins_small(message):
    return all(NAMES.match(text) or not text[0].isupper() for text in texts(message))


def is_factual(message):
    return not re.search(r"please|sorry|oops|illegal|fatal|\bunfortunately", " ".join(texts(message)), re.IGNORECASE)


def names_no_class(message):
    return not CLASSES & set(re.findall(r"(?<![<\w.'])[A-Z]\w+", " ".join(texts(message))))


RULES = {
    has_place: replace(GOOD, where=("",)),
    has_fix: replace(GOOD, fix=("",)),
    says_what_to_do: replace(GOOD, fix=("the file is broken",)),
    has_no_full_stop: replace(GOOD, what=("is missing.",)),
    begins_small: replace(GOOD, what=("The file is missing",)),
    is_factual: replace(GOOD, fix=("please give another",)),
    names_no_class: replace(GOOD, what=("is no BaseModelSpec",)),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_message_keeps_the_rules(rule):
    assert rule(GOOD)
    assert not rule(RULES[rule]), "the rule would notice nothing"
    broken = [f"{each.file}:{each.line}: {each.what} {each.fix}" for each in messages() if not rule(each)]
    assert not broken


@pytest.mark.parametrize("table", [WITHOUT_FIX, WITHOUT_PLACE], ids=["fix", "place"])
def test_no_exception_is_of_a_file_without_messages(table):
    assert table.keys() <= {each.file for each in messages()}


KINDS = [
    errors.InputError,
    errors.ModelError,
    errors.ClusterError,
    errors.RegistryError,
    errors.SandboxError,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_command_prints_the_message_and_exits_with_the_code_of_its_kind(kind):
    @click.group(cls=Commands)
    def group():
        pass

    @group.command
    def fail():
        raise kind("is wrong", where="a.json:3.x", fix="mend it")

    done = CliRunner().invoke(group, ["fail"])
    assert done.stderr == "error: a.json:3.x: is wrong\n  fix: mend it\n"
    assert {each.exit_code for each in messages() if each.kind == kind.__name__} == {done.exit_code}


def test_the_call_that_makes_an_error_is_noted_with_those_that_led_to_it(monkeypatch):
    from codekiln.data.readers import contest

    noted = []
    made = errors.CodekilnError.__init__

    def note(error, *args, **kwargs):
        made(error, *args, **kwargs)
        noted.append(list(message_recorder.calls(error, sys._getframe(1))))

    monkeypatch.setattr(errors.CodekilnError, "__init__", note)
    with pytest.raises(errors.InputErrors):
        contest.json_value("{", "x:1.metadata")
    listed = {f"{each.file}:{each.line}:{each.column}": each.what for each in messages()}
    assert {listed[place] for places in noted for place in places if place in listed} == {("not JSON: <reason>",)}


def test_a_message_that_nothing_causes_is_named():
    places = {f"{each.file}:{each.line}:{each.column}" for each in messages()}
    assert message_recorder.uncaused(places) == []
    assert message_recorder.uncaused(places - {min(places)}) != []


@pytest.mark.parametrize(
    ("words", "whole"),
    [
        ([], True),
        (["-m", "not slow"], True),
        (["-m", "slow"], False),
        (["tests/test_errors.py"], False),
        (["-k", "error"], False),
        (["--deselect", "tests/test_errors.py"], False),
        (["--collect-only"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_only_a_run_of_all_tests_says_what_no_test_causes(words, whole, request):
    config = pytest.Config.fromdictargs({}, words)
    assert message_recorder.is_whole(config) is whole
