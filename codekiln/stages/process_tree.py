"""One end for all processes of a run on this machine: its steps end with it, however it ends.

The standard input of a step is a pipe whose other end only the run holds. It closes when the run closes it, and also
when SIGKILL ends the run, so that one mechanism serves every kind of end.
"""

import atexit
import contextlib
import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import TextIO

import psutil

RUN_PIPE = "CODEKILN_RUN_PIPE"
"""Set for the steps of a run whose standard input is its pipe."""
STEPS_LOCK = ".steps.lock"
"""In the run's folder; each step holds it, shared, until it ends."""
GRACE_SECONDS = 8.0
"""What a step gets for its cleanup: a checkpoint, the deletion of its job."""

_kept: list[object] = []


def descendants(process: psutil.Process) -> set[psutil.Process]:
    """Return the processes below a process."""
    try:
        return set(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill processes, those that have ended excepted; psutil knows a process whose id another one has by now."""
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()


def end_with_run(workdir: Path) -> None:
    """Make this step end when its run does: by SIGTERM, and by SIGKILL with all it has started after a grace period.

    It returns at once where no run has started this process. Ctrl-C and the loss of the terminal, which reach all
    processes of a terminal, are left to the run. A step of a run that has ended already ends here.
    """
    if os.environ.pop(RUN_PIPE, None) is None:
        return
    for number in (signal.SIGINT, signal.SIGHUP):
        # Not SIG_IGN, which the programs that a step starts would inherit.
        signal.signal(number, _leave_to_the_run)
    signal.signal(signal.SIGTERM, _Ending())
    pipe = _take_standard_input()
    lock = (workdir / STEPS_LOCK).open("a")
    fcntl.flock(lock, fcntl.LOCK_SH)
    _kept.append(lock)
    if _has_closed(pipe):
        sys.exit(128 + signal.SIGTERM)
    threading.Thread(target=_end_with, args=(pipe,), name="run-pipe", daemon=True).start()


def silence(stream: TextIO) -> None:
    """Send what is still written to a stream that nobody reads any more to nowhere, at the exit of Python as well."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


class _Ending:
    """A handler that raises SystemExit at the first signal; further ones do not disturb the cleanup."""

    def __init__(self) -> None:
        self.signalled = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        first, self.signalled = not self.signalled, True
        if first:
            raise SystemExit(128 + number)


def _leave_to_the_run(number: int, frame: FrameType | None) -> None:
    pass


def _take_standard_input() -> int:
    """Return the pipe under another number that no child inherits; standard input is empty from now on."""
    pipe, null = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    return pipe


def _has_closed(pipe: int) -> bool:
    os.set_blocking(pipe, False)
    try:
        return os.read(pipe, 1) == b""
    except BlockingIOError:
        return False
    finally:
        os.set_blocking(pipe, True)


def _end_with(pipe: int) -> None:
    os.read(pipe, 1)
    this = psutil.Process()
    atexit.register(lambda: kill(descendants(this)))
    os.kill(this.pid, signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    kill(descendants(this))
    this.kill()
