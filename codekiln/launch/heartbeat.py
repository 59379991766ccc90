"""Heartbeats from a step to its job, so that a job which no step waits for any more ends itself.

A step that is cancelled deletes its job. A step that is killed, or whose node is lost, cannot: without heartbeats its
job would hold its GPUs until its deadline.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from codekiln.errors import InputError
from codekiln.launch import exchange

SEND_SECONDS = 60.0
CHECK_SECONDS = 300.0
# Longer than any pause between two attempts of a step.
ABANDONED_SECONDS = 2 * 3600.0


class Heartbeats:
    """Sends heartbeats to the job at ``location``, until another attempt of the step owns the job."""

    def __init__(self, location: str) -> None:
        self.location, self._token = location, ""
        self._stop = threading.Event()

    def own(self, token: str) -> None:
        """Leave the token of this attempt, which owns the job now, beside the heartbeats."""
        exchange.write_owner(self.location, token)
        self._token = token

    def stop(self) -> None:
        """Send none any more."""
        self._stop.set()

    def run(self) -> None:
        """Send them until ``stop``."""
        while not self._stop.wait(SEND_SECONDS):
            try:
                if self._token and exchange.read_owner(self.location) not in (self._token, None):
                    return
                exchange.write_heartbeat(self.location)
            except (OSError, InputError) as error:
                # The job tolerates two hours of silence; the next heartbeat may succeed.
                with suppress(OSError):
                    print(f"the heartbeat could not be written: {error}", flush=True)


@contextmanager
def heartbeats(location: str) -> Iterator[Heartbeats]:
    """Send heartbeats to the job at ``location`` until the block ends; the first is there before the job exists."""
    exchange.write_heartbeat(location)
    sender = Heartbeats(location)
    thread = threading.Thread(target=sender.run, name="heartbeats", daemon=True)
    thread.start()
    try:
        yield sender
    finally:
        sender.stop()
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
