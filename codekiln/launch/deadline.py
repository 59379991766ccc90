"""A limit of the time that a whole exchange with a server takes."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self


class Deadline:
    """Shuts a connection down once its exchange has taken too long.

    The timeout of a socket begins anew with every byte, so that a server which sends one now and then, or answers
    ``100 Continue`` without end, would never end a request.

    Args:
        seconds: How long the block may take.

    Attributes:
        is_over: Whether the time is over.
    """

    def __init__(self, seconds: float) -> None:
        self.is_over = False
        self._lock = threading.Lock()
        self._connected: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def watch(self, connected: socket.socket) -> None:
        """Take the socket of the connection, before TLS begins on it."""
        with self._lock:
            # TLS moves the descriptor to a socket of its own, and a connection may be closed at any time.
            self._release()
            self._connected = connected.dup()
            if self.is_over:
                self._shut_down()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        with self._lock:
            self._release()

    def _end(self) -> None:
        with self._lock:
            self.is_over = True
            self._shut_down()

    def _shut_down(self) -> None:
        if self._connected is not None:
            with suppress(OSError):
                self._connected.shutdown(socket.SHUT_RDWR)

    def _release(self) -> None:
        if self._connected is not None:
            self._connected.close()
            self._connected = None
