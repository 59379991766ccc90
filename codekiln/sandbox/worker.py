"""The controller's side of one tester and its fork server: sends jobs, and never waits without a deadline."""

import contextlib
import itertools
import marshal
import os
import queue
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple, cast

from codekiln.errors import SandboxError
from codekiln.sandbox.allowed_imports import link_packages, package_paths
from codekiln.sandbox.inside.messages import JobMessage, LimitValues, ProblemPlan
from codekiln.sandbox.server_folder import ServerFolder

_START_SECONDS, _GRACE_SECONDS, _END_SECONDS = 60.0, 20.0, 0.5
_PAUSES = (0.2, 1.0, 3.0)
"""Seconds before another attempt to start: the machine may lack memory, processes or descriptors for a while."""
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


def encoded(plan: ProblemPlan) -> EncodedPlan:
    """Return a plan with a new key."""
    return EncodedPlan(next(_keys), marshal.dumps(cast(Any, plan)))


class _Server(NamedTuple):
    """A running fork server: its process, the controller's end of its socket, and its folder."""

    process: subprocess.Popen[bytes]
    connection: socket.socket
    folder: ServerFolder

    def send(self, data: bytes) -> None:
        """Send one length-prefixed message, which may be too large to be copied."""
        self.connection.sendall(struct.pack("=I", len(data)))
        self.connection.sendall(data)

    def receive(self) -> bytearray:
        """Return the next length-prefixed message."""
        (size,) = struct.unpack("=I", self._read_exactly(4))
        return self._read_exactly(size)

    def kill(self) -> None:
        """Kill the server and its program."""
        # A program dies with its server. The whole group is killed, because a server that is stopped cannot end itself.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _read_exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        with memoryview(data) as view:
            done = 0
            while done < size:
                if not (count := self.connection.recv_into(view[done:])):
                    raise EOFError("it closed the connection")
                done += count
        return data


class Worker:
    """One tester with its fork server; starts at first use, and again after a death.

    Args:
        packages: Names of third-party packages that programs may import.
    """

    def __init__(self, packages: tuple[str, ...] = ()) -> None:
        self._packages = packages
        self._server: _Server | None = None
        self._known: dict[int, int] = {}
        self._interrupted = False
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
        given_lines: int = 0,
        runs: int = 1,
        forget: bool = False,
    ) -> dict[str, Any]:
        """Run one program, up to ``runs`` times, and return the tester's answer; ``forget``: the plan is not kept.

        The first ``given_lines`` are code of the problem: lines in the answer are counted after them.

        Raises:
            ServerDied: A process died, or gave no answer in time.
            SandboxError: Programs cannot be confined on this machine.
        """
        if plan.key not in self._known and not self._has_room():
            self.close()
        server = self._running()
        if self._interrupted:
            self.close()
            raise ServerDied("interrupted")
        job: JobMessage = {
            "key": plan.key, "plan": None if plan.key in self._known else plan.data, "program": program,
            "given_lines": given_lines, "stdin": stdin, "limits": limits, "forget": forget,
        }  # fmt: skip
        if not forget:
            self._known[plan.key] = len(plan.data)
        try:
            data = marshal.dumps(dict(job))
            # The program runs for its real time at most, and then the tests for both.
            seconds = runs * (2 * limits["wall_seconds"] + limits["cpu_seconds"])
            server.connection.settimeout(seconds + _GRACE_SECONDS + len(data) / 1e6)
            server.send(data)
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
            server.folder.remove()
        self._server = None
        self._known = {}
        self._interrupted = False

    def interrupt(self) -> None:
        """Kill the server and its program; another thread that waits for it gets ServerDied."""
        self._interrupted = True  # it may be starting a server at this moment
        if (server := self._server) is not None:
            server.kill()

    def _has_room(self) -> bool:
        return len(self._known) < _MAX_PLANS and sum(self._known.values()) <= _MAX_PLAN_BYTES

    def _running(self) -> _Server:
        pauses = iter(_PAUSES)
        while self._server is None:
            try:
                self._server = _launch(self._packages)
                self.protections = self._handshake(self._server)
            except (OSError, EOFError, ValueError, RuntimeError) as error:
                was_interrupted = self._interrupted
                self.close()
                if was_interrupted:
                    raise ServerDied("interrupted") from error
                if (pause := next(pauses, None)) is None:
                    raise SandboxError(
                        f"the sandbox's processes did not start: {error}",
                        fix="free memory and processes (ulimit -u), and give the same command again",
                    ) from error
                time.sleep(pause)
        return self._server

    def _handshake(self, server: _Server) -> dict[str, str]:
        server.connection.settimeout(_START_SECONDS)
        answer: dict[str, str] = marshal.loads(server.receive())
        if "error" not in answer:
            return answer
        if self.protections:  # they were on before
            raise OSError(answer["error"])
        self.close()
        raise SandboxError(
            f"no way to isolate untrusted programs on this machine: {answer['error']}",
            fix="use another machine or container; docs/sandbox.md says what the kernel has to allow",
        )


def _launch(packages: tuple[str, ...]) -> _Server:
    """Start a server process in a new folder, with one end of a socket pair as its standard input."""
    folder = ServerFolder()
    try:
        near, far = socket.socketpair()
        with contextlib.ExitStack() as opened:
            opened.enter_context(far)
            on_failure = opened.enter_context(contextlib.ExitStack())
            on_failure.enter_context(near)
            process = _keep_running(_command(folder, packages), far)
            on_failure.pop_all()
    except BaseException:
        folder.remove()
        raise
    return _Server(process, near, folder)


def _command(folder: ServerFolder, packages: tuple[str, ...]) -> list[str]:
    links = ""
    if packages:
        links = os.path.join(folder.path, "packages")
        link_packages(package_paths(packages), links)
    root = str(Path(__file__).resolve().parent.parent)
    # A clean interpreter: no site-packages, no user's paths, the same encoding everywhere. It writes bytecode where
    # this process does: nothing else imports most of its modules, which would otherwise be compiled at each start.
    unwritten = ["-B"] if sys.dont_write_bytecode else []
    return [sys.executable, "-S", "-s", "-P", *unwritten, "-X", "utf8", "-c", _BOOT, root, folder.scratch, links]


def _keep_running(command: list[str], stdin: socket.socket) -> "subprocess.Popen[bytes]":
    """Start a process in a thread that lives as long as it does.

    The kernel kills a tester when the thread that started it ends, which has to mean: when this process ends.
    """
    # An interpreter that is not where it was built finds its own shared library by this variable.
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    started: queue.SimpleQueue[subprocess.Popen[bytes] | BaseException] = queue.SimpleQueue()

    def keep() -> None:
        try:
            process = subprocess.Popen(
                command, stdin=stdin.fileno(), stdout=subprocess.DEVNULL, cwd="/", start_new_session=True,
                # Bound now, a function of a shared library need not be looked up in each forked process.
                env={"PYTHONHASHSEED": "0", "LD_BIND_NOW": "1", **kept},
            )  # fmt: skip
        except BaseException as error:  # raised again in the thread that asked
            started.put(error)
            return
        started.put(process)
        process.wait()

    threading.Thread(target=keep, name="codekiln-tester", daemon=True).start()
    found = started.get()
    if isinstance(found, BaseException):
        raise found
    return found
