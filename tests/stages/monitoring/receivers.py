"""What metrics and notifications are sent to in the tests: a Pushgateway and a webhook."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote_plus

from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

Group = tuple[tuple[str, str], ...]


class Handler(BaseHTTPRequestHandler):
    """Passes each request with a body to ``take`` of the server, which returns a status and headers."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status, headers = self.server.take(self.command, self.path, self.headers, body)  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {"content-length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    do_PUT = do_POST

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/-/ready" else 404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Receiver(ThreadingHTTPServer):
    """A server on a free port of this machine."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class Gateway(Receiver):
    """A Pushgateway: PUT replaces a group, POST only the metrics of the names that are pushed.

    So says prometheus/pushgateway, README.md ("API"): a label may have the suffix ``@base64``, and labels of the path
    win. Pushes with timestamps are refused with 400 (same place, "About timestamps").
    """

    def __init__(self) -> None:
        super().__init__()
        self.groups: dict[Group, dict[str, Metric]] = {}
        self.pushes = 0
        self.status = 200

    def take(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str]]:
        self.pushes += 1
        if self.status != 200:
            return self.status, {}
        group = _group(path)
        pushed = {metric.name: metric for metric in text_string_to_metric_families(body.decode())}
        if any(sample.timestamp for metric in pushed.values() for sample in metric.samples):
            return 400, {}
        self.groups[group] = pushed if method == "PUT" else {**self.groups.get(group, {}), **pushed}
        return 200, {}

    def samples(self, name: str) -> dict[tuple[str, ...], float]:
        """Return the values of a metric by its labels, those that every metric has excepted."""
        common = {"run_namespace", "experiment", "pipeline", "stage", "pool"}
        return {
            tuple(value for label, value in sorted(sample.labels.items()) if label not in common): sample.value
            for found in self.groups.values()
            for metric in found.values()
            for sample in metric.samples
            if sample.name == name
        }

    def exported(self) -> dict[str, set[str]]:
        """Return the labels of each metric that was pushed, with those of its group."""
        return {
            sample.name: {*sample.labels, *dict(group)}
            for group, found in self.groups.items()
            for metric in found.values()
            for sample in metric.samples
        }


def _group(path: str) -> Group:
    words = path.removeprefix("/metrics/").split("/")
    pairs = zip(words[::2], words[1::2], strict=True)
    return tuple(
        (label.removesuffix("@base64"), base64.urlsafe_b64decode(value + "==").decode())
        if label.endswith("@base64")
        else (label, unquote_plus(value))
        for label, value in pairs
    )


class Webhook(Receiver):
    """A webhook that takes CloudEvents in the structured content mode, read by the CloudEvents SDK.

    Attributes:
        answers: Statuses and headers of the next answers; afterwards 204.
        bodies: What was sent, each attempt.
    """

    path = "/hooks/c0ffee-secret"

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.types: set[str] = set()

    def take(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, dict[str, str]]:
        assert path == self.path
        self.bodies.append(body)
        self.types.add(headers["content-type"])
        return self.answers.pop(0) if self.answers else (204, {})

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events that were taken, each valid by the SDK's own reader."""
        for body in self.bodies:
            JSONFormat().read(CloudEvent, body)
        return [json.loads(body) for body in self.bodies]


@contextmanager
def running(receiver: Receiver) -> Iterator[Receiver]:
    """Let a receiver answer."""
    thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.shutdown()
        receiver.server_close()
        thread.join()
