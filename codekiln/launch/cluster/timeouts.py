"""How long things may take; tests use other figures."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from codekiln.launch.cluster.api import Trouble

T = TypeVar("T")


@dataclass(frozen=True)
class Pace:
    """Waits and limits in seconds.

    Attributes:
        retry: First wait after a call that failed; each further one is twice as long.
        retry_most: Longest wait between two calls that fail.
        poll: Between two looks at something that is not watched.
        watch: The API server ends a watch after so long; a new one follows.
        events: Between two looks at events while a job waits.
        repeat: A state whose explanation keeps changing is told no more often than this.
        heartbeat: A job that still waits is mentioned this often.
        blocked: A job whose image, configuration or volume cannot be had is given up after this.
        start: An API server that cannot be reached before the job exists is given up after this.
        lost: The same, once the job exists; the job goes on.
        quiet: A job without pods, or with pods that do not start, is looked into after this.
        log_silence: A log that says nothing for so long is asked for anew, since its connection may be dead.
        drain: After the end of a job its log may take this long to arrive.
        delete: An API server that cannot be reached when a job has to be deleted is given up after this.
        gone: Beyond a pool's grace_seconds, what was deleted may take this long to go.
    """

    retry: float = 1.0
    retry_most: float = 30.0
    poll: float = 2.0
    watch: float = 120.0
    events: float = 30.0
    repeat: float = 60.0
    heartbeat: float = 600.0
    blocked: float = 900.0
    start: float = 900.0
    lost: float = 3600.0
    quiet: float = 30.0
    log_silence: float = 60.0
    drain: float = 90.0
    gone: float = 600.0
    delete: float = 20.0

    def waits(self) -> Iterator[float]:
        """Yield the waits between calls that fail, with jitter so that many steps do not come back at once."""
        wait = self.retry
        while True:
            yield wait * random.uniform(0.8, 1.2)
            wait = min(wait * 2, self.retry_most)


def insist(call: Callable[[], T], say: Callable[[str], None], pace: Pace, limit: float) -> T:
    """Return what ``call`` returns, asking again while the API server cannot serve it.

    Args:
        call: One request.
        say: Told once that the server does not answer.
        pace: Waits.
        limit: Seconds after which to give up.

    Raises:
        Refused: The server answered that it will not.
        Trouble: It could not serve the call within the limit.
    """
    end = time.monotonic() + limit
    for number, wait in enumerate(pace.waits()):
        try:
            return call()
        except Trouble as error:
            if time.monotonic() + wait > end:
                raise
            if not number:
                say(f"{error}; trying again for {limit:.0f} s")
        time.sleep(wait)
    raise AssertionError("waits() never ends")
