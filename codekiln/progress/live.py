"""One live line in a terminal: a bar, the rate and the time left; what else is written stands above it."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from tqdm import tqdm

from codekiln.progress.state import Show, State, is_live

_TICK_SECONDS = 0.5
_WIDE, _NARROW = 72, 30


class _Bar(tqdm):  # type: ignore[misc]  # tqdm has no types
    """tqdm's bar, with fewer words in a narrow terminal."""

    # tqdm's own monitor and its lock between processes are not needed: the display has both.
    monitor_interval = 0
    _lock = threading.RLock()

    @staticmethod
    def status_printer(file: TextIO) -> Callable[[str], None]:
        """Return what draws: tqdm would erase with as many blanks as before, more than a terminal made narrow has."""

        def draw(text: str) -> None:
            file.write(f"\r{text}\x1b[K")
            file.flush()

        return draw

    @property
    def format_dict(self) -> dict[str, Any]:
        """What is drawn, and in which form; asked at every drawing, so that it follows the terminal's width."""
        found: dict[str, Any] = super().format_dict
        rate = found["rate"] or (found["n"] - found["initial"]) / max(found["elapsed"], 1e-6)
        words = {"pace": _pace(rate), "left": self._left(rate), "bar_format": self._form(found["ncols"] or _WIDE)}
        return found | words

    def _left(self, rate: float) -> str:
        if self.total is None or rate <= 0:
            return str(self.format_interval(self._time() - self.start_t))
        return f"{self.format_interval((self.total - self.n) / rate)} left"

    def _form(self, width: int) -> str:
        if self.total is None:
            return "{desc} {n_fmt} {unit}  {left}" if self.unit else "{desc}  {left}"
        if width < _NARROW:
            return "{desc} {percentage:.0f}%"
        if width < _WIDE:
            return "{desc} {bar} {percentage:3.0f}% {left}"
        return "{desc} {bar} {percentage:3.0f}%  {n_fmt}/{total_fmt} {unit}  {pace}  {left}"


def _pace(rate: float) -> str:
    if rate <= 0:
        return ""
    return f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"


class Display:
    """The live line of a terminal; every method may be called from any thread.

    Args:
        stream: The terminal.

    Attributes:
        lock: Held while something is drawn.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._title = stream, ""
        self._bar: _Bar | None = None
        self._key: tuple[str, int | None, str, int] = ("", None, "", 0)
        self.lock = threading.RLock()
        self._in_line = False
        self._over = threading.Event()
        threading.Thread(target=self._tick, name="progress", daemon=True).start()

    def begin(self, title: str) -> None:
        """Show the time of work that has a name, for as long as nothing counts it; '' ends that."""
        with self.lock:
            self._title = title
            self._replace(title, None, "", 0)

    def show(self, state: State) -> None:
        """Show how far some work is; when it is over, the work around it."""
        with self.lock:
            if state.is_over:
                self._replace(self._title, None, "", 0)
                return
            key = (state.label, state.total, state.unit, state.before)
            if key != self._key or (self._bar is not None and self._bar.n > state.done):
                self._replace(*key)
            if self._bar is not None and self._in_line:
                self._bar.n = state.done
            elif self._bar is not None:
                self._guarded(lambda bar: bar.update(state.done - bar.n))

    @contextmanager
    def above(self, text: str = "\n") -> Iterator[None]:
        """Let the block write a text where the line stands, which is drawn again below it.

        Args:
            text: What is written; as long as its last line has no end, nothing is drawn.
        """
        with self.lock:
            if not self._in_line:
                self._guarded(lambda bar: bar.clear())
            yield
            self._in_line = not text.endswith("\n") if text else self._in_line
            self._draw()

    def close(self) -> None:
        """Remove the line for good."""
        with self.lock:
            self._over.set()
            self._replace("", None, "", 0)

    def _replace(self, label: str, total: int | None, unit: str, before: int) -> None:
        if self._bar is not None and self._in_line:
            self._bar.disable = True  # closing would clear what stands in the line
        self._guarded(lambda bar: bar.close())
        self._bar, self._key = None, (label, total, unit, before)
        if label and not self._over.is_set():
            # With a delay, tqdm leaves the first drawing to us.
            self._bar = _Bar(
                total=total, desc=label, unit=unit, initial=before, file=self._stream, leave=False,
                dynamic_ncols=True, delay=1e-9, position=0,
            )  # fmt: skip
            self._draw()

    def _draw(self) -> None:
        if not self._in_line:
            self._guarded(lambda bar: bar.refresh())

    def _guarded(self, draw: Callable[[_Bar], object]) -> None:
        """Draw, unless the terminal is gone: whoever writes to it next will find that."""
        if self._bar is None:
            return
        try:
            draw(self._bar)
        except (OSError, ValueError):
            self._over.set()
            self._bar = None

    def _tick(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            with self.lock:
                self._draw()


class _Above:
    """A terminal's stream whose texts stand above the live line."""

    def __init__(self, stream: TextIO, display: Display) -> None:
        self.stream, self.display = stream, display

    def write(self, text: str) -> int:
        with self.display.above(text):
            written = self.stream.write(text)
            self.stream.flush()
        return written

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Shared:
    """The display of this process, while something is in progress."""

    display: Display | None = None
    held: Display | None = None
    users = 0
    streams: tuple[TextIO, TextIO]


@contextmanager
def shown_live() -> Iterator[Show]:
    """Yield what shows a state in the terminal of standard error; the line is gone when the last block ends."""
    if _Shared.display is None:
        _Shared.streams = sys.stdout, sys.stderr
        _Shared.display = display = Display(sys.stderr)
        sys.stdout, sys.stderr = (
            cast(TextIO, _Above(stream, display)) if is_live(stream) else stream for stream in _Shared.streams
        )
    _Shared.users += 1
    try:
        yield _Shared.display.show
    finally:
        _Shared.users -= 1
        if not _Shared.users:
            _end()


def _end() -> None:
    display, _Shared.display = _Shared.display, None
    sys.stdout, sys.stderr = _Shared.streams
    if display is not None:
        display.close()


def _hold() -> None:
    """Let nobody draw while this process forks: the child could not write to a stream that a thread has locked."""
    _Shared.held = _Shared.display
    if _Shared.held is not None:
        _Shared.held.lock.acquire()


def _release() -> None:
    if _Shared.held is not None:
        _Shared.held.lock.release()


def _forget() -> None:
    """In the child no thread draws."""
    _release()
    if _Shared.display is not None:
        sys.stdout, sys.stderr = _Shared.streams
        _Shared.display, _Shared.users = None, 0


os.register_at_fork(before=_hold, after_in_parent=_release, after_in_child=_forget)
