"""The filters of system calls, run by an interpreter of their instructions, for both architectures."""

import errno
import struct

import pytest

from codekiln.sandbox.inside import seccomp, system_calls

ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS
PID = 4321
FILTERS = {
    (machine, who): [seccomp.for_server(machine), *own]
    for machine in ARCHITECTURES
    for who, own in {
        "server": [],
        "program": [seccomp.for_program(PID, False, machine)],
        "reader": [seccomp.for_program(PID, True, machine)],
        "tester": [seccomp.for_tester(False, machine)],
        "reading tester": [seccomp.for_tester(True, machine)],
    }.items()
}
EVERY = {**system_calls.PLAIN, **system_calls.CHANGES_FILES, **system_calls.OPEN, **system_calls.SERVER_ONLY}
OTHERS = {
    "clone": system_calls.CLONE, "kill": system_calls.KILL, "tgkill": system_calls.TGKILL,
    "prctl": system_calls.PRCTL, "ioctl": system_calls.IOCTL, "fcntl": system_calls.FCNTL,
    "prlimit64": system_calls.PRLIMIT, "socketpair": system_calls.SOCKETPAIR, "sendto": system_calls.SENDTO,
}  # fmt: skip


def decide(program: bytes, number: int, arguments: tuple[int, ...] = (), arch: int = 0) -> int:
    """Run a filter on one system call and return its decision (linux/filter.h)."""
    given = [value & (1 << 64) - 1 for value in arguments]
    data = struct.pack("=iIQ6Q", number, arch, 0, *given, *[0] * (6 - len(given)))
    code = list(struct.iter_unpack("=HBBI", program))
    position = loaded = 0
    while True:
        operation, yes, no, value = code[position]
        position += 1
        match operation:
            case 0x20:
                (loaded,) = struct.unpack_from("=I", data, value)
            case 0x54:
                loaded &= value
            case 0x05:
                position += value
            case 0x15:
                position += yes if loaded == value else no
            case 0x35:
                position += yes if loaded >= value else no
            case 0x45:
                position += yes if loaded & value else no
            case 0x06:
                return value


def outcome(machine: str, who: str, name: str, *arguments: int) -> int:
    """Return the strictest of the decisions on a call by name: a program and a tester are under two filters."""
    arch, column = ARCHITECTURES[machine]
    number = {**EVERY, **OTHERS}[name][column]
    assert number is not None
    return min(decide(program, number, arguments, arch) for program in FILTERS[machine, who])


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_what_is_in_no_table_is_refused(machine: str) -> None:
    arch, column = ARCHITECTURES[machine]
    known = {call[column] for call in (*EVERY.values(), *OTHERS.values())}
    program = seccomp.for_server(machine)
    for number in set(range(2000)) - known:
        expected = EPERM if number < system_calls.NEWER[column] else ENOSYS
        assert decide(program, number, arch=arch) == expected, number
    # clone3, openat2, setxattrat, removexattrat, file_getattr, file_setattr, io_uring_setup, landlock_create_ruleset
    for number in (435, 437, 463, 466, 468, 469, 425, 444):
        assert decide(program, number, arch=arch) == ENOSYS


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_every_call_of_the_tables_is_allowed_to_whom_it_is_for(machine: str) -> None:
    column = ARCHITECTURES[machine][1]
    for name, call in EVERY.items():
        if call[column] is None:
            continue
        assert outcome(machine, "server", name) == ALLOW, name
        assert outcome(machine, "program", name) == (EPERM if name in system_calls.SERVER_ONLY else ALLOW), name
        changes = name in system_calls.SERVER_ONLY or name in system_calls.CHANGES_FILES
        assert outcome(machine, "reader", name) == (EPERM if changes else ALLOW), name


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_another_call_table_kills(machine: str) -> None:
    program = seccomp.for_server(machine)
    for arch in (0, 0x40000003, *(arch for arch, _ in ARCHITECTURES.values())):
        if arch != ARCHITECTURES[machine][0]:
            assert decide(program, 39, arch=arch) == KILL
    assert decide(program, 0x40000000 | 39, arch=ARCHITECTURES[machine][0]) == KILL


