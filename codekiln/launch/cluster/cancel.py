"""A step that is told to end: its job must not go on without it."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Cancelled(BaseException):
    """SIGTERM or SIGINT arrived; no ``except Exception`` may hold it up."""


class Guard:
    """Turns the first signal into Cancelled, at once or when a call that must not be cut in two has ended."""

    def __init__(self) -> None:
        self.requested = False
        self._shields = 0

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold a signal back while the block runs, then raise it."""
        self._shields += 1
        pending = self.requested
        try:
            yield
        finally:
            self._shields -= 1
            if self.requested and not pending and not self._shields:
                raise Cancelled

    def check(self) -> None:
        """Raise Cancelled once a signal has arrived: an exception raised inside a finaliser is lost."""
        if self.requested:
            raise Cancelled

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal; a second one changes nothing."""
        first, self.requested = not self.requested, True
        if first and not self._shields:
            raise Cancelled


@contextmanager
def cancellable() -> Iterator[Guard]:
    """Give a guard that hears SIGTERM and SIGINT until the block ends; only the main thread can hear them."""
    guard = Guard()
    if threading.current_thread() is not threading.main_thread():
        yield guard
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, guard.handle)
        yield guard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
