"""Says each change of a job's state once, and reminds of a state that lasts."""

import time
from collections.abc import Callable

from codekiln.launch.cluster.status import State
from codekiln.launch.cluster.timeouts import Pace


class Teller:
    """Remembers what has been said.

    Attributes:
        state: The state that the job was last seen in.
        since: When (``time.monotonic``) it came into it.
    """

    def __init__(self, about: str, say: Callable[[str], None], pace: Pace) -> None:
        self.about, self.say, self.pace = about, say, pace
        self.state = State("", "")
        self.since = self._said = time.monotonic()
        self._text = ""

    def tell(self, state: State) -> None:
        """Say a state if it is new, if its explanation has changed for a while, or if it has lasted for long."""
        now = time.monotonic()
        if state.name != self.state.name:
            self.since = now
            self._tell(state.text, now)
        elif state.text != self._text and now - self._said >= self.pace.repeat:
            self._tell(state.text, now)
        elif state.waits and now - self._said >= self.pace.heartbeat:
            self._tell(f"{state.text} (for {(now - self.since) / 60:.0f} minutes)", now)
            self._text = state.text
        self.state = state

    def _tell(self, text: str, now: float) -> None:
        self._said, self._text = now, text
        self.say(f"{self.about}: {text}")
