import builtins
import signal
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from codekiln.__main__ import start
from codekiln.cli import main

GOES_ON = "the same command goes on with what is done"
UNCHANGED = "nothing was changed; give the same command again"


@pytest.fixture(autouse=True)
def _ctrl_c_stays_as_it_was() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["grade", "--out", "x"], GOES_ON),
        (["harden"], GOES_ON),
        (["compare", "a=x", "-o", "y"], GOES_ON),
        (["generate", "prompt", "--output", "y"], GOES_ON),
        (["compare", "runs/demo"], UNCHANGED),
        (["generate", "--out=x"], GOES_ON),
        (["generate", "prompt"], "nothing was kept: with --output the same command would go on"),
        (["export"], "nothing is left of the export; give the same command again"),
        (["serve"], "nothing is served any more"),
        (["submit", "--wait"], "what was submitted goes on without this command"),
        (["run"], "repeat the command to continue"),
        (["judge"], "repeat the command to continue"),
        (["stage"], "the same command goes on; training from its last checkpoint"),
        (["plan"], UNCHANGED),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_ctrl_c_ends_every_command_with_130_and_how_to_go_on(monkeypatch, words, line):
    def interrupt(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(main.commands[words[0]], "make_context", interrupt)
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", f"\nstopped; {line}\n")
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL, "a second one does not wait for anything"


def test_ctrl_c_while_the_command_line_is_loaded_shows_nothing_of_python(monkeypatch):
    seen = []

    def load(name, *args, **options):
        if name == "codekiln.cli":
            seen.append(signal.getsignal(signal.SIGINT))
            return SimpleNamespace(main=lambda **_: seen.append(signal.getsignal(signal.SIGINT)))
        return original(name, *args, **options)

    original = builtins.__import__
    signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(builtins, "__import__", load)
    start()
    assert seen == [signal.SIG_DFL, signal.default_int_handler]
