"""Length-prefixed messages over a descriptor."""

import os
import struct

# Bound now, because a program may replace the attributes of these modules.
_read, _write, _pack, _unpack = os.read, os.write, struct.Struct("=I").pack, struct.Struct("=I").unpack
_CHUNK = 1 << 20
_LARGEST = 1 << 30


class MessageTooLarge(ValueError):
    """A message is larger than the reader accepts."""


def write_frame(handle: int, data: bytes) -> None:
    """Write one message."""
    if len(data) > _CHUNK:  # too large to be copied for the sake of one call less
        write_bytes(handle, _pack(len(data)))
        write_bytes(handle, data)
    else:
        write_bytes(handle, frame(data))


def frame(data: bytes) -> bytes:
    """Return one message as it is written."""
    return _pack(len(data)) + data


def write_bytes(handle: int, data: "bytes | memoryview") -> None:
    """Write all bytes, of one message or several."""
    done = _write(handle, data)
    if done < len(data):
        view = memoryview(data)[done:]
        while view:
            view = view[_write(handle, view) :]


def read_frame(handle: int, limit: int = _LARGEST) -> bytes | None:
    """Return the next message, or None when the other side has closed; raises ValueError for what is none.

    Raises:
        MessageTooLarge: It has more than ``limit`` bytes.
    """
    header = _read_exactly(handle, 4)
    if not header:
        return None
    (size,) = _unpack(header)
    if size > _LARGEST:
        raise ValueError("not a message")
    if size > limit:
        raise MessageTooLarge(f"a message of {size >> 10} KiB")
    return _read_exactly(handle, size) if size else b""


def _read_exactly(handle: int, size: int) -> bytes:
    first = _read(handle, min(size, _CHUNK))
    if len(first) == size or not first:
        return first
    parts = bytearray(first)
    while len(parts) < size:
        part = _read(handle, min(size - len(parts), _CHUNK))
        if not part:
            return b""
        parts += part
    return bytes(parts)
