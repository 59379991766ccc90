"""The fork server: one program at a time, each in a fresh fork of this small, clean, confined process.

It knows what is called in a program, and no expected value: those are the tester's.
"""

import contextlib
import marshal
import mmap
import os
import select
import signal
import socket
import struct
import sys
import time
from types import ModuleType

from codekiln.sandbox.inside.channel import frame, read_frame, write_bytes, write_frame
from codekiln.sandbox.inside.confine import (
    MAX_THREADS,
    PROGRAM_CHANNEL,
    LimitsOfPrograms,
    confine_program,
    program_filter,
    threads_of,
)
from codekiln.sandbox.inside.memory import prepare_to_fork
from codekiln.sandbox.inside.plain_values import Foreign, read_text
from codekiln.sandbox.inside.program import rehearse, run
from codekiln.sandbox.inside.scratch_folder import ScratchFolder
from codekiln.sandbox.inside.seccomp import Prepared

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from codekiln.sandbox.inside.confine import LimitValuesByKind
    from codekiln.sandbox.inside.messages import CallPlan, LimitValues, OutcomeMessage, RunMessage

_CHUNK = 1 << 16
_FOLDER_SECONDS = 0.1
"""Time between two looks at the size of the scratch folder."""
_STOP = b"s"
_PLAIN = Foreign()
_HIDDEN: list[ModuleType] = []
"""Modules of codekiln, which programs do not find."""


class RunningProgram:
    """The tester's side of the fork server: starts a program and learns of its end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._known: set[int] = set()

    def start(self, job: "RunMessage", plan: bytes) -> int:
        """Start a program and return the tester's end of the socket to it.

        Its text goes to its own process alone: what the server once held, every later program could find in its memory.
        """
        near, far = os_socketpair()
        message = dict(job, program="", plan=None if job["key"] in self._known else plan)
        if not job["forget"]:
            self._known.add(job["key"])
        socket.send_fds(self._control, [_STOP], [far])
        os.close(far)
        write_frame(self._control.fileno(), marshal.dumps(message))
        with contextlib.suppress(OSError):  # it ended before it could read: the outcome says why
            write_frame(near, marshal.dumps(job["program"]))
        return near

    def stop(self) -> None:
        """Ask for the end of the program that runs."""
        self._control.send(_STOP)

    def fileno(self) -> int:
        """Return the descriptor that can be read when the program has ended."""
        return self._control.fileno()

    def outcome(self) -> "OutcomeMessage":
        """Wait for the end of the program; raises EOFError when the fork server is gone."""
        frame = read_frame(self._control.fileno())
        if not frame:
            raise EOFError("the fork server ended")
        outcome: OutcomeMessage = marshal.loads(frame)
        outcome["output"] = read_frame(self._control.fileno()) or b""
        return outcome


class _Printed:
    """What a program prints, apart from the memory that later programs inherit: of a right one it is the answer."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size = limit, 0
        self._memory: mmap.mmap | None = None  # most programs print nothing

    def read(self, handle: int) -> None:
        """Read on; there must be something to read."""
        if self._memory is None:
            self._memory = mmap.mmap(-1, self._limit + _CHUNK)
        with memoryview(self._memory) as memory, memory[self._size : self._size + _CHUNK] as place:
            self._size += os.readv(handle, [place])

    def is_too_long(self) -> bool:
        """Return whether it is beyond the limit."""
        return self._size > self._limit

    def send(self, handle: int, outcome: "OutcomeMessage") -> None:
        """Send the end of the program and what it printed as two messages, and forget the latter."""
        text = marshal.dumps(dict(outcome))
        if self._memory is None:
            write_bytes(handle, frame(text) + frame(b""))
            return
        write_bytes(handle, frame(text) + struct.pack("=I", self._size))
        with memoryview(self._memory) as memory, memory[: self._size] as printed:
            write_bytes(handle, printed)
        self._memory.close()


def os_socketpair() -> tuple[int, int]:
    """Return the descriptors of two connected sockets."""
    near, far = socket.socketpair()
    return near.detach(), far.detach()


def serve(control: socket.socket, folder: str, read_only: bool) -> None:
    """Run the programs that the tester sends until it closes its end."""
    scratch, calls = ScratchFolder(folder), program_filter(read_only)
    plans: dict[int, CallPlan] = {}
    bounds = LimitsOfPrograms()
    _prepare_for_programs()
    rehearse()
    prepare_to_fork()
    try:
        while (received := _receive(control)) is not None:
            job, channel = received
            if job["plan"] is not None:
                plans[job["key"]] = _with_arguments(marshal.loads(job["plan"]))
            plan = plans.pop(job["key"]) if job["forget"] else plans[job["key"]]
            printed = _Printed(job["limits"]["output_kb"] << 10)
            outcome = _run_one(control, scratch, calls, bounds, job, plan, channel, printed)
            scratch.empty()
            printed.send(control.fileno(), outcome)
    finally:
        scratch.empty()


