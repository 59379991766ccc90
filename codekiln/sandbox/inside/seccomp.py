"""A system call filter by seccomp: no network, no second process, no access to other processes.

Needs no privilege once no_new_privs is set, so it works for any uid and in pods under PodSecurity ``restricted``.
Refused calls fail with EPERM. Source: ``seccomp(2)``, ``linux/filter.h``, ``linux/seccomp.h``, the call tables.
"""

import ctypes
import errno
import os
import platform
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_LOAD, _JUMP_EQ, _JUMP_GE, _JUMP_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_THREAD = 0x00010000
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_Call = tuple[int | None, int | None]
"""Number of a system call on x86_64 and on aarch64; None where the architecture lacks it."""

# Neither the server nor a program needs these.
_REFUSED: dict[str, _Call] = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242), "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "kcmp": (312, 272), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "unshare": (272, 97), "setns": (308, 268), "open_tree": (428, 428),
    "move_mount": (429, 429), "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432),
    "fspick": (433, 433), "mount_setattr": (442, 442), "swapon": (167, 224), "swapoff": (168, 225),
    "reboot": (169, 142), "kexec_load": (246, 104), "kexec_file_load": (320, 294), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196), "semget": (64, 190), "msgget": (68, 186),
    "mq_open": (240, 180), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "acct": (163, 89),
    "quotactl": (179, 60), "syslog": (103, 116), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "clock_adjtime": (305, 266), "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162),
    "iopl": (172, None), "ioperm": (173, None), "personality": (135, 92), "setpriority": (141, 140),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "sched_setaffinity": (203, 122), "ioprio_set": (251, 30), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "fanotify_init": (300, 262), "landlock_create_ruleset": (444, 444), "lookup_dcookie": (212, 18),
    "vhangup": (153, 58),
}  # fmt: skip
# Refused to programs only where Landlock is missing, which otherwise confines them to the private folder.
_CHANGES_FILES: dict[str, _Call] = {
    "creat": (85, None), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None),
    "mkdirat": (258, 34), "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35), "link": (86, None),
    "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36), "mknod": (133, None), "mknodat": (259, 33),
}  # fmt: skip
# Landlock does not govern all of these, and the owner of a file needs no privilege for them.
_CHANGES_ATTRIBUTES: dict[str, _Call] = {
    "fchmod": (91, 52), "fchmodat2": (452, 452), "chown": (92, None), "fchown": (93, 55), "lchown": (94, None),
    "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16), "truncate": (76, 45),
    "utime": (132, None), "utimes": (235, None), "utimensat": (280, 88), "futimesat": (261, None),
}  # fmt: skip
# The server itself needs these, so they are refused in the filter of each program.
_REFUSED_TO_PROGRAMS: dict[str, _Call] = {
    "pidfd_open": (434, 434), "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281), "memfd_create": (319, 279),
    "chmod": (90, None), "fchmodat": (268, 53),
}  # fmt: skip
_CLONE, _CLONE3, _KILL_CALL, _TGKILL = (56, 220), (435, 435), (62, 129), (234, 131)
_PRCTL, _IOCTL, _FCNTL, _PRLIMIT, _OPENAT2 = (157, 167), (16, 29), (72, 25), (302, 261), (437, 437)
_OPEN: _Call = (2, None)
_OPENAT: _Call = (257, 56)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PDEATHSIG, _PTRACER = 1, 0x59616D61
_SIGNALLING = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: signals to other processes by way of a file


def supported() -> bool:
    """Return whether the tables of system calls cover this machine's architecture."""
    return platform.machine() in _ARCHITECTURES


