"""What a program reads and writes while it is searched: lines that note what becomes of them, and streams.

Inside the sandbox: the standard library alone.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

MAX_PARTS = 5_000


class Stop(BaseException):
    """The run is too long; no program catches it for good, because every report raises it again."""


class Line(str):
    """A line that was read: it notes what the program makes of it, by the place of the ``input`` that read it."""

    place: "Any"
    notes: "dict[Any, str]"

    def _of(self, text: str) -> "Line":
        found = Line(text)
        found.place, found.notes = self.place, self.notes
        return found

    def __int__(self) -> int:
        self._note("int")
        return int(str(self))

    def __float__(self) -> float:
        self._note("float")
        return float(str(self))

    def _note(self, kind: str) -> None:
        is_part = self.notes.get(self.place, "").startswith("parts")
        self.notes[self.place] = f"parts {kind}" if is_part else kind

    def split(self, *args: "Any", **kwargs: "Any") -> "list[Any]":
        """Note that the line has parts, and with which separator."""
        separator = args[0] if args else kwargs.get("sep")
        self.notes.setdefault(self.place, "parts")
        self.notes[self.place, "separator"] = separator or " "
        return [self._of(part) for part in str.split(self, *args, **kwargs)]


def _same(name: str) -> "Any":
    return lambda line, *args: line._of(getattr(str, name)(line, *args))


for _name in ("strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "casefold", "replace"):
    setattr(Line, _name, _same(_name))


class Stdin:
    """``sys.stdin`` of the program: a number of lines, each from ``next_line``."""

    def __init__(self, count: int, next_line: "Callable[[Any], Line]") -> None:
        self._left, self._next_line = count, next_line

    def readline(self, *args: "Any") -> str:
        """Return the next line, or nothing at the end."""
        if not self._left:
            return ""
        self._left -= 1
        return self._next_line("stdin") + "\n"

    def readlines(self, *args: "Any") -> "list[str]":
        """Return the lines that are left."""
        return list(self)

    def read(self, *args: "Any") -> str:
        """Return all that is left."""
        return "".join(self)

    def __iter__(self) -> "Iterator[str]":
        while line := self.readline():
            yield line


class Sink:
    """A stream that keeps the beginning of what is written."""

    encoding = "utf-8"

    def __init__(self) -> None:
        self.parts: list[str] = []

    def write(self, text: str) -> int:
        """Take a text."""
        if len(self.parts) < MAX_PARTS:
            self.parts.append(text)
        return len(text)

    def flush(self) -> None:
        """Do nothing."""

    def isatty(self) -> bool:
        """Return that nobody watches."""
        return False


def number_of(text: str) -> "float | None":
    """Return the number that a line is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e12 else None


def written(number: float) -> str:
    """Return a number as a person types it."""
    return str(int(number)) if number == int(number) else f"{number:.4f}".rstrip("0")
