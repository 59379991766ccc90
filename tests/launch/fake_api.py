"""A Kubernetes API server for tests, which the real client talks to over HTTP.

It stores objects, answers get, list, watch, create, merge patch and delete as an API server does (resource versions,
404, 409, 410, 422, field and label selectors, chunked watch streams, preconditions and propagation of deletions), and
serves pod logs with ``follow``, ``sinceTime``, ``tailLines`` and ``timestamps``. TrainJobs and PyTorchJobs are checked
as ``tests/crds.py`` says, and suspended on creation where they name a queue, unless ``kueue`` is False. Events are
checked as ``fake_events.py`` says. There is no controller: a test plays it, through ``put``, ``pod``, ``condition``,
``event``, ``log``, from its own thread or from ``script``.

What goes wrong is scripted too: ``fail`` (the next calls that match), ``hold`` (one request waits), ``outage`` (no
answers at all), ``break_streams``, ``forget`` (410 for what is older), ``token`` (401 without it) and ``denied`` (403,
and "no" to access reviews).

Every request is in ``calls`` as (API group, resource, verb), the form of a Role's rule.

    with FakeApi(tmp_path) as api:
        monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig))
"""

import copy
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from tests.launch import go_client
from tests.launch.fake_objects import (
    NAMESPACE,
    PATIENCE,
    SERVED,
    Answer,
    Fault,
    Hold,
    LogLine,
    Object,
    is_deleting,
    key_of,
    now,
    pod_object,
    pod_status,
    precise_now,
)
from tests.launch.fake_server import Handler
from tests.launch.fake_store import Store

__all__ = ["NAMESPACE", "SERVED", "FakeApi", "now"]


