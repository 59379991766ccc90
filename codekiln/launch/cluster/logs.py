"""The log of rank 0's pod, copied into the step's own log: every line exactly once."""

import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.informer import Informer
from codekiln.launch.cluster.job_kinds import JobKind, Object, by_uid
from codekiln.launch.cluster.timeouts import Timeouts

TAIL = 20
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
# Standard output and standard error are stamped separately, so that neighbouring lines can be slightly out of order.
_OVERLAP = timedelta(seconds=1)


class LogCursor:
    """The position in a pod's log, for an API that resumes only at whole seconds and so repeats lines."""

    def __init__(self) -> None:
        self._read: Counter[str] = Counter()
        self._repeated: Counter[str] = Counter()
        self._since: datetime | None = None

    def reconnect(self) -> dict[str, str]:
        """Return the query for the rest of the log; the lines that it repeats will not count as new."""
        self._repeated = self._read.copy()
        return {"sinceTime": self._since.strftime("%Y-%m-%dT%H:%M:%SZ")} if self._since else {}

    def is_new(self, stamp: str) -> bool:
        """Return whether the line with this RFC 3339 timestamp was not read before; counts it as read."""
        # Counts, not a set: several lines can have the same timestamp.
        if self._repeated[stamp] > 0:
            self._repeated[stamp] -= 1
            return False
        self._read[stamp] += 1
        since = _second(stamp) - _OVERLAP
        if self._since is None or since > self._since:
            self._since = since
            self._read = Counter({key: count for key, count in self._read.items() if _second(key) >= since})
        return True


class LogFollower(threading.Thread):
    """Follows the log of rank 0, from one pod to its replacement, until the job has ended and all lines are read.

    Attributes:
        tail: The last lines.
    """

    def __init__(
        self, api: ClusterApi, kind: JobKind, pods: Informer, emit: Callable[[str], None], timeouts: Timeouts
    ) -> None:
        super().__init__(name="logs", daemon=True)
        self.api, self.kind, self.pods, self.emit, self.timeouts = api, kind, pods, emit, timeouts
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._cursors: dict[str, LogCursor] = {}
        self._done: set[str] = set()
        self._final_pods: tuple[Object, ...] = ()
        self._refusal_reported = False
        self._last_line = time.monotonic()
        self._job_ended = threading.Event()
        self._closed = threading.Event()

    @property
    def silent_seconds(self) -> float:
        """Seconds since the last line."""
        return time.monotonic() - self._last_line

    def finish(self, pods: Iterable[Object], seconds: float) -> None:
        """Wait until the whole log of a job that has ended is read.

        Args:
            pods: The job's pods as they are now; the informer may be behind.
            seconds: Limit of the wait.
        """
        self._final_pods = tuple(pods)
        self._job_ended.set()
        self.join(seconds)
        self.stop()

    def stop(self) -> None:
        """End the thread at its next line or wait, whatever is left to read."""
        self._closed.set()
        self._job_ended.set()  # it may wait for this one

    def run(self) -> None:
        """Read one pod after the other; wait where there is nothing to read."""
        while not self._closed.is_set():
            ended = self._job_ended.is_set()
            pods = self._unread_pods()
            for pod in pods:
                over = ended or pod is not pods[-1] or _is_finished(pod)
                if self._read(pod, follow=not over) and over:
                    self._done.add(pod["metadata"]["uid"])
            if ended and not self._unread_pods():
                return
            (self._closed if ended else self._job_ended).wait(self.timeouts.poll)

    def _unread_pods(self) -> list[Object]:
        pods = by_uid(self.pods.deleted.values(), self.pods.items.values(), self._final_pods).values()
        found = [pod for pod in pods if self.kind.is_rank_zero(pod) and _is_started(pod)]
        unread = [pod for pod in found if pod["metadata"]["uid"] not in self._done]
        return sorted(unread, key=lambda pod: pod["metadata"].get("creationTimestamp", ""))

    def _read(self, pod: Object, follow: bool) -> bool:
        """Emit the new lines of a pod's log; returns whether the log was read to its end."""
        cursor = self._cursors.setdefault(pod["metadata"]["uid"], LogCursor())
        query = {"container": self.kind.container, "timestamps": "true"} | cursor.reconnect()
        if follow:
            query["follow"] = "true"
        try:
            if self._is_replaced(pod):
                return True
            path = self.api.log_path(pod["metadata"]["name"])
            for line in self.api.stream_lines(path, query, self.timeouts.log_silence):
                if self._closed.is_set():
                    return False
                # A line without an end may be cut off; the next connection repeats all of it.
                if line.endswith(b"\n") or not follow:
                    self._emit(line.decode(errors="replace").rstrip("\n"), cursor)
        except RequestRefused as error:
            return self._is_over(error, follow)
        except ApiUnavailable:
            return False
        return True

    def _is_over(self, error: RequestRefused, follow: bool) -> bool:
        """Return whether a refused log will never be readable; reports once a refusal that is no normal condition."""
        if error.status not in (400, 404) and not self._refusal_reported:
            self._refusal_reported = True
            self.emit(f"the log of rank 0 cannot be read: {error}")
        # 400: the container does not exist yet or, for a pod that has ended, was never started.
        return error.status == 404 or (error.status == 400 and not follow)

    def _is_replaced(self, pod: Object) -> bool:
        # The replacement of a PyTorchJob's pod has the same name, and its log must not be taken for this pod's.
        now = self.api.pod(pod["metadata"]["name"])
        return now is None or now["metadata"]["uid"] != pod["metadata"]["uid"]

    def _emit(self, line: str, cursor: LogCursor) -> None:
        stamp, _, text = line.partition(" ")
        if not _STAMP.fullmatch(stamp):
            # A message of the kubelet, which is not part of the log.
            return
        if cursor.is_new(stamp):
            self._last_line = time.monotonic()
            self.tail.append(text)
            self.emit(text)


def _second(stamp: str) -> datetime:
    found = _STAMP.fullmatch(stamp)
    assert found, stamp
    return datetime.fromisoformat("".join(found.groups())).astimezone(UTC)


def _container_state(pod: Object) -> Object:
    statuses: list[Object] = pod.get("status", {}).get("containerStatuses") or [{}]
    state: Object = statuses[0].get("state", {})
    return state


def _is_started(pod: Object) -> bool:
    return "running" in _container_state(pod) or _is_finished(pod)


def _is_finished(pod: Object) -> bool:
    return "terminated" in _container_state(pod) or pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
