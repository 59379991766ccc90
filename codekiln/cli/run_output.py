"""What a run on this machine shows and what it logs of all that its steps and KFP print."""

import contextlib
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import TextIO

from codekiln.progress import PlainLines, read_event
from codekiln.progress.live import Display
from codekiln.progress.state import State, is_live
from codekiln.stages.process_tree import silence
from codekiln.stages.step import BEGINS, ENDS, FAILED, MARK

LAST_LINES = 8
# KFP's own lines about tasks, which say nothing to a user, and colours, which no log wants.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_OF_KFP = re.compile(r"\[?(KFP Executor )?[\d:. ,-]+ ?(- )?(INFO|ERROR)\b|-{20,}$")


@contextlib.contextmanager
def run_output(log: TextIO, lost: Callable[[], None]) -> Iterator["RunOutput"]:
    """Send all output of this process, and so that of its steps, through a filter until the block ends.

    Args:
        log: Gets every line.
        lost: Called when what is shown cannot be written any more: its terminal or its reader is gone.
    """
    output = RunOutput(log, sys.stdout, lost, Display(sys.stderr) if is_live(sys.stderr) else None)
    try:
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            yield output
    finally:
        output.close()


class RunOutput:
    """A stream that writes every line to a log and shows those that a stage has marked.

    Where standard error is a terminal, the progress of the stage at work is one live line in it.

    Args:
        log: Gets every line.
        shown: Gets those that are shown.
        lost: Called when ``shown`` cannot be written any more: its terminal or its reader is gone.
        display: The live line, if there is one; ``shown`` then gets no lines of progress, unless it is a file.

    Attributes:
        step: The step that has begun last.
        has_error: Whether a stage has shown an error.
        is_stopping: Whether the run is being ended.
    """

    def __init__(self, log: TextIO, shown: TextIO, lost: Callable[[], None], display: Display | None = None) -> None:
        self.log, self.shown, self.lost, self.display, self.rest = log, shown, lost, display, ""
        self.step, self.has_error, self.is_stopping = "", False, False
        self._unmarked: deque[str] = deque(maxlen=LAST_LINES)
        self._keeps_lines = display is None or not shown.isatty()
        self._progress = PlainLines(self._show_progress)

    @property
    def is_live(self) -> bool:
        """Whether steps are to say where they are, instead of printing lines."""
        return self.display is not None

    def write(self, text: str) -> int:
        """Log a text, and show what a stage has marked of it."""
        *lines, self.rest = (self.rest + text).split("\n")
        for line in lines:
            before, mark, message = line.partition(MARK)
            if mark and (state := read_event(message)):
                self._show_state(state)
                line, mark = before, ""
                if not before.strip():
                    continue
            self.log.write(_COLOUR.sub("", line) + "\n")
            if mark and not before.strip():
                self._handle(message)
            elif line.strip():
                self._unmarked.append(_COLOUR.sub("", line).strip())
        self.log.flush()
        return len(text)

    def unexplained(self) -> list[str]:
        """Return the last lines that no stage has marked: of a step that could not begin they are all there is."""
        return [] if self.has_error else [line for line in self._unmarked if not _OF_KFP.match(line)]

    def show(self, line: str) -> None:
        """Show a line to the user."""
        try:
            with self.display.above() if self.display else contextlib.nullcontext():
                print(line, file=self.shown, flush=True)
        except OSError:
            silence(self.shown)
            self.lost()

    def stopping(self) -> None:
        """Show that the step at work is being ended, which may take a checkpoint's time."""
        if self.display:
            self.display.begin(f"stopping {self.step}".strip())
        self.is_stopping = True

    def close(self) -> None:
        """End the live line."""
        if self.display:
            self.display.close()

    def flush(self) -> None:
        """Do nothing: each line is flushed when it is written."""

    def isatty(self) -> bool:
        """Return that this is no terminal, also where the run is in one."""
        return False

    def _handle(self, message: str) -> None:
        self._unmarked.clear()
        self.has_error |= message.startswith(FAILED)
        if not message.startswith(BEGINS):
            self.show(message)
            if self.display and message.startswith(tuple(f"{self.step}: {end}" for end in ENDS)):
                self.display.begin("")
            return
        self.step = message.removeprefix(BEGINS)
        if self.display:
            self.display.begin(self.step)
        if self._keeps_lines:
            self.show(message)

    def _show_state(self, state: State) -> None:
        if self.display and not self.is_stopping:
            self.display.show(state)
        self._progress(state)

    def _show_progress(self, line: str) -> None:
        """Log a line of progress as a step would have printed it."""
        self.log.write(f"    {MARK}{line}\n")
        if self._keeps_lines:
            self.show(line)
