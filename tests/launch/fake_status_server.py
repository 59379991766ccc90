"""Kubeflow Trainer's status server over TLS: it takes the progress of one TrainJob.

Path, order of the checks, statuses and bodies of the answers are those of kubeflow/trainer's ``pkg/statusserver``
(server.go, middleware.go, auth.go, utils.go); the limits of a status are those of its API
(``pkg/apis/trainer/v1alpha1/trainjob_types.go``), which the real server leaves to the API server. There a token is a
JWT whose audience names the job; here it is one known text. The variables are those that
``pkg/runtime/framework/plugins/trainjobstatus`` injects.
"""

import contextlib
import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from codekiln.launch import trainer_status
from codekiln.launch.trainer_status import CA, TOKEN, URL

LARGEST_BODY = 1 << 16
PATH = "/apis/trainer.kubeflow.org/v1alpha1/namespaces/kubeflow/trainjobs/sft-1/status"
SECRET = "a-token-that-no-log-shows"
_INT32 = range(-(2**31), 2**31)
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def running(folder: Path, monkeypatch: pytest.MonkeyPatch, interval: float = 0.0) -> Iterator["FakeStatusServer"]:
    """Yield a server that this process reports to, at most every ``interval`` seconds."""
    monkeypatch.setattr(trainer_status, "INTERVAL_SECONDS", interval)
    with FakeStatusServer(folder) as fake:
        for name, value in fake.environment.items():
            monkeypatch.setenv(name, value)
        yield fake


class FakeStatusServer:
    """The server; use it as a context manager.

    Attributes:
        trainer_status: What the TrainJob's status would hold now; None: nothing yet.
        received: Every status that was taken.
        refused: Status and message of every answer that was no success.
        authorizations: The header of every request.
        silent: Seconds for which an answer waits.
    """

    def __init__(self, folder: Path) -> None:
        self.ca_file, self.token_file, self.key_file = (folder / name for name in ("ca.crt", "token", "key.pem"))
        self.received: list[dict[str, Any]] = []
        self.refused: list[tuple[int, str]] = []
        self.authorizations: list[str] = []
        self.job_exists, self.silent = True, 0.0
        self.arrived = threading.Condition()

    def __enter__(self) -> "FakeStatusServer":
        certificate, key = _certificate()
        self.ca_file.write_bytes(certificate)
        self.key_file.write_bytes(key)
        self.token_file.write_text(SECRET)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"fake": self}))
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.ca_file, self.key_file)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def trainer_status(self) -> dict[str, Any] | None:
        return self.received[-1] if self.received else None

    @property
    def environment(self) -> dict[str, str]:
        """The variables of a pod."""
        url = f"https://127.0.0.1:{self.server.server_port}{PATH}"
        return {URL: url, CA: str(self.ca_file), TOKEN: str(self.token_file)}

    def wait(self, count: int = 1) -> None:
        """Wait until so many requests have been judged."""
        with self.arrived:
            done = self.arrived.wait_for(lambda: len(self.received) + len(self.refused) >= count, 60)
        assert done, f"{len(self.received)} and {self.refused}, not {count}"


class _Handler(BaseHTTPRequestHandler):
    fake: FakeStatusServer

    def log_message(self, *arguments: Any) -> None:
        """Keep the tests' output clean."""

    def handle(self) -> None:
        # A client that does not trust this server ends the handshake; one that does not wait hangs up.
        with contextlib.suppress(OSError):
            super().handle()

    def do_POST(self) -> None:
        self.fake.authorizations.append(self.headers.get("Authorization", ""))
        time.sleep(self.fake.silent)
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            return self._refuse(413, "RequestEntityTooLarge", "Payload too large")
        body = self.rfile.read(length)
        if self.path != PATH:
            return self._refuse(404, "NotFound", "Not found")
        if not self._is_authorized():
            return self._refuse(403, "Forbidden", "Forbidden")
        status = _decoded(body)
        if status is None:
            return self._refuse(422, "Invalid", "Invalid payload")
        if wrong := _violation(status):
            return self._refuse(422, "Invalid", wrong)
        if not self.fake.job_exists:
            return self._refuse(404, "NotFound", "Train job not found")
        with self.fake.arrived:
            self.fake.received += [status] if status else []
            self.fake.arrived.notify_all()
        return self._answer(200, {"trainerStatus": status} if status else {})

    def do_GET(self) -> None:
        self._refuse(404, "NotFound", "Not found")

    def _is_authorized(self) -> bool:
        # The scheme's case and further spaces do not matter.
        parts = self.headers.get("Authorization", "").split()
        return len(parts) == 2 and parts[0].lower() == "bearer" and parts[1] == SECRET

    def _refuse(self, status: int, reason: str, message: str) -> None:
        body = {"metadata": {}, "status": "Failure", "message": message, "reason": reason, "code": status}
        with self.fake.arrived:
            self.fake.refused.append((status, message))
            self.fake.arrived.notify_all()
        self._answer(status, body)

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _decoded(body: bytes) -> dict[str, Any] | None:
    """Return the status as Go's decoder takes it into its types: no number with a point is an int32; None: it fails."""
    try:
        status = json.loads(body).get("trainerStatus") or {}
        ints = [status.get(name) for name in ("progressPercentage", "estimatedRemainingSeconds")]
        metrics = status.get("metrics") or []
        texts = [each.get(name, "") for each in metrics for name in ("name", "value")]
        stamp = status.get("lastUpdatedTime") or "2026-01-01T00:00:00Z"
    except (ValueError, AttributeError, TypeError):
        return None
    whole = all(each is None or (type(each) is int and each in _INT32) for each in ints)
    return status if whole and all(isinstance(each, str) for each in texts) and _RFC3339.fullmatch(stamp) else None


def _violation(status: dict[str, Any]) -> str:
    """Return what the definition of TrainJobs forbids."""
    if not 0 <= status.get("progressPercentage", 0) <= 100:
        return "status.trainerStatus.progressPercentage: Invalid value: should be between 0 and 100"
    if status.get("estimatedRemainingSeconds", 0) < 0:
        return "status.trainerStatus.estimatedRemainingSeconds: Invalid value: should be greater than or equal to 0"
    metrics = status.get("metrics") or []
    if len(metrics) > 256:
        return "status.trainerStatus.metrics: Too many: must have at most 256 items"
    texts = [each.get(name, "") for each in metrics for name in ("name", "value")]
    return "" if all(1 <= len(each) <= 64 for each in texts) else "status.trainerStatus.metrics: 1 to 64 characters"


@cache
def _certificate() -> tuple[bytes, bytes]:
    """Return a certificate for 127.0.0.1, which is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "trainer")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private
