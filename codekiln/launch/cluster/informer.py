"""A copy of some of the cluster's objects, kept up to date through list and watch."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from codekiln.launch.cluster.api import Api, Refused, Trouble
from codekiln.launch.cluster.timeouts import Pace

_EXPIRED = 410


class Mirror(threading.Thread):
    """Follows a list of objects until it is stopped, through restarts of the API server and dropped connections.

    Attributes:
        items: The objects there are, by uid, in the order in which they were first seen.
        gone: Objects that have been deleted, by uid, as they were last seen.
        lists: How often the whole list was read; 0: nothing is known yet.
        failing_since: Since when (``time.monotonic``) no call has succeeded; None: contact is good.
        error: The last failure.
        crash: What ended the thread, if it was no failure of a call.
    """

    def __init__(self, api: Api, path: str, query: Mapping[str, str], changed: Callable[[], None], pace: Pace) -> None:
        super().__init__(name=f"watch {path}", daemon=True)
        self.api, self.path, self.query, self.changed, self.pace = api, path, dict(query), changed, pace
        self.items: dict[str, dict[str, Any]] = {}
        self.gone: dict[str, dict[str, Any]] = {}
        self.lists = 0
        self.failing_since: float | None = None
        self.error: Exception | None = None
        self.crash: Exception | None = None
        self._waits = pace.waits()
        self._stopped = threading.Event()

    @property
    def silent(self) -> float:
        """Seconds since calls began to fail; 0 while contact is good."""
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
            except (Trouble, Refused) as error:
                if isinstance(error, Refused) or error.status == _EXPIRED:
                    version = ""
                self._failed(error)
            except Exception as error:
                # A thread that died in silence would leave the step waiting for ever.
                self.crash = error
                self.changed()
                return

    def _list(self) -> str:
        answer = self.api.listing(self.path, self.query)
        found = {item["metadata"]["uid"]: item for item in answer["items"]}
        self.gone = self.gone | {uid: item for uid, item in self.items.items() if uid not in found}
        self.items = found
        self.lists += 1
        self._succeeded()
        self.changed()
        return answer["metadata"]["resourceVersion"]

    def _watch(self, version: str) -> str:
        query = self.query | {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(max(1, round(self.pace.watch))),
        }
        started, seen = time.monotonic(), version
        try:
            for line in self.api.lines(self.path, query, self.pace.watch + 10):
                if self._stopped.is_set():
                    return seen
                seen = self._event(_parsed(line)) or seen
                self._succeeded()
        except Trouble as error:
            if error.status == _EXPIRED:
                raise
            self._failed(error)
            return seen
        if time.monotonic() - started < self.pace.retry and seen == version:
            # A server that is going down ends watches at once.
            self._stopped.wait(self.pace.retry)
        self._succeeded()
        return seen

    def _event(self, event: dict[str, Any]) -> str:
        item = event["object"]
        if event["type"] == "ERROR":
            raise Trouble(item.get("message", "the watch failed"), item.get("code", 500))
        if event["type"] != "BOOKMARK":
            uid = item["metadata"]["uid"]
            if event["type"] == "DELETED":
                self.items = {key: value for key, value in self.items.items() if key != uid}
                self.gone = self.gone | {uid: item}
            else:
                self.items = self.items | {uid: item}
            self.changed()
        return item["metadata"]["resourceVersion"]

    def _succeeded(self) -> None:
        self.failing_since, self._waits = None, self.pace.waits()

    def _failed(self, error: Exception) -> None:
        self.error = error
        if self.failing_since is None:
            self.failing_since = time.monotonic()
        self.changed()
        self._stopped.wait(next(self._waits))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        return json.loads(line)
    except ValueError:
        raise Trouble("the watch broke off inside a line") from None
