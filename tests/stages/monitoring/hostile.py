"""Receivers that misbehave: each takes a request and then answers with what it is given, for as long as it is read."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from typing import Any

OK = b"HTTP/1.1 200 OK\r\n"
ANSWERS: dict[str, Callable[[], Iterator[bytes]]] = {
    "says nothing": lambda: iter([]),
    "headers byte by byte": lambda: repeat(b"H"),
    "continues without end": lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body byte by byte": lambda: _then(OK + b"content-length: 999999\r\n\r\n", b"x"),
    "gigabytes": lambda: _then(OK + b"content-length: 9000000000\r\n\r\n", b"x" * 100_000),
    "refusal in gigabytes": lambda: _then(b"HTTP/1.1 400 Bad\r\ncontent-length: 9000000000\r\n\r\n", b"x" * 100_000),
    "refusal byte by byte": lambda: _then(b"HTTP/1.1 400 Bad\r\ncontent-length: 999999\r\n\r\n", b"x"),
}


def _then(first: bytes, rest: bytes) -> Iterator[bytes]:
    yield first
    yield from repeat(rest)


class Hostile:
    """A server that sends pieces with a pause, until nobody reads them.

    Attributes:
        url: Its address.
        sent: Bytes that it has sent.
        asked: Requests that it has had.
    """

    def __init__(self, pieces: Callable[[], Iterator[bytes]], pause: float) -> None:
        self.pieces, self.pause, self.sent, self.asked = pieces, pause, 0, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.closed = threading.Event()

    def serve(self) -> None:
        with suppress(OSError):
            while not self.closed.is_set():
                connection, _ = self.socket.accept()
                self.asked += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(1 << 20)
            for piece in self.pieces():
                connection.sendall(piece)
                self.sent += len(piece)
                if self.closed.wait(self.pause):
                    return
            self.closed.wait()


@contextmanager
def hostile(pieces: Callable[[], Iterator[bytes]], pause: float = 0.05) -> Iterator[Any]:
    """Let such a receiver answer."""
    found = Hostile(pieces, pause)
    threading.Thread(target=found.serve, daemon=True).start()
    try:
        yield found
    finally:
        found.closed.set()
        with suppress(OSError):
            found.socket.shutdown(socket.SHUT_RDWR)
        found.socket.close()
