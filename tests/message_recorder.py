"""Notes which errors of codekiln the tests cause; a whole run names those left out, and one with slow tests fails.

`docs.generate.messages` lists every place that makes an error. The note is taken where one is made: of the call that
makes it and of the calls that led there, since a function may be given the text of the error that it makes. Each worker
of pytest-xdist hands its notes to the process that started it. Errors in processes that tests start are not noted.
"""

import itertools
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from codekiln import errors

PACKAGE = f"{Path(errors.__file__).parent}{os.sep}"
CALLS = 3
# `make test` and `make test-all`; any other choice of tests says nothing about what all of them cause.
WHOLE = ("", "not slow")


class MessageRecorder:
    """The plug-in, which `tests/conftest.py` registers."""

    def __init__(self) -> None:
        self.places: set[str] = set()
        self.uncaused: list[str] = []

    def start(self) -> None:
        """Note every error from now on."""
        made = errors.CodekilnError.__init__

        def noted(error: errors.CodekilnError, *args: Any, **kwargs: Any) -> None:
            made(error, *args, **kwargs)
            self.places.update(calls(error, sys._getframe(1)))

        errors.CodekilnError.__init__ = noted

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand the notes on; in the process that started the workers, fail where an error is not among them."""
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["messages"] = sorted(self.places)
        elif exitstatus == pytest.ExitCode.OK and is_whole(session.config):
            self.uncaused = uncaused(self.places)
            # Some tests cannot run everywhere, and what they alone cause is no reason to fail in such a place.
            if self.uncaused and not session.config.option.markexpr:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker has noted."""
        self.places.update(getattr(node, "workeroutput", {}).get("messages", ()))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the errors that no test has caused."""
        if self.uncaused:
            terminalreporter.section("messages that no test causes; see tests/test_messages.py")
            for line in self.uncaused:
                terminalreporter.line(line)


def calls(error: errors.CodekilnError, frame: FrameType | None) -> Iterable[str]:
    """Yield the innermost calls of codekiln that made ``error``, from ``frame`` outwards, as ``file:line:column``."""
    while frame is not None and frame.f_code.co_name == "__init__" and frame.f_locals.get("self") is error:
        frame = frame.f_back
    for _ in range(CALLS):
        if frame is None or not frame.f_code.co_filename.startswith(PACKAGE):
            return
        line, _, column, _ = next(itertools.islice(frame.f_code.co_positions(), frame.f_lasti // 2, None))
        yield f"{frame.f_code.co_filename.removeprefix(PACKAGE)}:{line}:{column}"
        frame = frame.f_back


def is_whole(config: pytest.Config) -> bool:
    """Return whether a run has every test of the suite, or all but the slow ones."""
    chosen = ("keyword", "deselect", "ignore", "ignore_glob", "lf", "failedfirst", "collectonly", "stepwise")
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and config.option.markexpr in WHOLE
        and not any(getattr(config.option, name, None) for name in chosen)
    )


def uncaused(places: set[str]) -> list[str]:
    """Return the errors that are made at none of these places, one a line; those of validators are not noted."""
    from docs.generate.messages import VALIDATED, messages

    return [
        f"{each.file}:{each.line}: {' / '.join(each.what)}"
        for each in messages()
        if each.kind != VALIDATED and f"{each.file}:{each.line}:{each.column}" not in places
    ]