def install(program: bytes) -> None:
    """Filter this process and all it will fork for good; raises OSError when the kernel refuses."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    if _LIBC.prctl(22, 2, ctypes.c_char_p(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def for_server() -> bytes:
    """Return the filter, as BPF instructions, of calls that neither the server nor a program may make.

    It is long and costs a millisecond to install, which is why programs inherit it.
    """
    column, code = _start()
    code += _refuse([*_REFUSED.values(), *_CHANGES_ATTRIBUTES.values()], column)
    code += _only_if(_PRLIMIT[column], 0, [_op(_JUMP_EQ, 0, 0, 1)])
    code += _never(_IOCTL[column], 1, (_TIOCSTI, _TIOCLINUX))
    code += _never(_FCNTL[column], 1, _SIGNALLING)
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def for_program(pid: int, read_only: bool) -> bytes:
    """Return the filter that each program gets in addition: no new processes, and no signals to any but itself.

    Args:
        pid: The only process that may be signalled: the program.
        read_only: Refuse every change to a file, for kernels without Landlock.
    """
    column, code = _start()
    code += _refuse([*_REFUSED_TO_PROGRAMS.values(), *(_CHANGES_FILES.values() if read_only else ())], column)
    code += [_op(_JUMP_EQ, _CLONE3[column], 0, 1), _op(_RETURN, _ERRNO | errno.ENOSYS)]  # libc then uses clone
    code += _only_if(_CLONE[column], 0, [_op(_JUMP_SET, _THREAD, 0, 1)])
    for call in (_KILL_CALL, _TGKILL):
        code += _only_if(call[column], 0, [_op(_JUMP_EQ, pid, 0, 1)])
    code += _never(_PRCTL[column], 0, (_PDEATHSIG, _PTRACER))
    if read_only:
        code += [_op(_JUMP_EQ, _OPENAT2[column], 0, 1), _op(_RETURN, _ERRNO | errno.ENOSYS)]
        for opening, argument in ((_OPEN, 1), (_OPENAT, 2)):
            if (number := opening[column]) is not None:
                code += _unless_bits(number, argument, _WRITING)
    return b"".join([*code, _op(_RETURN, _ALLOW)])


def _start() -> tuple[int, list[bytes]]:
    """Return the column of this architecture, and instructions that kill a process that uses another call table."""
    arch, column = _ARCHITECTURES[platform.machine()]
    code = [_op(_LOAD, _ARCH), _op(_JUMP_EQ, arch, 1, 0), _op(_RETURN, _KILL), _op(_LOAD, _NUMBER)]
    return column, [*code, _op(_JUMP_GE, 0x40000000, 0, 1), _op(_RETURN, _KILL)]  # the x32 table has other numbers


def _refuse(calls: list[_Call], column: int) -> list[bytes]:
    numbers = [number for call in calls if (number := call[column]) is not None]
    return [op for number in numbers for op in (_op(_JUMP_EQ, number, 0, 1), _op(_RETURN, _ERRNO | errno.EPERM))]


def _only_if(number: int, argument: int, tests: list[bytes]) -> list[bytes]:
    """Allow call ``number`` only when ``tests`` hold; they jump to the next instruction to allow, else one further."""
    body = [_op(_LOAD, _ARGUMENTS + 8 * argument), *tests, _op(_RETURN, _ALLOW), _op(_RETURN, _ERRNO | errno.EPERM)]
    return [_op(_JUMP_EQ, number, 0, len(body)), *body]


def _never(number: int, argument: int, values: tuple[int, ...]) -> list[bytes]:
    body = [_op(_LOAD, _ARGUMENTS + 8 * argument)]
    for value in values:
        body += [_op(_JUMP_EQ, value, 0, 1), _op(_RETURN, _ERRNO | errno.EPERM)]
    return [_op(_JUMP_EQ, number, 0, len(body) + 1), *body, _op(_RETURN, _ALLOW)]


def _unless_bits(number: int, argument: int, bits: int) -> list[bytes]:
    body = [_op(_LOAD, _ARGUMENTS + 8 * argument), _op(_JUMP_SET, bits, 1, 0), _op(_RETURN, _ALLOW)]
    return [_op(_JUMP_EQ, number, 0, len(body) + 1), *body, _op(_RETURN, _ERRNO | errno.EPERM)]


def _op(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value)
