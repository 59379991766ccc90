"""Reads the elements of a JSON array, or values in a row, one at a time, so that a file may be larger than memory."""

import json
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 1 << 20
# A number, a literal or an escape may be cut at the end of what has been read so far.
_LONGEST_TOKEN = 16
_NUMBER_GOES_ON = ("", ".", "e", "E", "e+", "E+", "e-", "E-")


def first_character(file: TextIO) -> str:
    """Return the first character that is no white space, or an empty string, and go back to the start."""
    while (character := file.read(1)).isspace():
        pass
    file.seek(0)
    return character


def is_spread(file: TextIO) -> bool:
    """Return whether the first value of a file is an object over several lines, and go back to the start."""
    try:
        line = next((line for line in file if line.strip()), "")
        json.loads(line)
    except RecursionError:
        return False
    except ValueError:
        pass
    else:
        return False
    finally:
        file.seek(0)
    if not line.lstrip().startswith("{"):
        return False
    try:
        _Stream(file).value()
    except (ValueError, RecursionError):
        return False
    finally:
        file.seek(0)
    return True


def values(file: TextIO) -> Iterator[Any]:
    """Yield the values of a file, one after the other with nothing but white space between them.

    Raises:
        StrayComma: A comma follows a value; those before have been yielded.
        ValueError: What follows is no value; those before have been yielded.
    """
    stream = _Stream(file)
    while character := stream.next_character():
        if character == ",":
            raise StrayComma("a comma", None)
        yield stream.value()


class ArrayFault(ValueError):
    """What is wrong with an array.

    Args:
        what: What it is.
        index: The element that it is in or behind; None behind the end of the array.
    """

    def __init__(self, what: str, index: int | None) -> None:
        self.index = index
        super().__init__(what)


class StrayComma(ArrayFault):
    """A comma behind the last element of an array, or between objects that are in none."""


def elements(file: TextIO) -> Iterator[Any]:
    """Yield the elements of the array that a file holds.

    Raises:
        StrayComma: A comma stands before the end of the array; the elements before have been yielded.
        ArrayFault: The file holds something else, or is nested too deep; the elements before have been yielded.
    """
    stream, index = _Stream(file), 0
    try:
        stream.take("[")
        if stream.next_character() != "]":
            yield stream.value()
            while stream.next_character() == ",":
                stream.take(",")
                index += 1
                if stream.next_character() == "]":
                    raise StrayComma("a comma behind the last element", index)
                yield stream.value()
        stream.take("]")
    except StrayComma:
        raise
    except (ValueError, RecursionError) as error:
        raise ArrayFault(str(error), index) from None
    if stream.next_character():
        raise ArrayFault("something follows the end of the array", None)


class _Stream:
    """The text of a file from a place onwards; what lies before it is dropped when more is read."""

    def __init__(self, file: TextIO) -> None:
        self._file, self._decoder = file, json.JSONDecoder()
        self._text, self._place = "", 0

    def next_character(self) -> str:
        """Return the next character that is no white space, or an empty string at the end."""
        while True:
            while self._place < len(self._text) and self._text[self._place].isspace():
                self._place += 1
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._read():
                return ""

    def take(self, character: str) -> None:
        """Pass over the next character, which has to be this one."""
        found = self.next_character()
        if found != character:
            raise ValueError(f"expected {character!r}, found {found!r}" if found else f"{character!r} is missing")
        self._place += 1

    def value(self) -> Any:
        """Return the next value."""
        self.next_character()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
            except json.JSONDecodeError as error:
                if not (self._is_cut(error) and self._read()):
                    raise ValueError(error.msg) from None
                continue
            # A number that ends where the text does may go on, also where its point or exponent is cut: "0." or "1e+".
            if self._text[end : end + 3] not in _NUMBER_GOES_ON or not self._read():
                self._place = end
                return value

    def _is_cut(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated") or error.pos >= len(self._text) - _LONGEST_TOKEN

    def _read(self) -> bool:
        """Read more, at least as much as is waiting, so that a long value is not read again for each chunk."""
        waiting = self._text[self._place :]
        more = self._file.read(max(_CHUNK, len(waiting)))
        self._text, self._place = waiting + more, 0
        return bool(more)
