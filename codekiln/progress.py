"""Progress as plain lines, because a KFP step's log is no terminal."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL_SECONDS = 2.0


@contextmanager
def progress(label: str, total: int | None, unit: str = "rows") -> Iterator[Callable[[int], None]]:
    """Yield ``step(n)``; prints one line at most every two seconds, and one at the end.

    Args:
        label: What is being done, as the user knows it.
        total: How many units there are in all; None where nobody knows.
        unit: What is counted, in the plural.
    """
    start = shown = time.monotonic()
    done = 0

    def step(count: int = 1) -> None:
        nonlocal done, shown
        done += count
        now = time.monotonic()
        if now - shown >= INTERVAL_SECONDS and (total is None or done < total):
            shown = now
            _say(f"{label}: {_state(done, total, unit, now - start)}")

    yield step
    counted = done if total is None else f"{done}/{total}"
    _say(f"{label}: {counted} {unit} in {time.monotonic() - start:.1f} s")


def _state(done: int, total: int | None, unit: str, seconds: float) -> str:
    if total is None:
        return f"{done} {unit}"
    left = seconds / max(done, 1) * (total - done)
    return f"{done}/{total} {unit} ({done / total:.0%}), about {left:.0f} s left"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
