"""A sign of life from a step to its job: a job that nobody waits for any more ends itself.

A step that is told to end deletes its job. One that is killed, or whose node is lost, cannot; without this its job
would hold its GPUs until its deadline.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from codekiln.errors import InputError
from codekiln.launch import exchange

BEAT_SECONDS = 60.0
LOOK_SECONDS = 300.0
# Longer than any pause between two attempts of a step.
ABANDONED_SECONDS = 2 * 3600.0
ABANDONED = 3


@contextmanager
def beating(location: str) -> Iterator[None]:
    """Give a job at ``location`` signs of life, from before it exists until the block ends."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(BEAT_SECONDS):
            try:
                exchange.beat(location)
            except OSError as error:
                # The job bears two hours of silence; the next beat may succeed.
                print(f"no sign of life could be given: {error}", flush=True)

    exchange.beat(location)
    thread = threading.Thread(target=work, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class Watch:
    """Looks whether a step still waits for this job, and asks this process to end when none does.

    Attributes:
        abandoned: Whether that has happened.
    """

    def __init__(self, location: str, end: Callable[[], None] | None = None) -> None:
        self.location, self.abandoned = location, False
        self._end = end or (lambda: os.kill(os.getpid(), signal.SIGTERM))

    def start(self) -> None:
        """Begin to look; this process may be asked to end at once."""
        threading.Thread(target=self._work, name="heartbeat", daemon=True).start()

    def _work(self) -> None:
        while not alone(self.location):
            time.sleep(LOOK_SECONDS)
        self.abandoned = True
        self._end()


def alone(location: str) -> bool:
    """Return whether the last sign of life is too old; a job that never had one was started by hand."""
    try:
        last = exchange.last_beat(location)
    except (OSError, InputError):
        # The place itself cannot be reached; the job will find that out by itself.
        return False
    return last is not None and time.time() - last > ABANDONED_SECONDS
