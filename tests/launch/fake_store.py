"""The objects of the fake API server, and what its writes do to them."""

import copy
import threading
from collections.abc import Callable
from typing import Any

from tests import crds
from tests.launch.fake_events import check_event
from tests.launch.fake_objects import JOB_LABELS, TRACKED, Answer, Object, completed, key_of, merged, now

EVENTS = ("", "events")


class Store:
    """Objects by resource and name, and the history that watches read.

    Attributes:
        kueue: Whether jobs that name a queue are suspended as they are created.
        linger: Seconds for which pods outlive their job.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.objects: dict[tuple[str, str], dict[str, Object]] = {}
        self.history: list[tuple[int, tuple[str, str], str, Object]] = []
        self.version, self.oldest = 100, 0
        self.kueue = True
        self.linger = 0.05

    def put(self, body: Object) -> Object:
        """Create or replace an object as a controller would; returns what is stored."""
        with self.lock:
            key = key_of(body)
            there = self.objects.setdefault(key, {})
            kind = "MODIFIED" if body["metadata"]["name"] in there else "ADDED"
            stored = completed(copy.deepcopy(body))
            self._store(kind, key, stored)
            return copy.deepcopy(stored)

    def update(self, body: Object, change: Callable[[Object], Any]) -> Object:
        """Change an object in place, by its kind and name."""
        with self.lock:
            stored = copy.deepcopy(self.objects[key_of(body)][body["metadata"]["name"]])
            change(stored)
            return self.put(stored)

    def remove(self, body: Object) -> None:
        """Let an object be gone."""
        with self.lock:
            key, name = key_of(body), body["metadata"]["name"]
            if name in self.objects.get(key, {}):
                self._store("DELETED", key, copy.deepcopy(self.objects[key][name]))
                del self.objects[key][name]

    def pods_of(self, job: Object) -> list[Object]:
        """Return the pods of a job."""
        label = JOB_LABELS[job["kind"]][0]
        with self.lock:
            pods = self.objects.get(("", "pods"), {}).values()
            found = [pod for pod in pods if pod["metadata"].get("labels", {}).get(label) == job["metadata"]["name"]]
            return copy.deepcopy(found)

    def _store(self, kind: str, key: tuple[str, str], stored: Object) -> None:
        with self.changed:
            self.version += 1
            stored["metadata"]["resourceVersion"] = str(self.version)
            self.objects.setdefault(key, {})[stored["metadata"]["name"]] = stored
            self.history.append((self.version, key, kind, copy.deepcopy(stored)))
            self.changed.notify_all()

    def create(self, key: tuple[str, str], body: Object) -> Object:
        """Store a new object as an API server does.

        Raises:
            Answer: It exists, or it is not valid.
        """
        if key == EVENTS:
            check_event(body)
        with self.lock:
            name = body["metadata"]["name"]
            if name in self.objects.get(key, {}):
                raise Answer(409, "AlreadyExists", f'{key[1]}.{key[0]} "{name}" already exists')
            if crds.has(body) and (wrong := crds.errors(body)):
                raise Answer(422, "Invalid", f'{body["kind"]} "{name}" is invalid: {"; ".join(wrong)}')
            if self.kueue and "kueue.x-k8s.io/queue-name" in body["metadata"].get("labels", {}):
                body["spec"].get("runPolicy", body["spec"])["suspend"] = True
            return self.put(body)

    def patch(self, key: tuple[str, str], name: str, body: Object) -> Object:
        """Apply a merge patch; one that names another uid or resource version is a conflict."""
        with self.lock:
            stored = self._found(key, name)
            self._require(stored, body.get("metadata", {}))
            changed = merged(copy.deepcopy(stored), body)
            if key == EVENTS:
                check_event(changed)
            return self.put(changed)

    def _found(self, key: tuple[str, str], name: str) -> Object:
        stored = self.objects.get(key, {}).get(name)
        if stored is None:
            raise Answer(404, "NotFound", f'{key[1]} "{name}" not found')
        return stored

    @staticmethod
    def _require(stored: Object, preconditions: Object) -> None:
        for field in ("uid", "resourceVersion"):
            if preconditions.get(field, stored["metadata"][field]) != stored["metadata"][field]:
                raise Answer(409, "Conflict", f"the {field} in the precondition does not match")

    def delete(self, key: tuple[str, str], name: str, options: Object) -> Object:
        """Delete an object; in the foreground it goes after its pods, which linger."""
        with self.lock:
            stored = self._found(key, name)
            self._require(stored, options.get("preconditions") or {})
            if key == ("", "pods") and TRACKED in stored["metadata"].get("finalizers", ()):
                # It stays until the Job controller has counted it, which with a podFailurePolicy is once it has failed.
                self.update(stored, lambda each: each["metadata"].setdefault("deletionTimestamp", now()))
                if stored["status"]["phase"] not in ("Failed", "Succeeded"):
                    return stored
            pods = self.pods_of(stored) if stored["kind"] in JOB_LABELS else []
            if options.get("propagationPolicy") == "Foreground":
                self.update(stored, lambda each: each["metadata"].update(deletionTimestamp=now()))
                threading.Timer(self.linger, lambda: [self.remove(each) for each in (*pods, stored)]).start()
            else:
                self.remove(stored)
                threading.Timer(self.linger, lambda: [self.remove(each) for each in pods]).start()
            return {"kind": "Status", "apiVersion": "v1", "status": "Success"}
