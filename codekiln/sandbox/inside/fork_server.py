"""The fork server: one program at a time, each in a fresh fork of this small, clean, confined process."""

import gc
import marshal
import os
import resource
import select
import signal
import struct
import sys
import time

from codekiln.sandbox.inside.confine import can_make_a_socket, confine_program, confine_server
from codekiln.sandbox.inside.program import Channel, run
from codekiln.sandbox.inside.scratch_folder import ScratchFolder

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from codekiln.sandbox.inside.messages import JobMessage, LimitValues, OutcomeMessage

# The modules that programs import most: imported once here, they cost a program nothing.
_WARM = (
    "abc bisect cmath collections contextlib copy dataclasses datetime decimal enum fractions functools hashlib heapq "
    "itertools json math numbers operator random re statistics string textwrap time typing"
)
_CHUNK = 1 << 16
_FOLDER_SECONDS = 0.1
"""Time between two looks at the size of the scratch folder."""


def serve(folder: str) -> None:
    """Serve jobs from standard input, a socket, until it closes; answers with the protections, then with outcomes."""
    control = os.dup(0)
    null = os.open("/dev/null", os.O_RDWR)
    for target in (0, 1):
        os.dup2(null, target)
    os.close(null)
    for name in _WARM.split():
        __import__(name)
    _add_site_builtins()
    os.chdir(folder)
    os.environ.clear()
    try:
        protections, read_only = confine_server(folder)
        _prove_confinement(read_only)
    except OSError as error:
        write_frame(control, marshal.dumps({"error": str(error)}))
        return
    write_frame(control, marshal.dumps(protections))
    scratch = ScratchFolder(folder)
    # Keeps the collector of a forked child from touching, and so copying, the pages that it shares with the server.
    gc.collect()
    gc.freeze()
    try:
        while (frame := read_frame(control)) is not None:
            outcome = _run_one(control, scratch, read_only, frame)
            scratch.empty()
            write_frame(control, marshal.dumps(dict(outcome)))
    finally:
        scratch.empty()


def _prove_confinement(read_only: bool) -> None:
    """Confine one child and let it try to open a socket; raises OSError when it cannot be confined, or succeeds."""
    answer, answer_in = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            confine_program({"cpu_seconds": 1, "memory_mb": 1024, "file_mb": 1}, read_only, (answer_in,))
            os.write(answer_in, b"a socket could be made" if can_make_a_socket() else b"ok")
        except OSError as error:
            os.write(answer_in, str(error).encode())
        finally:
            os._exit(0)
    os.close(answer_in)
    text = os.read(answer, 1000)
    os.close(answer)
    os.waitpid(pid, 0)
    if text != b"ok":
        raise OSError(text.decode() or "the child that tried its confinement was killed")


def read_frame(handle: int) -> bytes | None:
    """Return the next length-prefixed message, or None when the other side has closed."""
    header = _read_exactly(handle, 4)
    return _read_exactly(handle, struct.unpack("=I", header)[0]) if header else None


def write_frame(handle: int, data: bytes) -> None:
    """Write one length-prefixed message."""
    view = memoryview(struct.pack("=I", len(data)) + data)
    while view:
        view = view[os.write(handle, view) :]


def _read_exactly(handle: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(handle, min(size, 1 << 20))
        if not part:
            return b""
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _add_site_builtins() -> None:
    # -S leaves these out, and scripts end themselves with exit().
    import _sitebuiltins
    import builtins

    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))


def _run_one(control: int, scratch: ScratchFolder, read_only: bool, frame: bytes) -> "OutcomeMessage":
    job: JobMessage = marshal.loads(frame)
    results, results_in = os.pipe()
    output, output_in = os.pipe()
    given = _as_file(job["stdin"]) if job["stdin"] else None
    scratch.begin()
    pid = os.fork()
    if pid == 0:
        _become_program(job, read_only, given, results_in, output_in)
    for handle in (results_in, output_in, *([given] if given is not None else [])):
        os.close(handle)
    try:
        reason, texts = _watch(control, scratch, job["limits"], results, output)
    finally:
        os.kill(pid, signal.SIGKILL)
        _, status, usage = os.wait4(pid, 0)
        os.close(results)
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
        "results": bytes(texts[results]),
        "output": bytes(texts[output]),
    }


def _as_file(text: bytes) -> int:
    handle = os.memfd_create("stdin")
    view = memoryview(text)
    while view:
        view = view[os.write(handle, view) :]
    os.lseek(handle, 0, os.SEEK_SET)
    return handle


def _become_program(job: "JobMessage", read_only: bool, given: int | None, results: int, output: int) -> None:
    try:
        # Opened here, because what a program does to the flags and locks of the server's would stay for the next.
        null = os.open("/dev/null", os.O_RDWR)
        for target, handle in enumerate((null if given is None else given, output, null)):
            os.dup2(handle, target)
        limits = job["limits"]
        channel = Channel(results, job["nonce"], limits["output_kb"] << 10)
        confine_program(limits, read_only, (results,))
        run(channel, job["mode"], job["program"], job["setup"], job["steps"])
    finally:
        os._exit(70)  # EX_SOFTWARE: reached only when the child failed before it ran the program


def _watch(
    control: int, scratch: ScratchFolder, limits: "LimitValues", results: int, output: int
) -> tuple[str, dict[int, bytearray]]:
    """Collect what the child writes until it ends or exceeds a limit; return the reason of its end, and both texts."""
    texts = {results: bytearray(), output: bytearray()}
    poll = select.poll()
    poll.register(control, 0)  # no event is asked for: the end of the connection is reported anyway
    for handle in texts:
        poll.register(handle, select.POLLIN)
    deadline, bound, waiting = time.monotonic() + limits["wall_seconds"], limits["output_kb"] << 10, set(texts)
    look = time.monotonic() + _FOLDER_SECONDS
    while waiting:
        now = time.monotonic()
        if now >= deadline:
            return "timeout", texts
        if now >= look:
            if reason := scratch.exceeded(limits["file_mb"] << 20):
                return reason, texts
            look = now + _FOLDER_SECONDS
        for handle, _ in poll.poll((min(deadline, look) - now) * 1000 + 1):
            if handle == control:
                raise SystemExit("the controller is gone")
            part = os.read(handle, _CHUNK)
            texts[handle] += part
            if not part:
                poll.unregister(handle)
                waiting.discard(handle)
            # The child bounds each message itself; the looser bound is for a program that writes to the channel.
            if len(texts[handle]) > (bound if handle == output else 4 * bound + _CHUNK):
                return "output", texts
    return "ended", texts


def main() -> None:
    """Serve in the folder named on the command line."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    serve(sys.argv.pop())
