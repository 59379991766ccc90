"""Report each change of a job's state once, and remind of a state that lasts."""

import time
from collections.abc import Callable

from codekiln.launch.cluster.status import JobState
from codekiln.launch.cluster.timeouts import Timeouts
from codekiln.launch.observer import JobObserver


class StatusReporter:
    """Turns observed states into lines of the step's log.

    Args:
        about: The job.
        emit: Gets the lines.
        timeouts: Intervals.
        observer: Is told of each state.
        on_report: Called with each state that gets a line.

    Attributes:
        state: State that the job was last seen in.
        since: When (``time.monotonic``) the job entered it.
    """

    def __init__(
        self,
        about: str,
        emit: Callable[[str], None],
        timeouts: Timeouts,
        observer: JobObserver | None = None,
        on_report: Callable[[JobState], None] = lambda state: None,
    ) -> None:
        self.about, self.emit, self.timeouts, self.on_report = about, emit, timeouts, on_report
        self.observer = observer or JobObserver()
        self.state = JobState("", "")
        self.since = self._reported_at = time.monotonic()
        self._text = ""

    def report(self, state: JobState, progress: str = "") -> None:
        """Report a state that is new, whose explanation has changed, or that has lasted long.

        Args:
            state: The state.
            progress: How far the job is, where its log does not say it; for the lines about a state that lasts.
        """
        now = time.monotonic()
        self.observer.seen(state)
        if state.name != self.state.name:
            self.since = now
            self._emit(state, state.text, now)
        elif state.text != self._text and (self._is_first_reason(state) or self._is_due(now)):
            self._emit(state, state.text, now)
        elif (state.is_waiting or progress) and now - self._reported_at >= self.timeouts.reminder:
            lasting = f"for {(now - self.since) / 60:.0f} minutes" + (f"; {progress}" if progress else "")
            self._emit(state, f"{state.text} ({lasting})", now)
            # Without the duration, which would make the next look seem a change.
            self._text = state.text
        self.state = state

    def _is_first_reason(self, state: JobState) -> bool:
        # Why a job waits is known a moment after it waits; readers want it then.
        return state.text.startswith(f"{self._text}, ")

    def _is_due(self, now: float) -> bool:
        return now - self._reported_at >= self.timeouts.repeat

    def _emit(self, state: JobState, text: str, now: float) -> None:
        self._reported_at, self._text = now, text
        self.emit(f"{self.about}: {text}")
        self.on_report(state)
