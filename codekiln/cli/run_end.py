"""The end of a run by a signal or by the loss of its output: all its steps end, and the exit code says why."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

from codekiln.stages.process_tree import GRACE_SECONDS, RUN_PIPE, descendants, kill

_INTERVAL_SECONDS = 0.05
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class RunEnd:
    """Ends the steps of a run at the first signal; further ones change nothing.

    Attributes:
        has_steps: Whether steps are being run, whose end ends the run; otherwise a signal raises SystemExit.
        on_signal: Called in another thread when a signal has come while steps are being run.
    """

    def __init__(self) -> None:
        self.has_steps, self.on_signal = False, _nothing
        self._causes: list[int] = []
        self._pipe, write = os.pipe()
        self._write_ends = [write]
        self._over = threading.Event()
        self._left: set[psutil.Process] = set()

    def handle(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal, or the loss of the output as SIGPIPE."""
        # Each of these is one operation, which a second signal cannot interrupt.
        self._causes.append(number)
        with contextlib.suppress(IndexError):
            os.close(self._write_ends.pop())
            if not self.has_steps and number != signal.SIGPIPE:
                raise SystemExit(128 + number)

    @property
    def is_signalled(self) -> bool:
        """Whether a signal has come, or the output is lost."""
        return bool(self._causes)

    def check(self) -> None:
        """Raise SystemExit once the run has been told to end: 128 + the number of the signal."""
        if self._causes:
            raise SystemExit(128 + self._causes[0])

    @contextmanager
    def steps(self) -> Iterator[None]:
        """Give the steps that are started in this block the pipe whose end is theirs, and wait for their end."""
        watcher = threading.Thread(target=self._watch, name="run-end", daemon=True)
        standard_input = os.dup(0)
        os.dup2(self._pipe, 0)
        os.environ[RUN_PIPE] = "0"
        self.has_steps = True
        try:
            watcher.start()
            self.check()
            yield
        finally:
            self._over.set()
            del os.environ[RUN_PIPE]
            os.dup2(standard_input, 0)
            os.close(standard_input)
            if self._causes:
                watcher.join()
            self.has_steps = False
            self.check()

    def close(self) -> None:
        """Close the pipe."""
        with contextlib.suppress(IndexError):
            os.close(self._write_ends.pop())

    def _watch(self) -> None:
        """Kill what does not end in time, what the last step has left, and at once what is started after the signal."""
        os.read(self._pipe, 1)
        if self._causes:
            self.on_signal()
        this, end = psutil.Process(), time.monotonic() + GRACE_SECONDS
        steps = set(this.children())
        while self._causes and not (self._over.is_set() and not self._living()):
            self._left |= descendants(this)
            for late in set(this.children()) - steps:
                kill((*descendants(late), late))
            if self._over.is_set() or time.monotonic() > end:
                kill(self._left)
            time.sleep(_INTERVAL_SECONDS)

    def _living(self) -> bool:
        return any(_is_alive(each) for each in self._left)


@contextmanager
def run_end() -> Iterator[RunEnd]:
    """Handle SIGTERM, SIGINT and SIGHUP until the block ends; one that is ignored, as after nohup, stays so."""
    end = RunEnd()
    if threading.current_thread() is not threading.main_thread():
        yield end
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, end.handle)
    try:
        yield end
    finally:
        end.close()
        for number, handler in before.items():
            # Further signals must not cut short what is left of this process either.
            signal.signal(number, signal.SIG_IGN if end.is_signalled else handler or signal.SIG_DFL)


def _nothing() -> None:
    pass


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
