"""A step of a test: a request, waits short enough for a test, and what the step says."""

import threading
import time
from typing import Any

from codekiln.launch.pace import Pace
from codekiln.launch.pools import Pool
from codekiln.launch.request import JobRequest

QUICK = Pace(
    retry=0.01,
    retry_most=0.05,
    poll=0.02,
    watch=1,
    events=0.05,
    repeat=0.1,
    heartbeat=60,
    blocked=60,
    start=2,
    lost=60,
    quiet=0.2,
    log_silence=5,
    drain=5,
    gone=2,
)


def pool(**values: Any) -> Pool:
    """Return a pool with two accelerators on one node."""
    return Pool(**{"image": "codekiln/train:1", "runtime": "codekiln-a", "accelerators": 2, **values})


def request(pool_values: dict[str, Any] | None = None, **values: Any) -> JobRequest:
    """Return a request for a job of the step ``sft``."""
    defaults = {
        "name": "sft-0a1b2c3d4e",
        "step": "sft",
        "pool_name": "a",
        "pool": pool(**(pool_values or {})),
        "arguments": ("/codekiln/sft-0a1b2c3d4e",),
        "identity": "same",
    }
    return JobRequest(**(defaults | values))


class Said:
    """The lines that a step has said; a callable that takes the next one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._more:
            self.lines.append(line)
            self._more.notify_all()

    def __contains__(self, text: str) -> bool:
        return any(text in line for line in self.lines)

    def count(self, text: str) -> int:
        """Return how many lines contain a text."""
        return sum(text in line for line in self.lines)

    def wait(self, text: str, times: int = 1, seconds: float = 15) -> None:
        """Wait until a text has been said so many times."""
        end = time.monotonic() + seconds
        with self._more:
            while self.count(text) < times:
                assert self._more.wait(end - time.monotonic()), f"'{text}' is not said; but: {self.lines}"
