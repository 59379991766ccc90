"""Report each change of a job's state once, and remind of a state that lasts."""

import time
from collections.abc import Callable

from codekiln.launch.cluster.status import JobState
from codekiln.launch.cluster.timeouts import Timeouts


class StatusReporter:
    """Turns observed states into lines of the step's log.

    Attributes:
        state: State that the job was last seen in.
        since: When (``time.monotonic``) the job entered it.
    """

    def __init__(self, about: str, emit: Callable[[str], None], timeouts: Timeouts) -> None:
        self.about, self.emit, self.timeouts = about, emit, timeouts
        self.state = JobState("", "")
        self.since = self._reported_at = time.monotonic()
        self._text = ""

    def report(self, state: JobState) -> None:
        """Report a state that is new, whose explanation has changed, or that has lasted long."""
        now = time.monotonic()
        if state.name != self.state.name:
            self.since = now
            self._emit(state.text, now)
        elif state.text != self._text and (self._is_first_reason(state) or self._is_due(now)):
            self._emit(state.text, now)
        elif state.is_waiting and now - self._reported_at >= self.timeouts.reminder:
            self._emit(f"{state.text} (for {(now - self.since) / 60:.0f} minutes)", now)
            # Without the duration, which would make the next look seem a change.
            self._text = state.text
        self.state = state

    def _is_first_reason(self, state: JobState) -> bool:
        # Why a job waits is known a moment after it waits; readers want it then.
        return state.text.startswith(f"{self._text}, ")

    def _is_due(self, now: float) -> bool:
        return now - self._reported_at >= self.timeouts.repeat

    def _emit(self, text: str, now: float) -> None:
        self._reported_at, self._text = now, text
        self.emit(f"{self.about}: {text}")
