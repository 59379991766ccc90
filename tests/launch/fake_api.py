"""A Kubernetes API server for tests, which the real client talks to over HTTP.

It stores objects, answers get, list, watch, create and delete as an API server does (resource versions, 404, 409, 410,
422, field and label selectors, chunked watch streams, deletion with preconditions and propagation), and serves pod logs
with ``follow``, ``sinceTime``, ``tailLines`` and ``timestamps``. TrainJobs and PyTorchJobs are checked against their
definitions, where those are at hand (see ``tests/crds.py``). There is no controller: a test plays it, through ``put``,
``pod``, ``condition``, ``event``, ``log``, from its own thread or from ``script``.

What goes wrong is scripted too: ``fail`` (the next calls that match), ``hold`` (one request waits), ``outage`` (no
answers at all), ``break_streams``, ``forget`` (410 for what is older), ``token`` (401 without it) and ``denied`` (403,
and "no" to access reviews).

Every request is in ``calls`` as (API group, resource, verb), the form of a Role's rule.

    with FakeApi(tmp_path) as api:
        monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig))
"""

import contextlib
import copy
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import yaml

from tests import crds

Object = dict[str, Any]
NAMESPACE = "kubeflow"

SERVED = {
    ("", "v1", "pods"): "Pod",
    ("", "v1", "events"): "Event",
    ("", "v1", "persistentvolumeclaims"): "PersistentVolumeClaim",
    ("trainer.kubeflow.org", "v1alpha1", "trainjobs"): "TrainJob",
    ("trainer.kubeflow.org", "v1alpha1", "trainingruntimes"): "TrainingRuntime",
    ("trainer.kubeflow.org", "v1alpha1", "clustertrainingruntimes"): "ClusterTrainingRuntime",
    ("kubeflow.org", "v1", "pytorchjobs"): "PyTorchJob",
    ("kueue.x-k8s.io", "v1beta1", "localqueues"): "LocalQueue",
    ("kueue.x-k8s.io", "v1beta2", "localqueues"): "LocalQueue",
    ("authorization.k8s.io", "v1", "selfsubjectaccessreviews"): "SelfSubjectAccessReview",
}
_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>\w+))?)?"
)
_JOB_LABELS = {
    "TrainJob": ("jobset.sigs.k8s.io/jobset-name", "jobset.sigs.k8s.io/job-index"),
    "PyTorchJob": ("training.kubeflow.org/job-name", "training.kubeflow.org/replica-type"),
}


@dataclass
class Fault:
    """What happens to the next requests that match, instead of or after what they ask for.

    Attributes:
        verb: Verb to match.
        resource: Resource to match.
        status: HTTP status of the answer; 0: the connection breaks without one.
        times: How many requests.
        done: Whether the request takes effect nevertheless.
        message: Message of the answer.
        reason: Reason of the answer.
    """

    verb: str
    resource: str
    status: int
    times: int
    done: bool
    message: str
    reason: str = ""


class Hold:
    """One request that waits."""

    def __init__(self, verb: str, resource: str, done: bool) -> None:
        self.verb, self.resource, self.done = verb, resource, done
        self.reached, self.released = threading.Event(), threading.Event()

    def wait(self) -> None:
        """Wait until the request has come."""
        assert self.reached.wait(15), f"no {self.verb} of {self.resource} comes"

    def release(self) -> None:
        """Let it go on."""
        self.released.set()

    def stop(self) -> None:
        """Keep the server's thread waiting."""
        self.reached.set()
        self.released.wait(20)


@dataclass
class LogLine:
    """A line of a pod's log, with the time at which the container wrote it."""

    stamp: str
    text: str


