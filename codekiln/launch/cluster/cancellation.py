"""Cancellation of a step by SIGTERM or SIGINT, after which its job must not keep running."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Cancelled(BaseException):
    """SIGTERM or SIGINT arrived; a BaseException, so that no ``except Exception`` swallows it."""


class Cancellation:
    """Turns the first signal into Cancelled: at once, or after a shielded block.

    Attributes:
        requested: Whether a signal has arrived.
    """

    def __init__(self) -> None:
        self.requested = False
        self._shields = 0

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold a signal back while the block runs, then raise Cancelled."""
        self._shields += 1
        pending = self.requested
        try:
            yield
        finally:
            self._shields -= 1
            if self.requested and not pending and not self._shields:
                raise Cancelled

    def check(self) -> None:
        """Raise Cancelled if a signal has arrived: the exception of ``handle`` is lost when it hits a finaliser."""
        if self.requested:
            raise Cancelled

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal; a second one changes nothing."""
        first, self.requested = not self.requested, True
        if first and not self._shields:
            raise Cancelled


@contextmanager
def cancellable() -> Iterator[Cancellation]:
    """Handle SIGTERM and SIGINT until the block ends; outside the main thread, which alone gets signals, do nothing."""
    cancellation = Cancellation()
    if threading.current_thread() is not threading.main_thread():
        yield cancellation
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number in numbers:
            signal.signal(number, cancellation.handle)
        yield cancellation
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
