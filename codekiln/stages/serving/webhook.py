"""A listener for MLflow's webhooks, which wakes the follower; what is served it still reads from the registry.

MLflow signs a delivery as Standard Webhooks does: ``v1,`` and the base64 HMAC-SHA256, by the webhook's secret, of
``DELIVERY_ID.TIMESTAMP.BODY`` (mlflow/webhooks/delivery.py).
"""

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from codekiln.errors import InputError

SECRET = "CODEKILN_WEBHOOK_SECRET"
"""Environment variable that has the webhook's secret."""
TOLERANCE_SECONDS = 300
LONGEST = 1 << 16
SIGNATURE, TIMESTAMP, DELIVERY = "X-MLflow-Signature", "X-MLflow-Timestamp", "X-MLflow-Delivery-Id"


def is_signed(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Return whether a delivery is signed with the secret, and not older than five minutes."""
    timestamp, delivery = headers.get(TIMESTAMP, ""), headers.get(DELIVERY, "")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    signed = f"{delivery}.{timestamp}.".encode() + body
    right = "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(headers.get(SIGNATURE, "").encode(), right.encode())


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
            body = self.rfile.read(int(length)) if length.isdecimal() and int(length) <= LONGEST else b""
            is_ours = is_signed(dict(self.headers.items()), body, secret, time.time())
            if is_ours:
                wake()
            self.send_response(204 if is_ours else 401)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    try:
        server = ThreadingHTTPServer((host, port), Handler)
    except OSError as error:
        raise InputError(f"cannot listen at {host}:{port}: {error.strerror}", where="--webhook-port") from None
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="webhook", daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