class FakeApi:
    """The server; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.objects: dict[tuple[str, str], dict[str, Object]] = {}
        self.history: list[tuple[int, tuple[str, str], str, Object]] = []
        self.version, self.oldest = 100, 0
        self.logs: dict[str, list[LogLine]] = {}
        self.calls: list[tuple[str, str, str]] = []
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []
        self.faults: list[Fault] = []
        self.holds: list[Hold] = []
        self.denied: set[tuple[str, str, str]] = set()
        self.unserved: set[tuple[str, str, str]] = set()
        self.token = ""
        self.down = False
        self.epoch = 0
        self.linger = 0.05
        self.break_mid_line = self.break_clean = False
        self.kubeconfig = folder / "kubeconfig"
        self._scripts: list[tuple[threading.Thread, list[BaseException]]] = []

    def __enter__(self) -> "FakeApi":
        handler = type("Handler", (_Handler,), {"api": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.write_kubeconfig("first")
        return self

    def __exit__(self, *error: Any) -> None:
        for thread, errors in self._scripts:
            thread.join(20)
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

    def wait(self, check: Callable[[], Any], seconds: float = 15) -> Any:
        """Return the first true value of ``check``, looking after every change."""
        end = time.monotonic() + seconds
        while not (found := check()):
            assert time.monotonic() < end, "what the script waits for does not come"
            time.sleep(0.005)
        return found

    def wait_job(self, name: str = "") -> Object:
        """Return a job as soon as there is one that is not being deleted."""
        return self.wait(lambda: next((job for job in self.jobs(name) if not _deleting(job)), None))

    def jobs(self, name: str = "") -> list[Object]:
        """Return the TrainJobs and PyTorchJobs there are."""
        with self.lock:
            kinds = (("trainer.kubeflow.org", "trainjobs"), ("kubeflow.org", "pytorchjobs"))
            found = [job for key in kinds for job in self.objects.get(key, {}).values()]
            return copy.deepcopy([job for job in found if name in ("", job["metadata"]["name"])])

    def count(self, verb: str, resource: str) -> int:
        """Return how many requests there were of a verb on a resource."""
        return sum(call[1:] == (resource, verb) for call in self.calls)

    def put(self, body: Object) -> Object:
        """Create or replace an object as a controller would; returns what is stored."""
        with self.lock:
            key = _key(body)
            there = self.objects.setdefault(key, {})
            kind = "MODIFIED" if body["metadata"]["name"] in there else "ADDED"
            stored = _completed(copy.deepcopy(body))
            self._store(kind, key, stored)
            return copy.deepcopy(stored)

    def update(self, body: Object, change: Callable[[Object], Any]) -> Object:
        """Change an object in place, by its kind and name."""
        with self.lock:
            stored = copy.deepcopy(self.objects[_key(body)][body["metadata"]["name"]])
            change(stored)
            return self.put(stored)

    def remove(self, body: Object) -> None:
        """Let an object be gone."""
        with self.lock:
            key, name = _key(body), body["metadata"]["name"]
            if name in self.objects.get(key, {}):
                self._store("DELETED", key, copy.deepcopy(self.objects[key][name]))
                del self.objects[key][name]

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
        """Suspend or resume a job as Kueue does; its pods go when it is suspended."""
        if job["kind"] == "TrainJob":
            self.update(job, lambda stored: stored["spec"].update(suspend=suspended))
        else:
            self.update(job, lambda stored: stored["spec"]["runPolicy"].update(suspend=suspended))
        if suspended:
            for pod in self.pods_of(job):
                self.remove(pod)

    def pod(self, job: Object, rank: int = 0, suffix: str = "", **status: Any) -> Object:
        """Create the pod of a node of a job; ``status`` as ``pod_status`` takes it."""
        name = job["metadata"]["name"]
        job_label, second = _JOB_LABELS[job["kind"]]
        if job["kind"] == "TrainJob":
            labels = {job_label: name, second: "0", "batch.kubernetes.io/job-completion-index": str(rank)}
            pod_name, container = f"{name}-node-0-{rank}-{suffix or uuid4().hex[:5]}", "node"
        else:
            role = "worker" if rank else "master"
            index = str(max(0, rank - 1))
            labels = {job_label: name, second: role, "training.kubeflow.org/replica-index": index}
            pod_name, container = f"{name}-{role}-{index}{suffix}", "pytorch"
        return self.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": pod_name, "labels": labels},
                "spec": {"nodeName": f"gpu-{rank}", "containers": [{"name": container}]},
                "status": pod_status(container, **status),
            }
        )

    def set_pod(self, pod: Object, **status: Any) -> None:
        """Give a pod another status."""
        container = pod["spec"]["containers"][0]["name"]
        self.update(pod, lambda stored: stored.update(status=pod_status(container, **status)))

    def pods_of(self, job: Object) -> list[Object]:
        """Return the pods of a job."""
        label = _JOB_LABELS[job["kind"]][0]
        with self.lock:
            pods = self.objects.get(("", "pods"), {}).values()
            found = [pod for pod in pods if pod["metadata"].get("labels", {}).get(label) == job["metadata"]["name"]]
            return copy.deepcopy(found)

    def event(self, kind: str, name: str, reason: str, message: str, type: str = "Warning") -> None:
        """Record an event about an object."""
        self.put(
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": f"{name}.{uuid4().hex[:8]}"},
                "involvedObject": {"kind": kind, "name": name},
                "reason": reason,
                "message": message,
                "type": type,
                "lastTimestamp": now(),
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

    # What the server does.

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
        with self.lock:
            name = body["metadata"]["name"]
            if name in self.objects.get(key, {}):
                raise Answer(409, "AlreadyExists", f'{key[1]}.{key[0]} "{name}" already exists')
            if any(crds.folder().glob("*.yaml")) and crds.has(body) and (wrong := crds.errors(body)):
                raise Answer(422, "Invalid", f'{body["kind"]} "{name}" is invalid: {"; ".join(wrong)}')
            return self.put(body)

    def delete(self, key: tuple[str, str], name: str, options: Object) -> Object:
        """Delete an object; in the foreground it goes after its pods, which linger."""
        with self.lock:
            stored = self.objects.get(key, {}).get(name)
            if stored is None:
                raise Answer(404, "NotFound", f'{key[1]} "{name}" not found')
            uid = (options.get("preconditions") or {}).get("uid")
            if uid and uid != stored["metadata"]["uid"]:
                raise Answer(409, "Conflict", "the UID in the precondition does not match")
            pods = self.pods_of(stored) if stored["kind"] in _JOB_LABELS else []
            if options.get("propagationPolicy") == "Foreground":
                self.update(stored, lambda each: each["metadata"].update(deletionTimestamp=now()))
                threading.Timer(self.linger, lambda: [self.remove(each) for each in (*pods, stored)]).start()
            else:
                self.remove(stored)
                threading.Timer(self.linger, lambda: [self.remove(each) for each in pods]).start()
            return {"kind": "Status", "apiVersion": "v1", "status": "Success"}


class Answer(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message
        super().__init__(message)

    @property
    def body(self) -> Object:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": self.reason,
            "message": self.message,
            "code": self.status,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: FakeApi

    def log_message(self, *arguments: Any) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")
        if self.api.down:
            self._break()
            return
        try:
            self._route(body)
        except Answer as answer:
            self._reply(answer.status, answer.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _route(self, body: Any) -> None:
        url = urlsplit(self.path)
        query, found = dict(parse_qsl(url.query)), _PATH.fullmatch(url.path)
        assert found, self.path
        group, version = found["group"] or "", found["core"] or found["version"]
        resource, name, sub = found["resource"], found["name"], found["sub"]
        verb = _verb(self.command, name, query)
        call = (group, f"{resource}/{sub}" if sub else resource, verb)
        self.api.calls.append(call)
        self.api.requests.append((verb, url.path, query, body))
        fault = self._fault(call)
        if fault and not fault.done:
            self._fail(fault)
            return
        held = self._held(call)
        if held and not held.done:
            held.stop()
        self._authorise(call)
        if (group, version, resource) not in SERVED or (group, version, resource) in self.api.unserved:
            self._send(404, b"404 page not found\n", "text/plain")
            return
        if held and held.done:
            status, result = self._do((group, resource), name, verb, query, body)
            held.stop()
            self._reply(status, result)
            return
        if fault:
            self._answer((group, resource), name, sub, verb, query, body, silent=True)
            self._fail(fault)
            return
        self._answer((group, resource), name, sub, verb, query, body)

    def _answer(
        self, key: tuple[str, str], name: str, sub: str, verb: str, query: dict, body: Any, silent: bool = False
    ) -> None:
        if sub == "log":
            _LogStream(self, name, query).run()
        elif key[1] == "selfsubjectaccessreviews":
            self._reply(201, self._review(body))
        elif verb == "watch":
            _WatchStream(self, key, query).run()
        else:
            status, result = self._do(key, name, verb, query, body)
            if not silent:
                self._reply(status, result)

    def _do(self, key: tuple[str, str], name: str, verb: str, query: dict, body: Any) -> tuple[int, Object]:
        api = self.api
        if verb == "create":
            return 201, api.create(key, body)
        if verb == "delete":
            return 200, api.delete(key, name, body or {})
        with api.lock:
            if verb == "get":
                if name not in api.objects.get(key, {}):
                    raise Answer(404, "NotFound", f'{key[1]} "{name}" not found')
                return 200, copy.deepcopy(api.objects[key][name])
            items = [each for each in api.objects.get(key, {}).values() if selected(each, query)]
            start, limit = int(query.get("continue") or 0), int(query.get("limit") or len(items) or 1)
            metadata = {"resourceVersion": str(api.version)}
            if start + limit < len(items):
                metadata["continue"] = str(start + limit)
            return 200, {"metadata": metadata, "items": copy.deepcopy(items[start : start + limit])}

    def _authorise(self, call: tuple[str, str, str]) -> None:
        if self.api.token and self.headers.get("Authorization") != f"Bearer {self.api.token}":
            raise Answer(401, "Unauthorized", "Unauthorized")
        if call in self.api.denied:
            group, resource, verb = call
            raise Answer(
                403,
                "Forbidden",
                f'{resource}.{group} is forbidden: User "step" cannot {verb} resource "{resource}" '
                f'in API group "{group}" in the namespace "{NAMESPACE}"',
            )

    def _review(self, body: Object) -> Object:
        asked = body["spec"]["resourceAttributes"]
        resource = asked["resource"] + (f"/{asked['subresource']}" if asked.get("subresource") else "")
        allowed = (asked.get("group", ""), resource, asked["verb"]) not in self.api.denied
        return {**body, "status": {"allowed": allowed}}

    def _fault(self, call: tuple[str, str, str]) -> Fault | None:
        with self.api.lock:
            for fault in self.api.faults:
                if (fault.verb, fault.resource) == (call[2], call[1]) and fault.times:
                    fault.times -= 1
                    return fault
        return None

    def _held(self, call: tuple[str, str, str]) -> Hold | None:
        with self.api.lock:
            for held in self.api.holds:
                if (held.verb, held.resource) == (call[2], call[1]) and not held.reached.is_set():
                    return held
        return None

    def _fail(self, fault: Fault) -> None:
        if fault.status == 0:
            self._break()
        else:
            raise Answer(fault.status, fault.reason, fault.message)

    def _break(self) -> None:
        self.close_connection = True
        # Closing alone does nothing while the handler's files are open.
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        # The base class flushes after each request.
        self.wfile = _Nothing()

    def _reply(self, status: int, body: Object) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Nothing:
    closed = False

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def write(self, content: bytes) -> None: ...


class _Stream:
    """A chunked answer that ends cleanly, or breaks when the test says so."""

    def __init__(self, handler: _Handler) -> None:
        self.handler, self.api = handler, handler.api
        self.epoch = self.api.epoch

    def open(self, kind: str) -> None:
        self.handler.send_response(200)
        self.handler.send_header("Content-Type", kind)
        self.handler.send_header("Transfer-Encoding", "chunked")
        self.handler.end_headers()

    def chunk(self, content: bytes) -> None:
        self.handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.handler.wfile.flush()

    def close(self) -> None:
        self.handler.wfile.write(b"0\r\n\r\n")
        self.handler.wfile.flush()

    @property
    def broken(self) -> bool:
        return self.epoch != self.api.epoch

    def cut(self, half: bytes) -> None:
        if self.api.break_mid_line and half:
            self.chunk(half)
        if self.api.break_clean:
            self.close()
        else:
            self.handler._break()


class _WatchStream(_Stream):
    def __init__(self, handler: _Handler, key: tuple[str, str], query: dict[str, str]) -> None:
        super().__init__(handler)
        self.key, self.query = key, query
        self.version = int(query["resourceVersion"])

    def run(self) -> None:
        self.open("application/json")
        if self.version < self.api.oldest:
            gone = Answer(410, "Expired", "too old resource version").body
            self.chunk(json.dumps({"type": "ERROR", "object": gone}).encode() + b"\n")
            self.close()
            return
        end = time.monotonic() + float(self.query.get("timeoutSeconds") or 60)
        while time.monotonic() < end:
            lines = self._next(end)
            if self.broken:
                self.cut(b'{"type": "MODIFIED", "obj')
                return
            for line in lines:
                self.chunk(line)
        self.chunk(self._line("BOOKMARK", {"metadata": {"resourceVersion": str(self.version)}}))
        self.close()

    def _next(self, end: float) -> list[bytes]:
        with self.api.changed:
            if not self._fresh() and not self.broken:
                self.api.changed.wait(max(0, end - time.monotonic()))
            found = self._fresh()
            self.version = self.api.history[-1][0] if self.api.history and found else self.version
            return [self._line(kind, item) for _, _, kind, item in found if selected(item, self.query)]

    def _fresh(self) -> list[tuple[int, tuple[str, str], str, Object]]:
        return [each for each in self.api.history if each[0] > self.version and each[1] == self.key]

    @staticmethod
    def _line(kind: str, item: Object) -> bytes:
        return json.dumps({"type": kind, "object": item}).encode() + b"\n"


class _LogStream(_Stream):
    """A pod's log as the kubelet serves it: times before ``sinceTime`` are left out, by whole seconds."""

    def __init__(self, handler: _Handler, name: str, query: dict[str, str]) -> None:
        super().__init__(handler)
        self.name, self.query = name, query
        self.sent = 0

    def run(self) -> None:
        pod = self._pod()
        if pod is None:
            raise Answer(404, "NotFound", f'pods "{self.name}" not found')
        if "waiting" in self._state(pod):
            raise Answer(400, "BadRequest", f"container in pod {self.name} is waiting to start")
        self.open("text/plain")
        uid = pod["metadata"]["uid"]
        while True:
            with self.api.changed:
                lines = self._lines(uid)[self.sent :]
                pod = self._pod()
                gone = pod is None or pod["metadata"]["uid"] != uid
                over = gone or "terminated" in self._state(pod) or self.query.get("follow") != "true"
                if not lines and not over and not self.broken:
                    self.api.changed.wait(1)
                    continue
            if self.broken:
                self.cut(lines[0][:-3] if lines else b"")
                return
            for line in lines:
                self.chunk(line)
            self.sent += len(lines)
            if over and not self._lines(uid)[self.sent :]:
                self.close()
                return

    def _pod(self) -> Object | None:
        with self.api.lock:
            return self.api.objects.get(("", "pods"), {}).get(self.name)

    def _state(self, pod: Object) -> Object:
        return (pod["status"].get("containerStatuses") or [{"state": {"waiting": {}}}])[0]["state"]

    def _lines(self, uid: str) -> list[bytes]:
        lines = list(self.api.logs.get(uid, []))
        if since := self.query.get("sinceTime"):
            lines = [each for each in lines if each.stamp[:19] >= since[:19]]
        if tail := self.query.get("tailLines"):
            lines = lines[-int(tail) :]
        stamped = self.query.get("timestamps") == "true"
        return [f"{each.stamp + ' ' if stamped else ''}{each.text}\n".encode() for each in lines]


