"""A filter by seccomp that allows the listed system calls only, some of them by their arguments.

Needs no privilege once no_new_privs is set, so it works for any uid and in pods under PodSecurity ``restricted``.
Source: ``seccomp(2)``, ``linux/filter.h``, ``linux/seccomp.h``. The kernel finds out once, at installation, which calls
a filter allows whatever their arguments, and never runs it for these (``seccomp_cache_prepare`` in kernel/seccomp.c).
"""

import ctypes
import errno
import functools
import os
import struct

from codekiln.sandbox.inside import system_calls as calls

prctl = ctypes.CDLL(None, use_errno=True).prctl
prctl.argtypes = [ctypes.c_int, *[ctypes.c_ulong] * 4]
_put = struct.Struct("=I").pack_into
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _AND, _JUMP, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x54, 0x05, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_THREAD = 0x00010000
# Every namespace that clone can make: time, mounts, cgroup, host name, IPC, user, processes, network.
_NAMESPACES = 0x80 | 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000
# Terminal attributes and size, unread bytes, non-blocking, close-on-exec. Left out, among others: owners of signals,
# flags of files (FS_IOC_SETFLAGS), and input to a terminal.
_IOCTLS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# Duplicates, descriptor flags, record locks, which end with the process, and the size of a pipe. Left out, among
# others: owners of signals, leases, notification, and locks of open file descriptions, which can outlive the process.
_FCNTLS = (0, 1, 2, 3, 5, 6, 7, 1030, 1032)
_SET_STATUS, _ASYNC = 4, 0x2000
_THREAD_NAMES, _NAME_MEMORY = (15, 16), 0x53564D41
_PDEATHSIG, _SECCOMP = 1, 22
_UNIX, _STREAM, _KIND_OF_SOCKET = 1, 1, 0xF
_ANY_PID = 0x7FFFFFFE
"""Stands for the process in a filter that is built once; the kernel gives no process this number."""


def supported() -> bool:
    """Return whether the tables of system calls cover this machine's architecture."""
    return os.uname().machine in _ARCHITECTURES


def install(program: bytes) -> None:
    """Filter this process and all it will fork for good; raises OSError when the kernel refuses."""
    Prepared(program).install()


