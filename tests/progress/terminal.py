"""A terminal that tests can look at: a pty, and what its screen shows."""

import contextlib
import fcntl
import os
import pty
import struct
import termios
import threading
from collections.abc import Iterator
from typing import TextIO


class Terminal:
    """The master's side of a pty, whose output is kept."""

    def __init__(self, columns: int) -> None:
        self.master, self.slave = pty.openpty()
        self.resize(columns)
        self.written = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def resize(self, columns: int) -> None:
        self.columns = columns
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def screen(self) -> list[str]:
        """Return the lines that stand on the screen; texts wrap at its width."""
        rows, row, column = [[]], 0, 0
        # Erases the rest of a line: the only sequence there is, as one mark.
        for mark in self.written.decode().replace("\x1b[K", "\x1b"):
            if mark == "\x1b":
                del rows[row][column:]
            elif mark == "\r":
                column = 0
            elif mark == "\n":
                row += 1
            else:
                if column == self.columns:
                    row, column = row + 1, 0
                while len(rows) <= row:
                    rows.append([])
                rows[row] += [" "] * (column + 1 - len(rows[row]))
                rows[row][column] = mark
                column += 1
            while len(rows) <= row:
                rows.append([])
        return [text for line in rows if (text := "".join(line).rstrip())]

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while block := os.read(self.master, 65536):
                self.written += block


@contextlib.contextmanager
def terminal(columns: int = 80) -> Iterator[tuple[Terminal, TextIO]]:
    """Yield a terminal and a stream to it; when the block ends, all that was written has been read."""
    made = Terminal(columns)
    stream = os.fdopen(made.slave, "w", encoding="utf-8", buffering=1)
    yield made, stream
    stream.close()
    made._reader.join(5)
    os.close(made.master)
