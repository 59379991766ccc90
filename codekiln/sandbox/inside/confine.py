"""Confinement: capabilities, namespaces and Landlock once for the server; limits and a call filter per program."""

import ctypes
import os
import re
import resource
import signal
import struct
import sys

from codekiln.sandbox.inside import landlock, seccomp

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from codekiln.sandbox.inside.messages import ProcessLimits

    LimitValuesByKind = list[tuple[int, tuple[int, int]]]

_LIBC = ctypes.CDLL(None, use_errno=True)
_NO_NEW_PRIVS, _PDEATHSIG, _DUMPABLE, _CAPBSET_DROP = 38, 1, 4, 24
_INTERNET, _STREAM = 2, 1
_NEW_NAMESPACES = 0x10000000 | 0x40000000 | 0x08000000 | 0x04000000  # user, network, IPC, host name
_READABLE = ("/usr/share/zoneinfo", "/etc/localtime", "/etc/ld.so.cache", "/etc/mime.types", "/usr/lib/locale")
_READABLE_DEVICES = ("/dev/zero", "/dev/urandom", "/dev/random")
_NULL = "/dev/null"
# Where the dynamic linker looks without its cache: glibc's and musl's defaults, and Debian's for both architectures.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_MULTIARCH = ("x86_64-linux-gnu", "aarch64-linux-gnu")
_SHARED_OBJECT = re.compile(r"\.so(\.\d+)*$")
_OPEN_FILES = 256
PROGRAM_CHANNEL = 3
"""Descriptor of a program's socket to the tester."""
MAX_THREADS = 256
"""Threads that one program may have; the server looks, because threads with small stacks pass every other limit."""
NOT_CONFINED = "not confined"
"""How the protection of "file reads" begins where programs can read what their user can."""


def reads_are_confined(protections: dict[str, str]) -> bool:
    """Return whether programs can read nothing but what an interpreter needs."""
    return not protections["file reads"].startswith(NOT_CONFINED)


def confine_server(folder: str, packages: str | None = None) -> tuple[dict[str, str], bool]:
    """Confine this process and all its future children.

    Args:
        folder: The private folder of programs, the only one that may be written.
        packages: A folder of symbolic links to packages that programs may import, or None; it goes to the end of the
            module search path.

    Returns:
        What is protected by what, in words; and whether programs must be kept from changing any file.

    Raises:
        OSError: A protection that every program must have is not available here.
    """
    if not seccomp.supported():
        raise OSError(f"no system call table for {os.uname().machine}")
    if packages is not None:
        sys.path.append(packages)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    namespaces = _LIBC.unshare(_NEW_NAMESPACES) == 0
    _prctl(_NO_NEW_PRIVS, 1)
    _prctl(_DUMPABLE, 0)  # keeps programs, which have the same user, out of the server's /proc files
    _drop_capabilities()
    version = landlock.abi()
    confined = version >= landlock.MIN_ABI
    if confined:
        _keep_listing(_standard_library())
        readable = {*_READABLE, *_READABLE_DEVICES, *_interpreter(), *_shared_objects(), *_linked(packages)}
        landlock.restrict(sorted(readable), (folder, _NULL))
    seccomp.install(seccomp.for_server())
    return _describe(namespaces, version if confined else 0), not confined


class LimitsOfPrograms:
    """Finds the values of the limits of programs before these are forked: each page that a child touches is copied."""

    def __init__(self) -> None:
        self._wanted: ProcessLimits | None = None
        self._values: LimitValuesByKind = []

    def of(self, limits: "ProcessLimits") -> "LimitValuesByKind":
        """Return the values of the limits of one program, none of which is above that of this process."""
        if limits != self._wanted:  # most programs have those of the one before
            lowest = [(kind, _lower(value, resource.getrlimit(kind)[1])) for kind, value in _limits(limits)]
            self._wanted, self._values = limits, [(kind, (value, value)) for kind, value in lowest]
        return self._values


def program_filter(read_only: bool) -> seccomp.Prepared:
    """Return the filter of programs; the server makes it once for all of them.

    Args:
        read_only: Refuse every change to a file.
    """
    return seccomp.Prepared(seccomp.program_template(read_only))


def confine_program(calls: seccomp.Prepared, limits: "LimitValuesByKind", channel: int) -> None:
    """Limit and filter this process, the forked child, for good; close all descriptors but 0, 1, 2 and ``channel``.

    Args:
        calls: What `program_filter` returned.
        limits: What `LimitsOfPrograms.of` returned.
        channel: A descriptor, which becomes 3.
    """
    os.dup2(channel, PROGRAM_CHANNEL)
    os.closerange(PROGRAM_CHANNEL + 1, _OPEN_FILES)
    for kind, values in limits:
        resource.setrlimit(kind, values)
    _prctl(_PDEATHSIG, signal.SIGKILL)
    calls.install(os.getpid())


def confine_test_child(
    cpu_seconds: int, memory_mb: int, read_only: bool = False, file_mb: int = 16, keep: tuple[int, ...] = ()
) -> None:
    """Limit and filter this process, a child of the tester that runs tests, as a program is.

    Args:
        cpu_seconds: CPU time.
        memory_mb: Address space, in MiB.
        read_only: Refuse every change to a file.
        file_mb: Size of a file, in MiB.
        keep: Descriptors that stay open beside 0, 1 and 2.
    """
    _confine_child({"cpu_seconds": cpu_seconds, "memory_mb": memory_mb, "file_mb": file_mb}, keep)
    seccomp.install(seccomp.for_program(os.getpid(), read_only))