HIGH = 1 << 32
"""A bit that the kernel does not look at in an argument that is an int."""
PROGRAM_MAY = [
    ("kill", PID, 9), ("kill", PID | HIGH, 9), ("tgkill", PID, 77, 9), ("clone", 0x3D0F00), ("prctl", 15, 1),
    ("prctl", 0x53564D41, 0), ("ioctl", 1, 0x5401), ("ioctl", 1, 0x541B), ("ioctl", 1, 0x5421), ("fcntl", 1, 3),
    ("fcntl", 1, 4, 0x800), ("fcntl", 1, 6), ("fcntl", 1, 1030, 3), ("prlimit64", 0, 7), ("socketpair", 1, 1),
    ("socketpair", 1, 0o2004001), ("sendto", 3, 1000, 5, 0, 0, 0), ("openat", 3, 1000, 0o1101), ("openat", 3, 1000, 0),
]  # fmt: skip
PROGRAM_MAY_NOT = [
    ("kill", 1, 9), ("kill", 0, 9), ("kill", -1, 9), ("kill", -PID, 9), ("kill", PID - 1, 9), ("tgkill", 1, 1, 9),
    ("tgkill", -1, PID, 9), ("clone", 17), ("clone", 0x4111), ("clone", 0x10000000 | 17), ("clone", 0x50F00 | 1 << 29),
    ("prctl", 1, 0), ("prctl", 4, 1), ("prctl", 22, 2), ("prctl", 0x59616D61, -1), ("ioctl", 1, 0x8901),
    ("ioctl", 1, 0x8902), ("ioctl", 1, 0x5452), ("ioctl", 1, 0x40086602), ("ioctl", 1, 0x5412), ("ioctl", 1, 0x541C),
    ("ioctl", 1, 0x5401 << 32), ("fcntl", 1, 8, 1), ("fcntl", 1, 10, 9), ("fcntl", 1, 15, 1), ("fcntl", 1, 1024, 1),
    ("fcntl", 1, 1026, 1), ("fcntl", 1, 1031, 1 << 20), ("fcntl", 1, 37, 1), ("fcntl", 1, 38, 1),
    ("fcntl", 1, 4, 0x2000), ("fcntl", 1, 4, 0x2800), ("prlimit64", 1, 7), ("prlimit64", -1, 7), ("socketpair", 2, 1),
    ("socketpair", 1, 2), ("socketpair", 1, 5), ("socketpair", 1, 0o4000002), ("sendto", 3, 1000, 5, 0, 1000, 16),
    ("sendto", 3, 1000, 5, 0, HIGH, 16), ("openat", 3, 1000, 0o1000), ("openat", 3, 1000, 0o1003),
]  # fmt: skip


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_arguments_decide(machine: str) -> None:
    for call in PROGRAM_MAY:
        assert outcome(machine, "program", *call) == ALLOW, call
    for call in PROGRAM_MAY_NOT:
        assert outcome(machine, "program", *call) == EPERM, call


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_a_program_that_may_change_nothing_opens_for_reading_only(machine: str) -> None:
    assert outcome(machine, "reader", "openat", 3, 1000, 0o2000000) == ALLOW
    for flags in (1, 2, 0o100, 0o101, 0o1000, 0o2000, 0o1102):
        assert outcome(machine, "reader", "openat", 3, 1000, flags) == EPERM
    assert outcome(machine, "reader", "unlinkat", 3, 1000) == EPERM


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_the_tester_forks_but_changes_no_mode_and_signals_no_group(machine: str) -> None:
    allowed = [("clone", 17), ("wait4", -1), ("kill", PID, 9), ("prctl", 22, 2), ("prctl", 1, 9), ("sendmsg", 3)]
    refused = [("clone", 0x10000011), ("kill", 0, 9), ("kill", -1, 9), ("kill", -PID, 9), ("tgkill", PID, PID, 9)]
    changes = [("unlinkat", 3, 1000), ("openat", 3, 1000, 0o101)]
    for call in [*allowed, *changes]:
        assert outcome(machine, "tester", *call) == ALLOW, call
    for call in [*refused, ("fchmodat", 3, 1000), ("fchmod", 3)]:
        assert outcome(machine, "tester", *call) == EPERM, call
    for call in changes:
        assert outcome(machine, "reading tester", *call) == EPERM, call


def test_the_filter_of_a_program_names_its_process_alone() -> None:
    one, other = seccomp.for_program(PID, False), seccomp.for_program(PID + 1, False)
    assert len(one) == len(other)
    assert outcome("x86_64", "program", "kill", seccomp._ANY_PID, 9) == EPERM
