"""Cancellation of a step by a signal, after which its job must not keep running."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDS_THE_PROCESS = (signal.SIG_DFL, signal.default_int_handler)


class Cancelled(BaseException):
    """A signal arrived; a BaseException, so that no ``except Exception`` swallows it."""


class Cancellation:
    """Turns the first signal into Cancelled: at once, or after a shielded block.

    Attributes:
        number: The first signal that has arrived; 0: none has.
    """

    def __init__(self) -> None:
        self.number = 0
        self._shields = 0

    @property
    def requested(self) -> bool:
        """Whether a signal has arrived."""
        return self.number != 0

    def request(self, number: int) -> None:
        """Let the next ``check`` raise Cancelled as if a signal had arrived."""
        self.number = self.number or number

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
        """Handle a signal; a second one changes nothing, also while this method handles the first."""
        first = not self.number
        self.request(number)
        if first and not self._shields:
            raise Cancelled


@contextmanager
def cancellable() -> Iterator[Cancellation]:
    """Handle SIGTERM, SIGINT and SIGHUP until the block ends; do nothing outside the main thread, which gets them all.

    SIGINT and SIGHUP only where they would end this process: nohup ignores SIGHUP, and a local run ends its steps.
    """
    cancellation = Cancellation()
    if threading.current_thread() is not threading.main_thread():
        yield cancellation
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    before = {number: old for number, old in before.items() if number == signal.SIGTERM or old in _ENDS_THE_PROCESS}
    try:
        for number in before:
            signal.signal(number, cancellation.handle)
        yield cancellation
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
