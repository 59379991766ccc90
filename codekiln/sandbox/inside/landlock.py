"""File access rules by Landlock, through ctypes: read the interpreter, write the private folder, and nothing else.

Source: Linux ``Documentation/userspace-api/landlock.rst`` and ``include/uapi/linux/landlock.h``.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

_LIBC = ctypes.CDLL(None, use_errno=True)
_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE, _READ, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_FILE = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_MAKE_SYM, _REFER, _TRUNCATE = 1 << 12, 1 << 13, 1 << 14
_FOLDER = (
    _WRITE | _READ | _READ_DIR | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_FILE | _MAKE_SYM | _REFER | _TRUNCATE
)
_READ_ONLY = _READ | _READ_DIR
# Rights that a rule on a file may grant; the others exist for folders only.
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
MIN_ABI = 2  # the first that lets files move between folders; seccomp refuses the truncation that it does not govern


def abi() -> int:
    """Return the version of Landlock this kernel offers, 0 when it offers none."""
    return max(0, int(_LIBC.syscall(_CREATE, None, 0, 1)))


def restrict(readable: Iterable[str], writable: Iterable[str]) -> None:
    """Confine this process and its descendants for good; needs no_new_privs, raises OSError when refused.

    Args:
        readable: Files and folders that may be read; missing ones are skipped.
        writable: Files that may be read and written, and folders in which also files may be made and removed, without
            making them executable.
    """
    version = abi()
    # Number of file access rights that each version knows; an unknown right would be refused.
    handled = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    attributes = struct.pack("QQQ", handled, 3, 3)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = _check(_LIBC.syscall(_CREATE, attributes, len(attributes), 0))
    for paths, access in ((readable, _READ_ONLY), (writable, _FOLDER)):
        for path in paths:
            if os.path.exists(path):
                _allow(rules, path, access & handled)
    _check(_LIBC.syscall(_RESTRICT, rules, 0))
    os.close(rules)


def _allow(rules: int, path: str, access: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not os.path.isdir(path):
        access &= _OF_FILES
    _check(_LIBC.syscall(_ADD, rules, 1, struct.pack("=Qi", access, handle), 0))
    os.close(handle)


def _check(result: int) -> int:
    if result < 0:
        raise OSError(ctypes.get_errno(), f"landlock: {os.strerror(ctypes.get_errno())}")
    return result