def _prepare_for_programs() -> None:
    """Do here, once, what each program would otherwise have to do: every page that it writes is copied."""
    for name in [name for name in sys.modules if name.split(".")[0] == "codekiln"]:
        _HIDDEN.append(sys.modules.pop(name))
    # On a pipe, as the standard output of each program is: a stream remembers whether it can seek.
    read, write = os.pipe()
    os.dup2(write, 1)
    os.close(read)
    os.close(write)
    sys.stdout = vars(sys)["__stdout__"] = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def _with_arguments(plan: "CallPlan") -> "CallPlan":
    """Read the arguments of calls, and import what its programs need, once for all of them."""
    if plan["digests"]:
        import hashlib  # noqa: F401 - most problems do without, and its library is large
    calls = tuple(
        (name, read_text(call.encode(), _PLAIN) if type(call) is str else call) for name, call in plan["calls"]
    )
    return plan | {"calls": calls}  # type: ignore[return-value]


def _receive(control: socket.socket) -> "tuple[RunMessage, int] | None":
    while True:
        data, handles, _, _ = socket.recv_fds(control, 1, 1)
        if not data:
            return None
        if handles:
            break  # else: a request to stop a program that had ended already
    frame = read_frame(control.fileno())
    return (marshal.loads(frame), handles[0]) if frame else None


def _run_one(
    control: socket.socket,
    scratch: ScratchFolder,
    calls: Prepared,
    bounds: LimitsOfPrograms,
    job: "RunMessage",
    plan: "CallPlan",
    channel: int,
    printed: _Printed,
) -> "OutcomeMessage":
    output, output_in = os.pipe()
    given = _as_file(job["stdin"]) if job["stdin"] else None
    # Opened anew, because what a program does to its flags and locks would stay for the next.
    null = os.open("/dev/null", os.O_RDWR)
    values = bounds.of(job["limits"])
    scratch.begin()
    server = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_program(job, plan, calls, values, (null if given is None else given, output_in, null), channel, server)
    for handle in (channel, output_in, null, *([given] if given is not None else [])):
        os.close(handle)
    ended = os.pidfd_open(pid)
    try:
        reason = _watch(control, scratch, job["limits"], pid, ended, output, printed)
    finally:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        os.close(ended)
        os.close(output)
    if reason == "disk":
        if not scratch.was_filled_by(usage.ru_oublock):
            raise SystemExit("another process filled the disk, so the program was stopped")
        reason = "folder"
    return {
        "reason": reason,
        "code": os.waitstatus_to_exitcode(status),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_kb": usage.ru_maxrss,
        "output": b"",
    }


def _as_file(text: bytes) -> int:
    handle = os.memfd_create("stdin")
    view = memoryview(text)
    while view:
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _become_program(
    job: "RunMessage",
    plan: "CallPlan",
    calls: Prepared,
    limits: "LimitValuesByKind",
    streams: tuple[int, int, int],
    channel: int,
    server: int,
) -> None:
    try:
        for target, handle in enumerate(streams):
            os.dup2(handle, target)
        confine_program(calls, limits, channel)
        if os.getppid() == server:  # else it ended before the kernel was told to end this process with it
            job["program"] = marshal.loads(read_frame(PROGRAM_CHANNEL) or b"")
            run(PROGRAM_CHANNEL, job, plan)
    finally:
        os._exit(70)  # EX_SOFTWARE: reached only when the child failed before it ran the program


def _watch(
    control: socket.socket,
    scratch: ScratchFolder,
    limits: "LimitValues",
    pid: int,
    ended: int,
    output: int,
    printed: _Printed,
) -> str:
    """Collect what the child prints until it ends or exceeds a limit; return the reason of its end."""
    poll = select.poll()
    for handle in (control.fileno(), ended, output):
        poll.register(handle, select.POLLIN)
    deadline, look = time.monotonic() + limits["wall_seconds"], time.monotonic() + _FOLDER_SECONDS
    while (now := time.monotonic()) < deadline:
        if now >= look and (reason := _exceeded(pid, scratch, limits)):
            return reason
        look = look if now < look else now + _FOLDER_SECONDS
        events = dict(poll.poll((min(deadline, look) - now) * 1000 + 1))
        if events.get(output, 0) & select.POLLIN:
            printed.read(output)
            if printed.is_too_long():
                return "output"
            continue  # what is printed is read to its end before the end of the program counts
        if output in events:
            poll.unregister(output)
        if control.fileno() in events:
            return _stopped(control)
        if ended in events:
            return "ended"
    return "timeout"


def _stopped(control: socket.socket) -> str:
    if not control.recv(1):
        raise SystemExit("the tester is gone")
    return "stopped"


def _exceeded(pid: int, scratch: ScratchFolder, limits: "LimitValues") -> str:
    """Return the limit that a running program is beyond, or nothing."""
    try:
        if threads_of(pid) > MAX_THREADS:
            return "threads"
    except FileNotFoundError:
        pass  # it has ended, or this machine's /proc shows no other process: then its address space bounds its threads
    return scratch.exceeded(limits["file_mb"] << 20)
