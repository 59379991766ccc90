"""Timeouts and intervals of launching, and retries within them; tests use shorter ones."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay

from codekiln.launch.cluster.api import ApiUnavailable
from codekiln.launch.cluster.forbidden import FORBIDDEN

T = TypeVar("T")


@dataclass(frozen=True)
class Timeouts:
    """Timeouts and intervals in seconds.

    Attributes:
        retry_min: Wait after the first call that fails; it doubles with every further one.
        retry_max: Longest wait between two calls that fail.
        poll: Interval at which something that is not watched is read.
        watch: Duration after which the API server ends a watch and a new one follows.
        events: Interval at which events are read while a job waits.
        repeat: Shortest interval between two lines about a state whose explanation keeps changing.
        reminder: Interval at which a state that lasts is reported again.
        blocked: Limit for a job whose image, configuration or volume is not available.
        start: Limit for an API server that cannot be reached before the job exists.
        lost: The same, once the job exists; the job keeps running.
        forbidden: Time for which RBAC has to forbid a call until that is final: an API server that has just started
            forbids what it allows soon after.
        settle: Age of a problem before it is reported: many are over in less time.
        log_silence: Time without a log line after which the log is requested again, since its connection may be dead.
        drain: Limit for the log to arrive after the job has ended.
        cleanup: Limit for an API server that cannot be reached when a job has to be deleted.
        recording: Limit for the last events to be recorded when the step ends.
        deletion: Limit, beyond a pool's grace_seconds, for a deleted job and its pods to disappear.
    """

    retry_min: float = 1.0
    retry_max: float = 30.0
    poll: float = 2.0
    watch: float = 120.0
    events: float = 30.0
    repeat: float = 60.0
    reminder: float = 600.0
    blocked: float = 900.0
    start: float = 900.0
    lost: float = 3600.0
    forbidden: float = 10.0
    settle: float = 30.0
    log_silence: float = 60.0
    drain: float = 90.0
    deletion: float = 600.0
    cleanup: float = 20.0
    recording: float = 5.0

    def backoff(self, failures: int) -> float:
        """Return the wait after a failure: exponential, with jitter so that many steps do not retry at the same time.

        Args:
            failures: Number of failures since the last success, at least 1.
        """
        # The exponent is capped because a float overflows after some thousand failures.
        wait = min(self.retry_min * 2.0 ** min(failures - 1, 30), self.retry_max)
        return wait * random.uniform(0.8, 1.2)


def retry_while_unavailable(call: Callable[[], T], emit: Callable[[str], None], timeouts: Timeouts, limit: float) -> T:
    """Return what ``call`` returns, repeating it while the API server cannot serve it.

    Args:
        call: One request.
        emit: Gets one line when the first attempt fails.
        timeouts: Waits between attempts.
        limit: Seconds after which no further attempt starts.

    Raises:
        RequestRefused: The server refuses the request.
        ApiUnavailable: It could not serve the request within the limit.
    """

    def report(attempt: RetryCallState) -> None:
        if attempt.attempt_number == 1 and attempt.outcome:
            error = attempt.outcome.exception()
            how_long = timeouts.forbidden if getattr(error, "status", 0) == FORBIDDEN else limit
            emit(f"{error}; trying again for {how_long:.0f} s")

    retrying = Retrying(
        retry=retry_if_exception_type(ApiUnavailable),
        wait=lambda attempt: timeouts.backoff(attempt.attempt_number),
        stop=stop_before_delay(limit),
        before_sleep=report,
        reraise=True,
    )
    return retrying(call)