class FakeApi(Store):
    """The server; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.logs: dict[str, list[LogLine]] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.faults: list[Fault] = []
        self.holds: list[Hold] = []
        self.denied: set[tuple[str, str, str]] = set()
        self.unserved: set[tuple[str, str, str]] = set()
        self.token = ""
        self.down = False
        self.roles_loaded = 0.0
        self.epoch = 0
        self.break_mid_line = self.break_clean = False
        self.kubeconfig = folder / "kubeconfig"
        self._scripts: list[tuple[threading.Thread, list[BaseException]]] = []

    def __enter__(self) -> "FakeApi":
        handler = type("Handler", (Handler,), {"api": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.write_kubeconfig("first")
        return self

    def __exit__(self, *error: Any) -> None:
        for thread, errors in self._scripts:
            thread.join(2 * PATIENCE)
            if error[0] is None:
                assert not thread.is_alive(), "the script still waits for something"
                for each in errors:
                    raise each
        self.break_streams()
        self.server.shutdown()
        self.server.server_close()

    def write_kubeconfig(self, token: str) -> None:
        """Write the file that ``$KUBECONFIG`` should name, with a token in it."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}],
            "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{self.server.server_port}"}}],
            "users": [{"name": "test", "user": {"token": token}}],
        }
        self.kubeconfig.write_text(yaml.safe_dump(config))

    # What a test scripts.

    def script(self, play: Callable[["FakeApi"], None]) -> None:
        """Run ``play`` in a thread; what it raises comes out at the end of the server's block."""
        errors: list[BaseException] = []

        def guarded() -> None:
            try:
                play(self)
            except BaseException as error:
                errors.append(error)
                # Else the step would wait for ever for what the script does no more.
                for job in self.jobs():
                    self.condition(job, "Failed", "ScriptFailed", str(error))

        thread = threading.Thread(target=guarded, daemon=True)
        self._scripts.append((thread, errors))
        thread.start()

    def wait(self, check: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Return the first true value of ``check``, looking after every change."""
        end = time.monotonic() + seconds
        while not (found := check()):
            assert time.monotonic() < end, "what the script waits for does not come"
            time.sleep(0.005)
        return found

    def wait_job(self, name: str = "") -> Object:
        """Return a job as soon as there is one that is not being deleted."""
        return self.wait(lambda: next((job for job in self.jobs(name) if not is_deleting(job)), None))

    def jobs(self, name: str = "") -> list[Object]:
        """Return the TrainJobs and PyTorchJobs there are."""
        with self.lock:
            kinds = (("trainer.kubeflow.org", "trainjobs"), ("kubeflow.org", "pytorchjobs"))
            found = [job for key in kinds for job in self.objects.get(key, {}).values()]
            return copy.deepcopy([job for job in found if name in ("", job["metadata"]["name"])])

    def count(self, verb: str, resource: str) -> int:
        """Return how many requests there were of a verb on a resource."""
        return sum(call[1:] == (resource, verb) for call in self.calls)

    def recorded(self, *reasons: str) -> list[Object]:
        """Return the events that codekiln has recorded, in that order, those of some reasons or all."""
        with self.lock:
            events = [each for each in self.objects.get(("", "events"), {}).values() if each.get("source")]
            return copy.deepcopy([each for each in events if not reasons or each["reason"] in reasons])

    def condition(self, job: Object, kind: str, reason: str = "", message: str = "", status: str = "True") -> None:
        """Set a condition of a job."""

        def change(stored: Object) -> None:
            conditions = stored.setdefault("status", {}).setdefault("conditions", [])
            conditions[:] = [each for each in conditions if each["type"] != kind]
            conditions.append(
                {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": now()}
            )

        self.update(job, change)

    def suspend(self, job: Object, suspended: bool) -> None:
        """Suspend or resume a job as Kueue does, a Go client; its pods go when it is suspended.

        Raises:
            Answer: The change is refused, so that the job stays as it is.
        """

        def change(stored: Object) -> None:
            stored["spec"].get("runPolicy", stored["spec"])["suspend"] = suspended

        with self.lock:
            stored = self.objects[key_of(job)][job["metadata"]["name"]]
            written = go_client.updated(stored, change)
            if wrong := go_client.refusals(stored, written):
                raise Answer(422, "Invalid", f'{job["kind"]} "{job["metadata"]["name"]}" is invalid: {wrong}')
            self.put(written)
        if suspended:
            for pod in self.pods_of(job):
                self.remove(pod)

    def pod(self, job: Object, rank: int = 0, suffix: str = "", **status: Any) -> Object:
        """Create the pod of a node of a job; ``status`` as ``pod_status`` takes it."""
        return self.put(pod_object(job, rank, suffix, **status))

    def set_pod(self, pod: Object, **status: Any) -> None:
        """Give a pod another status."""
        container = pod["spec"]["containers"][0]["name"]
        self.update(pod, lambda stored: stored.update(status=pod_status(container, **status)))

    def event(
        self, kind: str, name: str, reason: str, message: str, type: str = "Warning", later: float = 0, uid: str = ""
    ) -> None:
        """Record an event about an object, so many seconds later than now."""
        self.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.{uuid4().hex[:8]}"},
                "involvedObject": {"kind": kind, "name": name} | ({"uid": uid} if uid else {}),
                "reason": reason,
                "message": message,
                "type": type,
                "lastTimestamp": now(later),
            }
        )

    def log(self, pod: Object, *texts: str, stamp: str = "") -> None:
        """Let a pod write lines, each at its own time or all at ``stamp``."""
        with self.changed:
            lines = self.logs.setdefault(pod["metadata"]["uid"], [])
            lines.extend(LogLine(stamp or precise_now(), text) for text in texts)
            self.changed.notify_all()

    # What goes wrong.

    def fail(
        self, verb: str, resource: str, status: int, times: int = 1, done: bool = False, message: str = "", reason=""
    ) -> None:
        """Let the next requests of a verb on a resource fail; see Fault."""
        with self.lock:
            self.faults.append(Fault(verb, resource, status, times, done, message or f"scripted {status}", reason))

    def hold(self, verb: str, resource: str, done: bool = False) -> "Hold":
        """Let the next request of a verb on a resource wait until the test lets it go on.

        Args:
            verb: Verb to match.
            resource: Resource to match.
            done: Whether it takes effect before it waits, so that only the answer is late.
        """
        held = Hold(verb, resource, done)
        with self.lock:
            self.holds.append(held)
        return held

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Answer nothing and break all streams, as while an API server is replaced."""
        self.down = True
        self.break_streams()
        try:
            yield
        finally:
            self.down = False

    def start_again(self, seconds: float) -> None:
        """Break all streams, and forbid everything for a time: a server answers before it has loaded its roles."""
        self.roles_loaded = time.monotonic() + seconds
        self.break_streams()

    def break_streams(self, mid_line: bool = False, clean: bool = False) -> None:
        """Break every stream, inside a line if ``mid_line``; if ``clean``, as if it had come to its end."""
        with self.changed:
            self.break_mid_line, self.break_clean = mid_line, clean
            self.epoch += 1
            self.changed.notify_all()

    def forget(self) -> None:
        """Answer 410 to watches that start from any version so far."""
        with self.lock:
            self.version += 1
            self.oldest = self.version
