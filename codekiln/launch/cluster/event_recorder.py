"""Events on a job for what the step learns about it and no controller says."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.forbidden import FORBIDDEN
from codekiln.launch.cluster.job_kinds import JobKind, Object
from codekiln.launch.cluster.timeouts import Timeouts
from codekiln.launch.objects.event import EventType, event, one_line

# As in Kubernetes' own recorder: after so many events of one reason, further ones become repetitions of the last.
SIMILAR = 10
_SIMILAR = "(combined from similar events): "
_WAITING = 100
# Once the step ends, an API server that has not answered so often is not asked again.
_LAST_ATTEMPTS = 3


class EventRecorder(threading.Thread):
    """Records events from a thread of its own, so that nothing waits for them; the oldest go if they pile up.

    One that repeats is one event with a count. What the API server refuses is said once; nothing else depends on it.

    Args:
        api: The API server.
        kind: Kind of the jobs.
        emit: Gets the line that says that events cannot be recorded.
        timeouts: Waits between attempts, and the longest wait at the end.
    """

    def __init__(self, api: ClusterApi, kind: JobKind, emit: Callable[[str], None], timeouts: Timeouts) -> None:
        super().__init__(name="events", daemon=True)
        self.api, self.kind, self.emit, self.timeouts = api, kind, emit, timeouts
        self._entries: deque[dict[str, Any]] = deque(maxlen=_WAITING)
        self._changed = threading.Condition()
        self._closed = self._over = self._refusal_said = False
        # By uid of the job, reason and message: the name of the event, and how often it has been said.
        self._known: dict[tuple[str, str, str], tuple[str, int]] = {}

    def record(self, job: Object, type_: EventType, reason: str, message: str) -> None:
        """Record an event about a job; returns at once."""
        made = event(self.kind, job, type_, reason, message)
        with self._changed:
            self._entries.append(made)
            self._changed.notify()
        if self.ident is None:
            self.start()

    def close(self) -> None:
        """Record what is left, for as long as the API server answers and ``timeouts.recording`` allows."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        try:
            if self.ident is not None:
                self.join(self.timeouts.recording)
        finally:
            with self._changed:
                self._over = True
                self._changed.notify()

    def run(self) -> None:
        """Record one event after the other until the recorder is closed."""
        failures = 0
        while (made := self._next()) is not None:
            try:
                self._record(made)
            except ApiUnavailable:
                failures += 1
                if self._closed and failures >= _LAST_ATTEMPTS:
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, self.timeouts.backoff(failures))
                continue
            except RequestRefused as error:
                self._refused(error)
                if error.status == FORBIDDEN:
                    return
            failures = 0
            self._remove(made)

    def _next(self) -> dict[str, Any] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._closed)
            return self._entries[0] if self._entries and not self._over else None

    def _remove(self, made: dict[str, Any]) -> None:
        with self._changed:
            # It may have been dropped for a newer one.
            if self._entries and self._entries[0] is made:
                self._entries.popleft()

    def _record(self, made: dict[str, Any]) -> None:
        about, message = (made["involvedObject"]["uid"], made["reason"]), made["message"]
        similar = [key for key in self._known if key[:2] == about]
        key = (*about, message)
        if key in self._known:
            self._repeat(key, made, {})
        elif len(similar) >= SIMILAR:
            self._repeat(similar[-1], made, {"message": one_line(_SIMILAR + message)})
        else:
            self._create(key, made)

    def _create(self, key: tuple[str, str, str], made: dict[str, Any]) -> None:
        try:
            self.api.create_event(made)
        except RequestRefused as error:
            # An earlier call for it took effect, and its answer was lost.
            if error.status != 409:
                raise
        self._known[key] = made["metadata"]["name"], 1

    def _repeat(self, key: tuple[str, str, str], made: dict[str, Any], change: dict[str, Any]) -> None:
        name, count = self._known[key]
        try:
            self.api.patch_event(name, {"count": count + 1, "lastTimestamp": made["lastTimestamp"], **change})
            self._known[key] = name, count + 1
        except RequestRefused as error:
            if error.status != 404:
                raise
            # Events live for an hour.
            self._create(key, made)

    def _refused(self, error: RequestRefused) -> None:
        if self._refusal_said:
            return
        self._refusal_said = True
        role = "; the Role is from an older chart: `helm upgrade`" if error.status == FORBIDDEN else ""
        self.emit(f"events about this job cannot be recorded, and it goes on without: {error}{role}")