def confine_tester(memory_mb: int, read_only: bool, file_mb: int = 16, keep: tuple[int, ...] = ()) -> None:
    """Limit and filter this process, a child of the server that forks children which run tests, for good.

    It executes nothing, changes no mode of a file, and signals one process at a time; its CPU time is not limited.

    Args:
        memory_mb: Address space, in MiB, of this process and of each of its children.
        read_only: Refuse every change to a file.
        file_mb: Size of a file, in MiB.
        keep: Descriptors that stay open beside 0, 1 and 2.
    """
    _confine_child({"cpu_seconds": resource.RLIM_INFINITY, "memory_mb": memory_mb, "file_mb": file_mb}, keep)
    seccomp.install(seccomp.for_tester(read_only))


def _confine_child(limits: "ProcessLimits", keep: tuple[int, ...]) -> None:
    _prctl(_PDEATHSIG, signal.SIGKILL)
    start = 3
    for handle in [*sorted(keep), _OPEN_FILES]:
        os.closerange(start, handle)
        start = handle + 1
    for kind, value in _limits(limits):
        _limit(kind, value)


def _limits(limits: "ProcessLimits") -> tuple[tuple[int, int], ...]:
    return (
        (resource.RLIMIT_CPU, limits["cpu_seconds"]),
        (resource.RLIMIT_AS, limits["memory_mb"] << 20),
        (resource.RLIMIT_FSIZE, limits["file_mb"] << 20),
        (resource.RLIMIT_CORE, 0),  # a core file would be outside the limit of the folder
        (resource.RLIMIT_MEMLOCK, 0),
    )


def _limit(kind: int, value: int) -> None:
    """Lower a limit of this process for good, unless it is lower already."""
    lowest = _lower(value, resource.getrlimit(kind)[1])
    resource.setrlimit(kind, (lowest, lowest))


def _lower(limit: int, other: int) -> int:
    return min((value for value in (limit, other) if value != resource.RLIM_INFINITY), default=limit)


def _standard_library() -> str:
    return os.path.dirname(os.__file__)


def _keep_listing(folder: str) -> None:
    """Keep what the import system knows of a folder that it cannot list again.

    The standard library may be read, but not the folder that holds it, and often site-packages too. Without this, an
    import that follows ``importlib.invalidate_caches()`` finds nothing there.
    """
    finder = sys.path_importer_cache[folder]
    vars(finder)["_fill_cache"] = lambda: None  # a method that importlib.machinery.FileFinder does not document


def _interpreter() -> list[str]:
    """Return the standard library and its shared objects, without installed packages, which may hold hidden tests."""
    with os.scandir(_standard_library()) as entries:
        found = [entry.path for entry in entries if entry.name not in ("site-packages", "dist-packages")]
    return found + _objects_in(os.path.join(sys.base_prefix, "lib"))


def _shared_objects() -> list[str]:
    """Return the shared objects that the dynamic linker finds, one by one: their folders hold much else."""
    folders = [os.path.join(base, name) for base in _LIBRARIES for name in ("", *_MULTIARCH)]
    if os.path.exists("/etc/ld.so.cache"):
        with open("/etc/ld.so.cache", "rb") as cache:
            folders += [os.fsdecode(folder) for folder in re.findall(rb"(/[^\0]+)/[^\0]+\.so[^\0]*", cache.read())]
    # One folder often has several names: /lib is a link to /usr/lib.
    return [path for folder in {os.path.realpath(folder) for folder in {*folders}} for path in _objects_in(folder)]


def _objects_in(folder: str) -> list[str]:
    if not os.path.isdir(folder):
        return []
    with os.scandir(folder) as entries:
        return [entry.path for entry in entries if _SHARED_OBJECT.search(entry.name) and entry.is_file()]


def _linked(folder: str | None) -> list[str]:
    """Return a folder of links, and what they point to."""
    if folder is None:
        return []
    with os.scandir(folder) as entries:
        return [folder, *(os.path.realpath(entry.path) for entry in entries)]


def threads_of(pid: int) -> int:
    """Return the number of threads of a process, whose files in /proc need not be readable for this.

    Raises:
        FileNotFoundError: The process has ended, or /proc hides it.
    """
    return os.stat(f"/proc/{pid}/task").st_nlink - 2  # a folder counts itself, its name, and the folders in it


def can_make_a_socket() -> bool:
    """Return whether this process can still open a socket."""
    return int(_LIBC.socket(_INTERNET, _STREAM, 0)) >= 0


def _describe(namespaces: bool, version: int) -> dict[str, str]:
    extra = ", own network namespace" if namespaces else ""
    network = f"refused by seccomp{extra}" + (", TCP refused by Landlock" if version >= 4 else "")
    files, reads = "seccomp: no file can be changed (no Landlock)", f"{NOT_CONFINED} (no Landlock)"
    if version:
        files = f"Landlock ABI {version}: the private folder only"
        reads = "Landlock: the interpreter and system libraries only"
    return {
        "network": network,
        "file writes": files,
        "file reads": reads,
        "file attributes": "modes, owners, times, extended attributes and flags: no change, by seccomp",
        "system calls": "an allow-list by seccomp, with argument checks",
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
        seccomp.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # refused without CAP_SETPCAP, harmless under no_new_privs
    header, nothing = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    if _LIBC.capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), f"capset: {os.strerror(ctypes.get_errno())}")


def _prctl(option: int, value: int) -> None:
    if seccomp.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")
