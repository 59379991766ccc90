"""The log of the pod of rank 0, in the step's own log: no line twice, none left out."""

import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from codekiln.launch.cluster.api import Api, Refused, Trouble
from codekiln.launch.cluster.informer import Mirror
from codekiln.launch.cluster.job_kinds import Kind, Object, by_uid
from codekiln.launch.cluster.timeouts import Pace

TAIL = 20
_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
# Standard output and standard error are stamped apart, so that neighbours can be slightly out of order.
_OVERLAP = timedelta(seconds=1)


class Cursor:
    """How far a pod's log has been read, for logs that can only be asked for by whole seconds."""

    def __init__(self) -> None:
        self._read: Counter[str] = Counter()
        self._again: Counter[str] = Counter()
        self._since: datetime | None = None

    def reconnect(self) -> dict[str, str]:
        """Return the query for the rest of the log; what it repeats will not count as new."""
        self._again = self._read.copy()
        return {"sinceTime": self._since.strftime("%Y-%m-%dT%H:%M:%SZ")} if self._since else {}

    def is_new(self, stamp: str) -> bool:
        """Return whether a line with this timestamp, as RFC 3339, was not read before; counts it as read."""
        if self._again[stamp] > 0:
            self._again[stamp] -= 1
            return False
        self._read[stamp] += 1
        since = _second(stamp) - _OVERLAP
        if self._since is None or since > self._since:
            self._since = since
            self._read = Counter({key: count for key, count in self._read.items() if _second(key) >= since})
        return True


class LogThread(threading.Thread):
    """Says what rank 0 logs, from one pod to the next, until the job has ended and all has been read.

    Attributes:
        tail: The last lines.
    """

    def __init__(self, api: Api, kind: Kind, pods: Mirror, say: Callable[[str], None], pace: Pace) -> None:
        super().__init__(name="logs", daemon=True)
        self.api, self.kind, self.pods, self.say, self.pace = api, kind, pods, say, pace
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._cursors: dict[str, Cursor] = {}
        self._done: set[str] = set()
        self._last: tuple[Object, ...] = ()
        self._said = False
        self._ended = threading.Event()
        self._closed = threading.Event()

    def finish(self, pods: Iterable[Object], seconds: float) -> None:
        """Wait until all has been read of a job that has ended.

        Args:
            pods: The job's pods as they are now; the mirror may be behind.
            seconds: Limit of the wait.
        """
        self._last = tuple(pods)
        self._ended.set()
        self.join(seconds)
        self._closed.set()

    def run(self) -> None:
        """Read pod after pod; waits where there is nothing to read."""
        while not self._closed.is_set():
            ended = self._ended.is_set()
            pods = self._unread()
            for pod in pods:
                over = ended or pod is not pods[-1] or _finished(pod)
                if self._read(pod, follow=not over) and over:
                    self._done.add(pod["metadata"]["uid"])
            if ended and not self._unread():
                return
            (self._closed if ended else self._ended).wait(self.pace.poll)

    def _unread(self) -> list[Object]:
        pods = by_uid(self.pods.gone.values(), self.pods.items.values(), self._last).values()
        found = [pod for pod in pods if self.kind.is_first(pod) and _started(pod)]
        unread = [pod for pod in found if pod["metadata"]["uid"] not in self._done]
        return sorted(unread, key=lambda pod: pod["metadata"].get("creationTimestamp", ""))

    def _read(self, pod: Object, follow: bool) -> bool:
        """Say what is new in a pod's log; returns whether the log was read to its end."""
        cursor = self._cursors.setdefault(pod["metadata"]["uid"], Cursor())
        query = {"container": self.kind.container, "timestamps": "true"} | cursor.reconnect()
        if follow:
            query["follow"] = "true"
        try:
            if self._is_another(pod):
                return True
            path = self.api.log_path(pod["metadata"]["name"])
            for line in self.api.lines(path, query, self.pace.log_silence):
                # A line without an end may be half of one; the next connection gets all of it.
                if line.endswith(b"\n") or not follow:
                    self._line(line.decode(errors="replace").rstrip("\n"), cursor)
        except Refused as error:
            if error.status not in (400, 404) and not self._said:
                self._said = True
                self.say(f"the log of rank 0 cannot be read: {error}")
            # Without a container there is no log: not yet, or, where the pod's time is over, never.
            return error.status == 404 or (error.status == 400 and not follow)
        except Trouble:
            return False
        return True

    def _is_another(self, pod: Object) -> bool:
        # The pods of a PyTorchJob keep their name over a restart.
        now = self.api.pod(pod["metadata"]["name"])
        return now is None or now["metadata"]["uid"] != pod["metadata"]["uid"]

    def _line(self, line: str, cursor: Cursor) -> None:
        stamp, _, text = line.partition(" ")
        if not _STAMP.fullmatch(stamp):
            # The kubelet's own words, which are no part of the log.
            return
        if cursor.is_new(stamp):
            self.tail.append(text)
            self.say(text)


def _second(stamp: str) -> datetime:
    found = _STAMP.fullmatch(stamp)
    assert found, stamp
    return datetime.fromisoformat("".join(found.groups())).astimezone(UTC)


def _state(pod: Object) -> dict[str, object]:
    statuses = pod.get("status", {}).get("containerStatuses") or [{}]
    return statuses[0].get("state", {})


def _started(pod: Object) -> bool:
    return "running" in _state(pod) or _finished(pod)


def _finished(pod: Object) -> bool:
    return "terminated" in _state(pod) or pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
