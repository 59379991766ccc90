"""The controller's side of one tester and its fork server: sends jobs, and never waits without a deadline."""

import contextlib
import itertools
import marshal
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from codekiln.errors import SandboxError
from codekiln.sandbox.allowed_imports import link_packages, package_paths
from codekiln.sandbox.inside.messages import JobMessage, LimitValues
from codekiln.sandbox.inside.scratch_folder import remove_tree

_START_SECONDS, _GRACE_SECONDS, _END_SECONDS = 30.0, 20.0, 0.5
_MAX_PLANS, _MAX_PLAN_BYTES = 1000, 64 << 20
"""What a tester keeps; beyond it a new one is started."""
# The processes import codekiln.sandbox.inside only: with empty modules in place of its parent packages, nothing else of
# codekiln, and none of its dependencies, is in the memory that programs share.
_BOOT = """
import sys, types
root = sys.argv.pop(1)
for name, path in (("codekiln", root), ("codekiln.sandbox", root + "/sandbox")):
    module = sys.modules[name] = types.ModuleType(name)
    module.__path__ = [path]
from codekiln.sandbox.inside.boot import main
main()
"""


class ServerDied(Exception):
    """The tester or the fork server died, or gave no answer in time, in the middle of a job."""


class EncodedPlan(NamedTuple):
    """A plan as the tester gets it, once.

    Attributes:
        key: Its number, unique in this process.
        data: Its bytes.
    """

    key: int
    data: bytes


_keys = itertools.count()


def encoded(data: bytes) -> EncodedPlan:
    """Return a plan with a new key."""
    return EncodedPlan(next(_keys), data)


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
    """One tester with its fork server; starts at first use, and again after a death.

    Args:
        packages: Names of third-party packages that programs may import.
    """

    def __init__(self, packages: tuple[str, ...] = ()) -> None:
        self._packages = packages
        self._server: _Server | None = None
        self._known: dict[int, int] = {}
        self.protections: dict[str, str] = {}

    def start(self) -> None:
        """Start the processes, unless they run.

        Raises:
            SandboxError: Programs cannot be confined on this machine.
        """
        self._running()

    def run(
        self,
        plan: EncodedPlan,
        program: str,
        limits: LimitValues,
        stdin: bytes | None = None,
        *,
        runs: int = 1,
        forget: bool = False,
    ) -> dict[str, Any]:
        """Run one program, up to ``runs`` times, and return the tester's answer; ``forget``: the plan is not kept.

        Raises:
            ServerDied: A process died, or gave no answer in time.
            SandboxError: Programs cannot be confined on this machine.
        """
        if len(self._known) >= _MAX_PLANS or sum(self._known.values()) > _MAX_PLAN_BYTES:
            self.close()
        server = self._running()
        job: JobMessage = {
            "key": plan.key, "plan": None if plan.key in self._known else plan.data, "program": program,
            "stdin": stdin, "limits": limits, "forget": forget,
        }  # fmt: skip
        if not forget:
            self._known[plan.key] = len(plan.data)
        try:
            data = marshal.dumps(dict(job))
            server.connection.settimeout(
                runs * (limits["wall_seconds"] + limits["cpu_seconds"]) + _GRACE_SECONDS + len(data) / 1e6
            )
            server.connection.sendall(struct.pack("=I", len(data)) + data)
            answer: dict[str, Any] = marshal.loads(server.receive())
        except (OSError, EOFError, ValueError, TypeError) as error:
            self.close()
            raise ServerDied(str(error) or type(error).__name__) from error
        return answer

    def close(self) -> None:
        """End the server and everything it runs, and remove its folder."""
        if (server := self._server) is not None:
            server.connection.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(_END_SECONDS)  # the tester ends by itself when it waits for a program
            server.kill()
            server.process.wait()
            remove_tree(server.folder)
        self._server = None
        self._known = {}

    def interrupt(self) -> None:
        """Kill the server and its program; another thread that waits for it gets ServerDied."""
        if (server := self._server) is not None:
            server.kill()

    def _running(self) -> _Server:
        if self._server is None:
            self._server = _launch(self._packages)
            self.protections = self._handshake(self._server)
        return self._server

    def _handshake(self, server: _Server) -> dict[str, str]:
        server.connection.settimeout(_START_SECONDS)
        try:
            answer: dict[str, str] = marshal.loads(server.receive())
        except (OSError, EOFError) as error:
            self.close()
            raise SandboxError(f"the sandbox's processes did not start: {error}") from error
        if "error" in answer:
            self.close()
            raise SandboxError(f"no way to isolate untrusted programs on this machine: {answer['error']}")
        return answer


def _launch(packages: tuple[str, ...]) -> _Server:
    """Start a server process in a new folder, with one end of a socket pair as its standard input."""
    folder = tempfile.mkdtemp(prefix="codekiln-")
    scratch = os.path.join(folder, "scratch")
    os.mkdir(scratch, 0o700)
    near, far = socket.socketpair()
    links = ""
    if packages:
        links = os.path.join(folder, "packages")
        link_packages(package_paths(packages), links)
    root = str(Path(__file__).resolve().parent.parent)
    # A clean interpreter: no site-packages, no user's paths, no bytecode written, the same encoding everywhere.
    command = [sys.executable, "-S", "-s", "-P", "-B", "-X", "utf8", "-c", _BOOT, root, scratch, links]
    # An interpreter that is not where it was built finds its own shared library by this variable.
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    with far:
        process = subprocess.Popen(
            command, stdin=far.fileno(), stdout=subprocess.DEVNULL, cwd="/", start_new_session=True,
            env={"PYTHONHASHSEED": "0", **kept},
        )  # fmt: skip
    return _Server(process, near, folder)
