"""Heartbeats from a step to its job, so that a job which no step waits for any more ends itself.

A step that is cancelled deletes its job. A step that is killed, or whose node is lost, cannot: without heartbeats its
job would hold its GPUs until its deadline.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from codekiln.errors import InputError
from codekiln.launch import exchange

SEND_SECONDS = 60.0
CHECK_SECONDS = 300.0
# Longer than any pause between two attempts of a step.
ABANDONED_SECONDS = 2 * 3600.0


@contextmanager
def heartbeats(location: str) -> Iterator[None]:
    """Send heartbeats to the job at ``location`` until the block ends; the first is there before the job exists."""
    stop = threading.Event()

    def send() -> None:
        while not stop.wait(SEND_SECONDS):
            try:
                exchange.write_heartbeat(location)
            except OSError as error:
                # The job tolerates two hours of silence; the next heartbeat may succeed.
                print(f"the heartbeat could not be written: {error}", flush=True)

    exchange.write_heartbeat(location)
    thread = threading.Thread(target=send, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class HeartbeatMonitor:
    """Checks in a thread whether a step still waits for this job, and ends this process when none does.

    Attributes:
        abandoned: Whether that has happened.
    """

    def __init__(self, location: str, end: Callable[[], None] | None = None) -> None:
        self.location, self.abandoned = location, False
        # SIGTERM to this very process: the job ends as when its pod is deleted, with a checkpoint.
        self._end = end or (lambda: os.kill(os.getpid(), signal.SIGTERM))

    def start(self) -> None:
        """Start the thread; the first check follows at once."""
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def _run(self) -> None:
        while not is_abandoned(self.location):
            time.sleep(CHECK_SECONDS)
        self.abandoned = True
        self._end()


def is_abandoned(location: str) -> bool:
    """Return whether the last heartbeat is too old; a job that never had one was started by hand."""
    try:
        last = exchange.read_heartbeat(location)
    except (OSError, InputError):
        # An exchange that cannot be reached says nothing about the step; the job fails on its own if it stays so.
        return False
    return last is not None and time.time() - last > ABANDONED_SECONDS
