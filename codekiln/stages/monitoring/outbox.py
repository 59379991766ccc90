"""Deliveries in a thread of their own: none holds up the run, and the first that fails is said."""

import threading
from collections.abc import Callable
from functools import cache
from queue import SimpleQueue

CLOSE_SECONDS = 15.0


class DeliveryError(Exception):
    """Something could not be delivered; the message names no secret, such as the address of a webhook."""


class Outbox:
    """Delivers one after the other; starts its thread with the first delivery."""

    def __init__(self) -> None:
        self._waiting: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, deliver: Callable[[], None]) -> None:
        """Deliver as soon as everything before it has been."""
        if self._thread is None:
            # A daemon, so that a delivery that hangs does not keep the process alive.
            self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
            self._thread.start()
        self._waiting.put(deliver)

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Wait until all is delivered, but no longer than ``seconds``; 0 leaves behind what is not."""
        if self._thread is None:
            return
        self._waiting.put(None)
        self._thread.join(seconds)
        if seconds and self._thread.is_alive():
            say_once(f"monitoring: not everything was delivered within {seconds:.0f} s; the run goes on without it")
        self._thread = None

    def _run(self) -> None:
        while (deliver := self._waiting.get()) is not None:
            attempt(deliver)


def attempt(deliver: Callable[[], None]) -> None:
    """Deliver here and now; a failure is said once in this process, and nothing else comes of it."""
    try:
        deliver()
    except DeliveryError as error:
        say_once(f"monitoring: {error}; the run goes on without it")
    except Exception as error:  # what monitoring gets wrong must not end a run that took days
        # Without its text, which may hold an address.
        say_once(f"monitoring: {type(error).__name__} in a delivery; the run goes on without it")


@cache
def say_once(line: str) -> None:
    """Print a line, unless this process has printed it already."""
    print(line, flush=True)