class Prepared:
    """A filter that needs no memory of its own when it is installed.

    Args:
        program: BPF instructions.
    """

    def __init__(self, program: bytes) -> None:
        self._buffer = ctypes.create_string_buffer(program, len(program))
        self._header = ctypes.create_string_buffer(
            struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(self._buffer))
        )
        self._address = ctypes.addressof(self._header)
        marker = struct.pack("=I", _ANY_PID)
        self._places = [place for place in range(4, len(program), 8) if program[place : place + 4] == marker]

    def install(self, pid: int = 0) -> None:
        """Filter this process, with ``pid`` where the filter was built for any; raises OSError when refused."""
        for place in self._places:
            _put(self._buffer, place, pid)
        if prctl(_SECCOMP, 2, self._address, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def for_server(machine: str | None = None) -> bytes:
    """Return the filter, as BPF instructions, of the calls that the server and its programs may make.

    Args:
        machine: ``x86_64`` or ``aarch64``; default: this machine's.
    """
    arch, column = _ARCHITECTURES[machine or os.uname().machine]
    rules = {
        call[column]: _ALLOWED
        for table in (calls.PLAIN, calls.CHANGES_FILES, calls.SERVER_ONLY)
        for call in table.values()
    }
    rules |= {calls.KILL[column]: _ALLOWED, calls.TGKILL[column]: _ALLOWED}
    rules |= {
        calls.OPEN["open"][column]: _truncating_as_writer(1),
        calls.OPEN["openat"][column]: _truncating_as_writer(2),
        calls.CLONE[column]: _without_bits(0, _NAMESPACES),
        calls.PRCTL[column]: _one_of(0, (_PDEATHSIG, _SECCOMP, *_THREAD_NAMES, _NAME_MEMORY)),
        calls.IOCTL[column]: _one_of(1, _IOCTLS),
        calls.FCNTL[column]: _fcntl(),
        calls.PRLIMIT[column]: _ALLOWED,  # the server limits its programs
        calls.SOCKETPAIR[column]: _stream_pair(),
        calls.SENDTO[column]: _null(4),
    }
    start = [_op(_LOAD, _ARCH), _op(_JUMP_EQ, arch, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    start += [_op(_JUMP_GE, 0x40000000, 0, 1), _op(_RETURN, _KILL)]  # the x32 table has other numbers
    return b"".join(start) + _search(_spans(rules, calls.NEWER[column]))


def for_program(pid: int, read_only: bool, machine: str | None = None) -> bytes:
    """Return the filter that each program gets in addition: no new processes, and no signals to any but itself.

    It is small, because installing it is part of the cost of every program, and leaves the architecture to the server's
    filter, which programs inherit.

    Args:
        pid: The only process that may be signalled: the program.
        read_only: Refuse every change to a file.
        machine: As for `for_server`.
    """
    template = program_template(read_only, machine)
    return template.replace(struct.pack("=I", _ANY_PID), struct.pack("=I", pid))


def for_tester(read_only: bool, machine: str | None = None) -> bytes:
    """Return the filter that a tester gets in addition: it forks, but signals no group and changes no file's mode.

    Args:
        read_only: Refuse every change to a file.
        machine: As for `for_server`.
    """
    column = _ARCHITECTURES[machine or os.uname().machine][1]
    rules = {calls.SERVER_ONLY[name][column]: _REFUSED for name in ("chmod", "fchmod", "fchmodat")}
    rules |= {calls.KILL[column]: _positive(0), calls.TGKILL[column]: _REFUSED, calls.PRLIMIT[column]: _one_of(0, (0,))}
    return _op(_LOAD, _NUMBER) + _search(_spans(rules | (_no_changes(column) if read_only else {})))


@functools.cache
def program_template(read_only: bool, machine: str | None = None) -> bytes:
    """Return the filter of `for_program` for any process, to be `Prepared`."""
    column = _ARCHITECTURES[machine or os.uname().machine][1]
    rules = {call[column]: _REFUSED for call in calls.SERVER_ONLY.values()}
    rules |= {
        calls.CLONE[column]: _with_bits(0, _THREAD),
        calls.KILL[column]: _one_of(0, (_ANY_PID,)),
        calls.TGKILL[column]: _one_of(0, (_ANY_PID,)),
        calls.PRCTL[column]: _one_of(0, (*_THREAD_NAMES, _NAME_MEMORY)),
        calls.PRLIMIT[column]: _one_of(0, (0,)),
    }
    return _op(_LOAD, _NUMBER) + _search(_spans(rules | (_no_changes(column) if read_only else {})))


def _no_changes(column: int) -> "_Rules":
    return {call[column]: _REFUSED for call in calls.CHANGES_FILES.values()} | {
        calls.OPEN["open"][column]: _without_bits(1, _WRITING),
        calls.OPEN["openat"][column]: _without_bits(2, _WRITING),
    }


_Rules = dict[int | None, bytes]
"""What is done with each system call of one architecture, as instructions; those of None are dropped."""


def _spans(rules: _Rules, newer: int | None = None) -> list[tuple[int, bytes]]:
    """Return (first number, instructions) of the spans that rules make of all numbers.

    Args:
        rules: Instructions by number.
        newer: From this number on, calls without a rule fail with ENOSYS, those below with EPERM; None: allow both.
    """
    known = {number: code for number, code in rules.items() if number is not None}
    starts = sorted({0, *known, *(number + 1 for number in known), *([] if newer is None else [newer])})
    spans: list[tuple[int, bytes]] = []
    for start in starts:
        otherwise = _ALLOWED if newer is None else _REFUSED if start < newer else _UNKNOWN
        code = known.get(start, otherwise)
        if not spans or spans[-1][1] != code:
            spans.append((start, code))
    return spans


def _search(spans: list[tuple[int, bytes]]) -> bytes:
    """Return a binary search for the span of the number that is loaded."""
    if len(spans) == 1:
        return spans[0][1]
    middle = len(spans) // 2
    lower, upper = _search(spans[:middle]), _search(spans[middle:])
    # Conditional jumps reach 255 instructions only.
    return _op(_JUMP_GE, spans[middle][0], 0, 1) + _op(_JUMP, len(lower) // 8) + lower + upper


def _one_of(argument: int, values: tuple[int, ...]) -> bytes:
    # The kernel reads only the lower half of these arguments, which are int, as this does.
    return _load(argument) + b"".join(_op(_JUMP_EQ, value, 0, 1) + _ALLOWED for value in values) + _REFUSED


def _without_bits(argument: int, bits: int) -> bytes:
    return _load(argument) + _op(_JUMP_SET, bits, 0, 1) + _REFUSED + _ALLOWED


def _with_bits(argument: int, bits: int) -> bytes:
    return _load(argument) + _op(_JUMP_SET, bits, 0, 1) + _ALLOWED + _REFUSED


def _positive(argument: int) -> bytes:
    signed = _op(_JUMP_SET, 0x80000000, 0, 1) + _REFUSED
    return _load(argument) + signed + _op(_JUMP_EQ, 0, 0, 1) + _REFUSED + _ALLOWED


def _null(argument: int) -> bytes:
    """Allow a call whose pointer is null, in both halves."""
    half = _op(_JUMP_EQ, 0, 1, 0) + _REFUSED
    return _load(argument) + half + _op(_LOAD, _ARGUMENTS + 8 * argument + 4) + half + _ALLOWED


def _stream_pair() -> bytes:
    # A datagram socket of a pair could be connected anew, to a socket of another process.
    family = _load(0) + _op(_JUMP_EQ, _UNIX, 1, 0) + _REFUSED
    return family + _load(1) + _op(_AND, _KIND_OF_SOCKET) + _op(_JUMP_EQ, _STREAM, 0, 1) + _ALLOWED + _REFUSED


def _fcntl() -> bytes:
    status = _without_bits(2, _ASYNC)
    return _load(1) + _op(_JUMP_EQ, _SET_STATUS, 0, len(status) // 8) + status + _one_of(1, _FCNTLS)


def _truncating_as_writer(argument: int) -> bytes:
    # Before its third version, Landlock lets O_TRUNC without write access truncate any file that may be read.
    writes = b"".join(_op(_JUMP_EQ, mode, 0, 1) + _ALLOWED for mode in (os.O_WRONLY, os.O_RDWR))
    return _load(argument) + _op(_JUMP_SET, os.O_TRUNC, 1, 0) + _ALLOWED + _op(_AND, os.O_ACCMODE) + writes + _REFUSED


def _load(argument: int) -> bytes:
    return _op(_LOAD, _ARGUMENTS + 8 * argument)


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)


_ALLOWED, _REFUSED = _op(_RETURN, _ALLOW), _op(_RETURN, _ERRNO | errno.EPERM)
_UNKNOWN = _op(_RETURN, _ERRNO | errno.ENOSYS)
