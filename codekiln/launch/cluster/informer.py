"""A local copy of some of the cluster's objects, kept up to date through list and watch."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.timeouts import Timeouts

_EXPIRED = 410


class Informer(threading.Thread):
    """Watches a list of objects until it is stopped, through restarts of the API server and dropped connections.

    Attributes:
        items: Objects that exist, by uid, in the order in which they were first seen.
        deleted: Objects that were deleted, by uid, as they were last seen.
        synced: Whether the whole list was read at least once; before that nothing is known.
        failing_since: Since when (``time.monotonic``) every call has failed; None: the last one succeeded.
        error: The last failure of a call.
        crash: The exception that ended the thread, if it was not a failure of a call.
    """

    def __init__(
        self, api: ClusterApi, path: str, query: Mapping[str, str], on_change: Callable[[], None], timeouts: Timeouts
    ) -> None:
        super().__init__(name=f"watch {path}", daemon=True)
        self.api, self.path, self.query, self.on_change, self.timeouts = api, path, dict(query), on_change, timeouts
        self.items: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, dict[str, Any]] = {}
        self.synced = False
        self.failing_since: float | None = None
        self.error: Exception | None = None
        self.crash: Exception | None = None
        self._failures = 0
        self._stopped = threading.Event()

    @property
    def failing_seconds(self) -> float:
        """Seconds since calls began to fail; 0 while they succeed."""
        since = self.failing_since
        return time.monotonic() - since if since is not None else 0.0

    def stop(self) -> None:
        """End the thread at its next line or wait."""
        self._stopped.set()

    def run(self) -> None:
        """List, then watch from there; list again only where the server has forgotten the version."""
        version = ""
        while not self._stopped.is_set():
            try:
                version = self._watch(version) if version else self._list()
            except (ApiUnavailable, RequestRefused) as error:
                if isinstance(error, RequestRefused) or error.status == _EXPIRED:
                    version = ""
                self._failed(error)
            except Exception as error:
                # The monitor raises this: a thread that dies unnoticed would leave the step waiting for ever.
                self.crash = error
                self.on_change()
                return

    def _list(self) -> str:
        """Read the whole list and return its resource version."""
        answer = self.api.list_objects(self.path, self.query)
        found = {item["metadata"]["uid"]: item for item in answer["items"]}
        # These deletions happened while nothing was watched, so no event reports them.
        self.deleted = self.deleted | {uid: item for uid, item in self.items.items() if uid not in found}
        self.items = found
        self.synced = True
        self._succeeded()
        self.on_change()
        version: str = answer["metadata"]["resourceVersion"]
        return version

    def _watch(self, version: str) -> str:
        """Watch from a resource version until the stream ends; returns the version to continue from."""
        query = self.query | {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(self.timeouts.watch))),
        }
        started, seen = time.monotonic(), version
        try:
            for line in self.api.stream_lines(self.path, query, self.timeouts.watch + 10):
                if self._stopped.is_set():
                    return seen
                seen = self._handle(_parse(line)) or seen
                self._succeeded()
        except ApiUnavailable as error:
            if error.status == _EXPIRED:
                raise
            self._failed(error)
            return seen
        if time.monotonic() - started < self.timeouts.retry_min and seen == version:
            # A server that is shutting down ends watches at once; without a pause this would be a busy loop.
            self._stopped.wait(self.timeouts.retry_min)
        self._succeeded()
        return seen

    def _handle(self, event: dict[str, Any]) -> str:
        """Apply a watch event and return its resource version."""
        item = event["object"]
        if event["type"] == "ERROR":
            raise ApiUnavailable(item.get("message", "the watch failed"), item.get("code", 500))
        if event["type"] != "BOOKMARK":
            uid = item["metadata"]["uid"]
            # New dicts instead of changes in place: other threads iterate over the old ones.
            if event["type"] == "DELETED":
                self.items = {key: value for key, value in self.items.items() if key != uid}
                self.deleted = self.deleted | {uid: item}
            else:
                self.items = self.items | {uid: item}
            self.on_change()
        version: str = item["metadata"]["resourceVersion"]
        return version

    def _succeeded(self) -> None:
        self.failing_since, self._failures = None, 0

    def _failed(self, error: Exception) -> None:
        self.error = error
        if self.failing_since is None:
            self.failing_since = time.monotonic()
        self.on_change()
        self._failures += 1
        # Not tenacity: one event that arrives resets the backoff, and the wait has to end when the thread is stopped.
        self._stopped.wait(self.timeouts.backoff(self._failures))


def _parse(line: bytes) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        raise ApiUnavailable("the watch broke off inside a line") from None
    return event
