import contextlib
import socket
import threading
import time

import httpx2
import pytest
from mlflow.webhooks.delivery import _generate_hmac_signature

from codekiln.errors import InputError
from codekiln.stages.serving import webhook

BODY = '{"entity": "model_version_alias", "action": "created", "data": {"name": "m", "alias": "champion"}}'


def headers(secret: str = "s3cret", body: str = BODY, age: int = 0) -> dict[str, str]:
    """Headers as MLflow makes them."""
    now = str(int(time.time()) - age)
    signature = _generate_hmac_signature(secret, "delivery", now, body)
    return {webhook.SIGNATURE: signature, webhook.TIMESTAMP: now, webhook.DELIVERY: "delivery"}


def test_a_delivery_of_mlflow_wakes_the_follower_and_no_other_does():
    woken = threading.Event()
    with webhook.listening("127.0.0.1", 0, "s3cret", woken.set) as port:
        url = f"http://127.0.0.1:{port}/"
        wrong = [
            headers("another"),
            headers(body=BODY + " "),
            headers(age=3600),
            headers(age=-3600),
            {},
            headers() | {webhook.TIMESTAMP: "x"},
            headers() | {webhook.SIGNATURE: "v1,é"},
            headers() | {webhook.DELIVERY: "other"},
            headers() | {webhook.TIMESTAMP: "9" * 5000},
        ]
        for given in wrong:
            encoded = {key: value.encode() for key, value in given.items()}
            assert httpx2.post(url, content=BODY, headers=encoded, trust_env=False).status_code == 401
        assert not woken.is_set()
        assert httpx2.post(url, content=BODY, headers=headers(), trust_env=False).status_code == 204
        assert woken.is_set()
        # As proxies pass them on that speak HTTP/2.
        small = {key.lower(): value for key, value in headers().items()}
        assert httpx2.post(url, content=BODY, headers=small, trust_env=False).status_code == 204


def test_a_length_that_python_does_not_read_is_answered():
    with (
        webhook.listening("127.0.0.1", 0, "s3cret", print) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        connection.sendall(b"POST / HTTP/1.0\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n")
        assert b" 401 " in connection.recv(100)


def test_slow_clients_are_few_and_others_are_turned_away_until_they_leave(monkeypatch):
    monkeypatch.setattr(webhook, "CONNECTIONS", 2)
    woken = threading.Event()
    with webhook.listening("127.0.0.1", 0, "s3cret", woken.set) as port:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(3)]
        assert slow[2].recv(10) == b""
        for each in slow:
            each.close()
        while not woken.is_set():
            with contextlib.suppress(httpx2.TransportError):
                httpx2.post(f"http://127.0.0.1:{port}/", content=BODY, headers=headers(), trust_env=False)


def test_a_listener_needs_a_secret_and_a_free_port():
    with pytest.raises(InputError, match="without a secret"), webhook.listening("127.0.0.1", 0, "", print):
        pass
    with (
        webhook.listening("127.0.0.1", 0, "s", print) as port,
        pytest.raises(InputError, match="cannot listen"),
        webhook.listening("127.0.0.1", port, "s", print),
    ):
        pass