def pod_status(
    container: str,
    phase: str = "Running",
    waiting: str = "",
    message: str = "",
    code: int | None = None,
    reason: str = "",
    unschedulable: str = "",
    pod_reason: str = "",
) -> Object:
    """Return a pod's status.

    Args:
        container: Name of its container.
        phase: Phase of the pod.
        waiting: Reason for which the container waits, as ImagePullBackOff.
        message: Message of the container's state.
        code: Exit code, of a container that has ended.
        reason: Reason with which it ended, as OOMKilled.
        unschedulable: Message of the scheduler that has no node for the pod.
        pod_reason: Reason of the pod itself, as Evicted.
    """
    if code is not None:
        state: Object = {"terminated": {"exitCode": code, "reason": reason or "Error", "finishedAt": precise_now()}}
    elif phase == "Running":
        state = {"running": {"startedAt": now()}}
    else:
        state = {"waiting": {"reason": waiting or "ContainerCreating", "message": message}}
    status: Object = {"phase": phase, "containerStatuses": [{"name": container, "state": state, "restartCount": 0}]}
    if unschedulable:
        status["containerStatuses"] = []
        status["conditions"] = [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": unschedulable}
        ]
    return status | ({"reason": pod_reason, "message": message} if pod_reason else {})


def selected(item: Object, query: dict[str, str]) -> bool:
    """Return whether the field and label selectors of a query pick an object."""
    fields = [each.split("=", 1) for each in query.get("fieldSelector", "").split(",") if each]
    labels = [each.split("=", 1) for each in query.get("labelSelector", "").split(",") if each]
    return all(_field(item, path) == value for path, value in fields) and all(
        item["metadata"].get("labels", {}).get(key) == value for key, value in labels
    )


def now(later: float = 0) -> str:
    """Return the time as objects have it."""
    return (datetime.now(UTC) + timedelta(seconds=later)).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise_now() -> str:
    """Return the time as the kubelet stamps log lines."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + f"{time.perf_counter_ns() % 1000:03}Z"


def _field(item: Object, path: str) -> Any:
    for key in path.split("."):
        item = item.get(key, {})
    return item


def _verb(method: str, name: str | None, query: dict[str, str]) -> str:
    if method == "GET":
        return "get" if name else "watch" if query.get("watch") == "true" else "list"
    return {"POST": "create", "DELETE": "delete" if name else "deletecollection"}[method]


def _key(body: Object) -> tuple[str, str]:
    group = body["apiVersion"].rpartition("/")[0]
    return group, next(resource for (g, _, resource), kind in SERVED.items() if (g, kind) == (group, body["kind"]))


def _completed(body: Object) -> Object:
    metadata = body["metadata"]
    metadata.setdefault("namespace", NAMESPACE)
    metadata.setdefault("uid", str(uuid4()))
    metadata.setdefault("creationTimestamp", now())
    return body


def _deleting(item: Object) -> bool:
    return "deletionTimestamp" in item["metadata"]
