"""Confinement: capabilities, namespaces and Landlock once for the server; limits and a call filter per program."""

import ctypes
import os
import resource
import signal
import struct
import sys

from codekiln.sandbox.inside import landlock, seccomp

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from codekiln.sandbox.inside.messages import ProcessLimits

_LIBC = ctypes.CDLL(None, use_errno=True)
_NO_NEW_PRIVS, _PDEATHSIG, _DUMPABLE, _CAPBSET_DROP = 38, 1, 4, 24
_INTERNET, _STREAM = 2, 1
_NEW_NAMESPACES = 0x10000000 | 0x40000000 | 0x08000000 | 0x04000000  # user, network, IPC, host name
_READABLE = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/share/zoneinfo", "/etc/ld.so.cache", "/etc/localtime"]
_DEVICES = ["/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"]


def confine_server(folder: str) -> tuple[dict[str, str], bool]:
    """Confine this process and all its future children.

    Returns:
        What is protected by what, in words; and whether programs must be kept from changing any file.

    Raises:
        OSError: A protection that every program must have is not available here.
    """
    if not seccomp.supported():
        raise OSError(f"no system call table for {os.uname().machine}")
    namespaces = _LIBC.unshare(_NEW_NAMESPACES) == 0
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)  # keeps programs, which have the same user, out of the server's /proc files
    _drop_capabilities()
    version = landlock.abi()
    confined = version >= landlock.MIN_ABI
    if confined:
        landlock.restrict([*_READABLE, *_interpreter()], folder, _DEVICES)
    seccomp.install(seccomp.for_server())
    return _describe(namespaces, version if confined else 0), not confined


def confine_program(limits: "ProcessLimits", read_only: bool) -> None:
    """Limit and filter this process, the forked child, for good."""
    _prctl(_PDEATHSIG, signal.SIGKILL)
    megabyte = 1 << 20
    for kind, value in (
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, limits["memory_mb"] * megabyte),
        (resource.RLIMIT_FSIZE, limits["file_mb"] * megabyte),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_CORE, 0),  # a core file would be outside the limit of the folder
        (resource.RLIMIT_MEMLOCK, 0),
    ):
        resource.setrlimit(kind, (value, value))
    seccomp.install(seccomp.for_program(os.getpid(), read_only))


def confine_test_child(cpu_seconds: int, memory_mb: int) -> None:
    """Limit this process, a forked child that runs trusted tests on what a program answers."""
    end_with_parent()
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb << 20, memory_mb << 20))


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends."""
    _prctl(_PDEATHSIG, signal.SIGKILL)


def _interpreter() -> list[str]:
    """Return the standard library and its shared objects, without installed packages, which may hold hidden tests."""
    found = []
    for folder in sorted({os.path.dirname(os.__file__), os.path.join(sys.base_prefix, "lib")}):
        with os.scandir(folder) as entries:
            found += [entry.path for entry in entries if _is_standard(entry, folder)]
    return found


def _is_standard(entry: "os.DirEntry[str]", folder: str) -> bool:
    if folder == os.path.dirname(os.__file__):
        return entry.name not in ("site-packages", "dist-packages")
    return entry.is_file() and ".so" in entry.name


def can_make_a_socket() -> bool:
    """Return whether this process can still open a socket."""
    return int(_LIBC.socket(_INTERNET, _STREAM, 0)) >= 0


def _describe(namespaces: bool, version: int) -> dict[str, str]:
    extra = ", own network namespace" if namespaces else ""
    network = f"refused by seccomp{extra}" + (", TCP refused by Landlock" if version >= 4 else "")
    files, reads = "seccomp: no file can be changed (no Landlock)", "not confined (no Landlock)"
    if version:
        files = f"Landlock ABI {version}: the private folder only"
        reads = "Landlock: the interpreter and system libraries only"
    return {
        "network": network,
        "file writes": files,
        "file reads": reads,
        "processes": "fork and exec refused by seccomp; threads bounded by the address space",
        "other processes": "signals, ptrace and memory access refused by seccomp"
        + (" and Landlock" if version >= 6 else ""),
        "privileges": "no_new_privs, no capabilities"
        + (", own user, IPC and host name namespaces" if namespaces else ""),
        "cpu, memory, file size": "rlimits",
        "wall time, output, folder size": "the server, from outside",
    }


def _drop_capabilities() -> None:
    for capability in range(64):
        _LIBC.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # refused without CAP_SETPCAP, harmless under no_new_privs
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    if _LIBC.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")
