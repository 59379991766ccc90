"""Report each change of a job's state once, and remind of a state that lasts."""

import time
from collections.abc import Callable

from codekiln.launch.cluster.status import JobState
from codekiln.launch.cluster.timeouts import Timeouts
from codekiln.launch.observer import JobObserver


class StatusReporter:
    """Turns observed states into lines of the step's log.

    Attributes:
        state: State that the job was last seen in.
        since: When (``time.monotonic``) the job entered it.
    """

    def __init__(
        self, about: str, emit: Callable[[str], None], timeouts: Timeouts, observer: JobObserver | None = None
    ) -> None:
        self.about, self.emit, self.timeouts = about, emit, timeouts
        self.observer = observer or JobObserver()
        self.state = JobState("", "")
        self.since = self._reported_at = time.monotonic()
        self._text = ""

    def report(self, state: JobState) -> None:
        """Report a state that is new, whose explanation has changed, or that has lasted long."""
        now = time.monotonic()
        self.observer.seen(state)
        if state.name != self.state.name:
            self.since = now
            self._emit(state.text, now)
        elif state.text != self._text and now - self._reported_at >= self.timeouts.repeat:
            self._emit(state.text, now)
        elif state.is_waiting and now - self._reported_at >= self.timeouts.reminder:
            self._emit(f"{state.text} (for {(now - self.since) / 60:.0f} minutes)", now)
            # Without the duration, which would make the next look seem a change.
            self._text = state.text
        self.state = state

    def _emit(self, text: str, now: float) -> None:
        self._reported_at, self._text = now, text
        self.emit(f"{self.about}: {text}")
