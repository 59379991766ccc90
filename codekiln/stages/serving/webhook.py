"""A listener for MLflow's webhooks, which wakes the follower; what is served it still reads from the registry.

MLflow signs a delivery as Standard Webhooks does: ``v1,`` and the base64 HMAC-SHA256, by the webhook's secret, of
``DELIVERY_ID.TIMESTAMP.BODY`` (mlflow/webhooks/delivery.py).
"""

import base64
import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from codekiln.errors import InputError

SECRET = "CODEKILN_WEBHOOK_SECRET"
"""Environment variable that has the webhook's secret."""
TOLERANCE_SECONDS = 300
LONGEST, CONNECTIONS = 1 << 16, 16
# Python refuses to read numbers of thousands of digits.
_NUMBER = re.compile("[0-9]{1,12}")
SIGNATURE, TIMESTAMP, DELIVERY = "X-MLflow-Signature", "X-MLflow-Timestamp", "X-MLflow-Delivery-Id"


def is_signed(headers: Message, body: bytes, secret: str, now: float) -> bool:
    """Return whether a delivery is signed with the secret, and not older than five minutes.

    Names of headers come in any case: proxies that speak HTTP/2 write them small.
    """
    timestamp, delivery = headers.get(TIMESTAMP, ""), headers.get(DELIVERY, "")
    if not _NUMBER.fullmatch(timestamp) or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{delivery}.{timestamp}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(headers.get(SIGNATURE, "").encode(), right.encode())


class _Server(ThreadingHTTPServer):
    """A server that answers at most `CONNECTIONS` clients at once: slow ones shall not use up the follower's memory."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._free = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(*arguments)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()


@contextmanager
def listening(host: str, port: int, secret: str, wake: Callable[[], None]) -> Iterator[int]:
    """Listen for deliveries while the block runs; yields the port.

    Args:
        host: Address to listen at.
        port: Port; 0: any.
        secret: The webhook's secret.
        wake: Called for each delivery that is signed.

    Raises:
        InputError: There is no secret, or the port is taken.
    """
    if not secret:
        fix = f"set {SECRET} to the secret of MLflow's webhook, or leave --webhook-port out"
        raise InputError("a listener without a secret would believe anyone", where="--webhook-port", fix=fix)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            body = self.rfile.read(int(length)) if _NUMBER.fullmatch(length) and int(length) <= LONGEST else b""
            is_ours = is_signed(self.headers, body, secret, time.time())
            if is_ours:
                wake()
            self.send_response(204 if is_ours else 401)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    try:
        server = _Server((host, port), Handler)
    except OSError as error:
        fix = "give another --webhook-port, or end what listens there"
        raise InputError(f"cannot listen at {host}:{port}: {error.strerror}", where="--webhook-port", fix=fix) from None
    thread = threading.Thread(target=server.serve_forever, name="webhook", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
