"""The system calls that confined processes may make, on x86_64 and aarch64.

What is in none of these tables is refused. Source: ``arch/x86/entry/syscalls/syscall_64.tbl`` and
``include/uapi/asm-generic/unistd.h`` of Linux 6.18. The aarch64 numbers have been checked against the header, not run.
"""

Call = tuple[int | None, int | None]
"""Number of a system call on x86_64 and on aarch64; None where the architecture lacks it."""

# Programs may make these with any arguments.
PLAIN: dict[str, Call] = {
    # descriptors
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67),
    "pwrite64": (18, 68), "preadv": (295, 69), "pwritev": (296, 70), "preadv2": (327, 286), "pwritev2": (328, 287),
    "lseek": (8, 62), "close": (3, 57), "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None),
    "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59), "sendfile": (40, 71), "copy_file_range": (326, 285),
    "poll": (7, None), "ppoll": (271, 73), "select": (23, None), "pselect6": (270, 72), "epoll_create": (213, None),
    "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22),
    "epoll_pwait2": (441, 441), "eventfd2": (290, 19), "timerfd_create": (283, 85), "timerfd_settime": (286, 86),
    "timerfd_gettime": (287, 87), "recvfrom": (45, 207), "shutdown": (48, 210), "getsockopt": (55, 209),
    "getsockname": (51, 204), "getpeername": (52, 205),
    # files; which of them is Landlock's part
    "stat": (4, None), "fstat": (5, 80), "lstat": (6, None), "newfstatat": (262, 79), "statx": (332, 291),
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "getdents": (78, None), "getdents64": (217, 61), "getcwd": (79, 17), "chdir": (80, 49),
    "fchdir": (81, 50), "umask": (95, 166), "ftruncate": (77, 46), "fsync": (74, 82), "fdatasync": (75, 83),
    # memory and threads
    "mmap": (9, 222), "munmap": (11, 215), "mremap": (25, 216), "mprotect": (10, 226), "madvise": (28, 233),
    "msync": (26, 227), "brk": (12, 214), "membarrier": (324, 283), "futex": (202, 98), "set_robust_list": (273, 99),
    "get_robust_list": (274, 100), "set_tid_address": (218, 96), "rseq": (334, 293), "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123), "sched_getparam": (143, 121), "sched_getscheduler": (145, 120),
    "sched_get_priority_max": (146, 125), "sched_get_priority_min": (147, 126), "getcpu": (309, 168),
    # time and signals
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101),
    "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "alarm": (37, None), "getitimer": (36, 102),
    "setitimer": (38, 103), "pause": (34, None), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137),
    "rt_sigsuspend": (130, 133), "sigaltstack": (131, 132), "restart_syscall": (219, 128),
    # what a process may know of itself, and its end
    "getpid": (39, 172), "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175),
    "getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158), "getpgrp": (111, None),
    "getpgid": (121, 155), "getsid": (124, 156), "getresuid": (118, 148), "getresgid": (120, 150),
    "getrusage": (98, 165), "getrlimit": (97, 163), "setrlimit": (160, 164), "getpriority": (140, 141),
    "sysinfo": (99, 179), "uname": (63, 160), "getrandom": (318, 278), "exit": (60, 93), "exit_group": (231, 94),
}  # fmt: skip
# Programs may make these where Landlock confines them to the private folder.
CHANGES_FILES: dict[str, Call] = {
    "creat": (85, None), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None), "unlink": (87, None),
    "unlinkat": (263, 35), "rename": (82, None), "renameat": (264, 38), "renameat2": (316, 276), "link": (86, None),
    "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36),
}  # fmt: skip
OPEN: dict[str, Call] = {"open": (2, None), "openat": (257, 56)}
# Only the server and the tester make these: they fork, wait, pass descriptors and input to programs, and empty the
# private folder. Landlock does not govern modes, which is why programs may not change them.
SERVER_ONLY: dict[str, Call] = {
    "fork": (57, None), "vfork": (58, None), "wait4": (61, 260), "waitid": (247, 95), "memfd_create": (319, 279),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "statfs": (137, 43), "fstatfs": (138, 44),
    "sendmsg": (46, 211), "recvmsg": (47, 212), "pidfd_open": (434, 434),
}  # fmt: skip
# These depend on their arguments.
CLONE, KILL, TGKILL, PRCTL = (56, 220), (62, 129), (234, 131), (157, 167)
IOCTL, FCNTL, PRLIMIT, SOCKETPAIR, SENDTO = (16, 29), (72, 25), (302, 261), (53, 199), (44, 206)
# The first number after the calls of Linux 4.18 (x86_64 left a gap up to 424). What is newer and in no table fails as
# on an older kernel, with ENOSYS, so that libc falls back: from clone3 to clone, from openat2 to openat.
NEWER = (335, 294)
