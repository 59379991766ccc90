"""The controller's end of one fork server: start it, give it jobs, never wait for it without a deadline."""

import contextlib
import marshal
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from codekiln.errors import SandboxError
from codekiln.sandbox.verdict import Outcome

_START_SECONDS, _GRACE_SECONDS = 30.0, 20.0
# The server needs only codekiln.sandbox.inside: empty parents keep the rest, and what it imports, out of its memory.
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
    """The fork server went away or fell silent in the middle of a job."""


class Worker:
    """One fork server process; starts at first use, restarts after a death."""

    def __init__(self) -> None:
        self._process: subprocess.Popen | None = None
        self._socket: socket.socket | None = None
        self._folder: str | None = None
        self.protections: dict[str, str] = {}

    def start(self) -> None:
        """Start the server; raises SandboxError when it cannot protect this machine."""
        if self._process is not None:
            return
        self._folder = tempfile.mkdtemp(prefix="codekiln-")
        box = os.path.join(self._folder, "box")
        os.mkdir(box, 0o700)
        self._socket, far = socket.socketpair()
        root = str(Path(__file__).resolve().parent.parent)
        command = [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", "-c", _BOOT, root, box]
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        with far:
            self._process = subprocess.Popen(
                command, stdin=far.fileno(), stdout=subprocess.DEVNULL, cwd="/", start_new_session=True,
                env={"PYTHONHASHSEED": "0", **kept},
            )  # fmt: skip
        self.protections = self._handshake()

    def run(self, job: bytes, wall_seconds: float) -> Outcome:
        """Run one job; raises ServerDied when the server died or gave no answer in time."""
        self.start()
        try:
            self._socket.settimeout(wall_seconds + _GRACE_SECONDS)
            self._socket.sendall(struct.pack("=I", len(job)) + job)
            return Outcome(**marshal.loads(self._receive()))
        except (OSError, EOFError, ValueError, TypeError) as error:
            self.close()
            raise ServerDied(str(error)) from error

    def close(self) -> None:
        """End the server and everything it runs, and remove its folder."""
        if self._process is not None:
            self._kill(self._process)
            self._process.wait()
            self._socket.close()
            shutil.rmtree(self._folder, ignore_errors=True)
        self._process = self._socket = self._folder = None

    def interrupt(self) -> None:
        """Kill the server and its program; another thread that waits for it gets ServerDied."""
        if (process := self._process) is not None:
            self._kill(process)

    def _kill(self, process: subprocess.Popen) -> None:
        # Programs die with their server; the group covers a server that is stopped.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _handshake(self) -> dict[str, str]:
        self._socket.settimeout(_START_SECONDS)
        try:
            answer = marshal.loads(self._receive())
        except (OSError, EOFError) as error:
            self.close()
            raise SandboxError(f"the sandbox's fork server did not start: {error}") from error
        if "error" in answer:
            self.close()
            raise SandboxError(f"no way to isolate untrusted programs on this machine: {answer['error']}")
        return answer

    def _receive(self) -> bytes:
        (size,) = struct.unpack("=I", self._exactly(4))
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self._socket.recv(min(size - len(data), 1 << 20))
            if not part:
                raise EOFError("it closed the connection")
            data += part
        return bytes(data)
