"""The controller's side of one fork server: starts it, sends it jobs, and never waits for it without a deadline."""

import contextlib
import marshal
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from codekiln.errors import SandboxError
from codekiln.sandbox.inside.scratch_folder import remove_tree
from codekiln.sandbox.verdict import RunOutcome

_START_SECONDS, _GRACE_SECONDS = 30.0, 20.0
# The server imports codekiln.sandbox.inside only: with empty modules in place of its parent packages, nothing else of
# codekiln, and none of its dependencies, is in the memory that programs share.
_BOOT = """
import sys, types
root = sys.argv.pop(1)
for name, path in (("codekiln", root), ("codekiln.sandbox", root + "/sandbox")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from codekiln.sandbox.inside.fork_server import main
main()
"""


class ServerDied(Exception):
    """The fork server died, or gave no answer in time, in the middle of a job."""


class _Server(NamedTuple):
    """A running fork server: its process, the controller's end of its socket, and its folder."""

    process: subprocess.Popen[bytes]
    connection: socket.socket
    folder: str

    def receive(self) -> bytes:
        """Return the next length-prefixed message."""
        (size,) = struct.unpack("=I", self._read_exactly(4))
        return self._read_exactly(size)

    def kill(self) -> None:
        """Kill the server and its program."""
        # A program dies with its server. The whole group is killed, because a server that is stopped cannot end itself.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _read_exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.connection.recv(min(size - len(data), 1 << 20))
            if not part:
                raise EOFError("it closed the connection")
            data += part
        return bytes(data)


class Worker:
    """One fork server; starts at first use, and again after a death."""

    def __init__(self) -> None:
        self._server: _Server | None = None
        self.protections: dict[str, str] = {}

    def start(self) -> None:
        """Start the server, unless it runs.

        Raises:
            SandboxError: Programs cannot be confined on this machine.
        """
        self._running()

    def run(self, job: bytes, wall_seconds: float) -> RunOutcome:
        """Run one job.

        Raises:
            ServerDied: The server died, or gave no answer in time.
            SandboxError: Programs cannot be confined on this machine.
        """
        server = self._running()
        try:
            server.connection.settimeout(wall_seconds + _GRACE_SECONDS)
            server.connection.sendall(struct.pack("=I", len(job)) + job)
            return RunOutcome(**marshal.loads(server.receive()))
        except (OSError, EOFError, ValueError, TypeError) as error:
            self.close()
            raise ServerDied(str(error)) from error

    def close(self) -> None:
        """End the server and everything it runs, and remove its folder."""
        if (server := self._server) is not None:
            server.kill()
            server.process.wait()
            server.connection.close()
            remove_tree(server.folder)
        self._server = None

    def interrupt(self) -> None:
        """Kill the server and its program; another thread that waits for it gets ServerDied."""
        if (server := self._server) is not None:
            server.kill()

    def _running(self) -> _Server:
        if self._server is None:
            self._server = _launch()
            self.protections = self._handshake(self._server)
        return self._server

    def _handshake(self, server: _Server) -> dict[str, str]:
        server.connection.settimeout(_START_SECONDS)
        try:
            answer: dict[str, str] = marshal.loads(server.receive())
        except (OSError, EOFError) as error:
            self.close()
            raise SandboxError(f"the sandbox's fork server did not start: {error}") from error
        if "error" in answer:
            self.close()
            raise SandboxError(f"no way to isolate untrusted programs on this machine: {answer['error']}")
        return answer


def _launch() -> _Server:
    """Start a server process in a new folder, with one end of a socket pair as its standard input."""
    folder = tempfile.mkdtemp(prefix="codekiln-")
    scratch = os.path.join(folder, "scratch")
    os.mkdir(scratch, 0o700)
    near, far = socket.socketpair()
    root = str(Path(__file__).resolve().parent.parent)
    # A clean interpreter: no site-packages, no user's paths, no bytecode written, the same encoding everywhere.
    command = [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", "-c", _BOOT, root, scratch]
    # An interpreter that is not where it was built finds its own shared library by this variable.
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    with far:
        process = subprocess.Popen(
            command, stdin=far.fileno(), stdout=subprocess.DEVNULL, cwd="/", start_new_session=True,
            env={"PYTHONHASHSEED": "0", **kept},
        )  # fmt: skip
    return _Server(process, near, folder)
