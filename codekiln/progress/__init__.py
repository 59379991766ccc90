"""Progress of long work: plain lines in a log, one live line in a terminal, messages from a step to its run.

A step of `codekiln run` writes no lines of progress itself where the run shows them live: it says where it is, and the
run draws that in the terminal and writes the plain lines to its log.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict

from codekiln.progress.state import Show, State, is_live

INTERVAL_SECONDS = 2.0
EVENTS = "CODEKILN_PROGRESS_EVENTS"
"""Set for the steps of a run that shows their progress live."""
EVENT = "\x1f"
"""Begins a line that holds a state instead of words: ASCII's unit separator, at which no text is split into lines."""
_EVENT_SECONDS = 0.2
_is_silent = False


class PlainLines:
    """Says a state in words: at most every two seconds, and at the end.

    Args:
        say: Gets the lines.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._said = say, dict[str, float]()

    def __call__(self, state: State) -> None:
        """Say a state if it is time for that."""
        if state.is_over:
            self._said.pop(state.label, None)
            self._say(state.line)
        elif state.seconds - self._last(state) >= INTERVAL_SECONDS and state.done != state.total:
            self._said[state.label] = state.seconds
            self._say(state.line)

    def _last(self, state: State) -> float:
        last = self._said.get(state.label, 0.0)
        return last if last <= state.seconds else 0.0


@contextmanager
def progress(label: str, total: int | None, unit: str = "rows", before: int = 0) -> Iterator[Callable[[int], None]]:
    """Yield ``step(n)``, which shows that n units more are done; where nobody looks live, as lines every two seconds.

    Args:
        label: What is being done, as the user knows it.
        total: How many units there are in all; None where nobody knows.
        unit: What is counted, in the plural.
        before: Units that an earlier run has done.
    """
    start, done = time.monotonic(), before

    def state(is_over: bool = False) -> State:
        return State(label, done, total, unit, time.monotonic() - start, before, is_over)

    def step(count: int = 1) -> None:
        nonlocal done
        done += count
        show(state())

    with _shown() as show:
        show(state())
        yield step
        show(state(is_over=True))


def read_event(line: str) -> State | None:
    """Return the state in a line that begins with ``EVENT``; None in others, and in one that is damaged."""
    if not line.startswith(EVENT):
        return None
    try:
        return State(**json.loads(line.removeprefix(EVENT)))
    except (ValueError, TypeError):
        return None


def silence() -> None:
    """Show no progress in this process from now on: another one tells that of all."""
    global _is_silent
    _is_silent = True


def _shown() -> AbstractContextManager[Show]:
    if _is_silent:
        return nullcontext(lambda state: None)
    if EVENTS in os.environ:
        return nullcontext(_Events())
    if is_live(sys.stderr):
        from codekiln.progress.live import shown_live

        return shown_live()
    return nullcontext(PlainLines(_say))


class _Events:
    def __init__(self) -> None:
        self._last = -_EVENT_SECONDS

    def __call__(self, state: State) -> None:
        if state.is_over or state.seconds - self._last >= _EVENT_SECONDS:
            self._last = state.seconds
            _say(EVENT + json.dumps(asdict(state)))


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
