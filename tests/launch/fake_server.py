"""The HTTP side of the fake API server: requests, watch streams and logs."""

import contextlib
import copy
import json
import re
import socket
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.launch.fake_objects import NAMESPACE, SERVED, Answer, Fault, Hold, Object, selected

if TYPE_CHECKING:
    from tests.launch.fake_api import FakeApi

_PATH = re.compile(
    r"/(?:api/(?P<core>v1)|apis/(?P<group>[^/]+)/(?P<version>[^/]+))"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+)(?:/(?P<sub>\w+))?)?"
)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: "FakeApi"

    def log_message(self, *arguments: Any) -> None:
        """Keep the tests' output clean."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        assert self.headers["Content-Type"] == "application/merge-patch+json", (
            "the only kind of patch that is known here"
        )
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
        if verb == "patch":
            return 200, api.patch(key, name, body)
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
        if call in self.api.denied or time.monotonic() < self.api.roles_loaded:
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
        # While roles are loaded the question itself is forbidden (above), or the answer is no; see ``start_again``.
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

    def __init__(self, handler: Handler) -> None:
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
    def __init__(self, handler: Handler, key: tuple[str, str], query: dict[str, str]) -> None:
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

    def __init__(self, handler: Handler, name: str, query: dict[str, str]) -> None:
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


def _verb(method: str, name: str | None, query: dict[str, str]) -> str:
    if method == "GET":
        return "get" if name else "watch" if query.get("watch") == "true" else "list"
    return {"POST": "create", "PATCH": "patch", "DELETE": "delete" if name else "deletecollection"}[method]
