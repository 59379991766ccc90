"""Static purity analysis: what touches files, clocks, randomness, the network or the interpreter.

An impure value could differ on another machine or in the next run. Names of the standard library that give one are
replaced by recording fakes; a statement that reaches one in another way cannot be part of a program slice.
"""

import ast
import sys

# Names are forbidden even where they are not called: they can be passed on as values.
_FORBIDDEN_BUILTINS = frozenset(
    {"exec", "eval", "compile", "__import__", "globals", "locals", "vars", "breakpoint", "exit", "quit", "id"}
)
FAKED_BUILTINS = frozenset({"open", "input"})
"""Built-ins that a recording fake stands for."""
_IMPURE_MODULES = frozenset({
    "_thread", "asyncio", "atexit", "concurrent", "ctypes", "curses", "dbm", "ftplib", "getpass", "glob", "gc",
    "imaplib", "importlib", "linecache", "locale", "mmap", "multiprocessing", "os", "pdb", "platform", "poplib", "pty",
    "random", "readline", "resource", "secrets", "select", "selectors", "shelve", "shutil", "signal", "site", "smtplib",
    "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys", "sysconfig", "tempfile", "termios", "threading",
    "time", "tkinter", "traceback", "tracemalloc", "tty", "turtle", "unittest", "uuid", "webbrowser", "xmlrpc", "io",
})  # fmt: skip
# Allow-lists, because most functions of these modules depend on the machine, and new ones may too.
_REAL = {
    "os": "name path fspath fsencode fsdecode sep altsep extsep pathsep linesep curdir PathLike",
    "os.path": "join split splitext splitdrive basename dirname normcase normpath isabs commonprefix commonpath "
    "sep altsep",
    "sys": "platform maxsize maxunicode byteorder float_info hash_info version_info version intern",
    "io": "StringIO BytesIO TextIOBase IOBase RawIOBase BufferedIOBase TextIOWrapper SEEK_SET SEEK_CUR SEEK_END "
    "UnsupportedOperation",
    # A generator that is not seeded gives other numbers in the second run, which is seen there.
    "random": "Random",
    # Without threads these only count.
    "threading": "Lock RLock Condition Semaphore BoundedSemaphore Event local current_thread main_thread",
    "importlib": "import_module",
    "socket": "AF_INET AF_INET6 SOCK_STREAM SOCK_DGRAM error timeout gaierror herror "
    "inet_aton inet_ntoa inet_pton inet_ntop",
    "shutil": "Error SameFileError",
    "subprocess": "PIPE STDOUT DEVNULL CalledProcessError TimeoutExpired SubprocessError list2cmdline",
    "time": "struct_time",
    "uuid": "UUID uuid3 uuid5 NAMESPACE_DNS NAMESPACE_URL NAMESPACE_OID NAMESPACE_X500",
    "asyncio": "CancelledError TimeoutError InvalidStateError QueueEmpty QueueFull",
    "concurrent.futures": "CancelledError TimeoutError",
    "unittest": "SkipTest",
    "ssl": "SSLError CertificateError",
}


def impurity_reason(node: ast.AST, *, is_helper: bool = False) -> str:
    """Return ``impure`` for a statement that reads the machine, the clock or the interpreter itself, else nothing.

    A helper may read the interpreter: what comes of it is seen in two runs.

    Imports of a module are no reason, because fakes stand for the impure names of modules; imports inside a function
    are, because they would reach the real ones.
    """
    is_import = isinstance(node, ast.Import | ast.ImportFrom)
    for item in ast.walk(node):
        if (
            isinstance(item, ast.Name)
            and isinstance(item.ctx, ast.Load)
            and item.id in _FORBIDDEN_BUILTINS
            and not is_helper
        ):
            return "impure"
        if isinstance(item, ast.Attribute) and _is_clock(item):
            return "impure"
        if (
            isinstance(item, ast.Import)
            and not is_import
            and any(real_names(name.name) is not None for name in item.names)
        ):
            return "impure"
        if isinstance(item, ast.ImportFrom) and not is_import and not item.level:
            real = real_names(item.module or "")
            if real is not None and any(name.name not in real for name in item.names):
                return "impure"
    return ""


def is_standard(module: str) -> bool:
    """Tell whether a module belongs to the standard library."""
    return module.partition(".")[0] in sys.stdlib_module_names


def is_partial(name: str) -> bool:
    """Tell whether a dotted name is a module of which only some names are real."""
    return name in _REAL


def real_names(module: str) -> tuple[str, ...] | None:
    """Return the names of an impure module of the standard library that are pure; None for a pure module."""
    if module in _REAL:
        return tuple(_REAL[module].split())
    return () if module.partition(".")[0] in _IMPURE_MODULES else None


def _is_clock(node: ast.Attribute) -> bool:
    """Tell whether an attribute reads the clock; arithmetic with dates is fine."""
    owner = ast.unparse(node.value).rpartition(".")[2]
    return node.attr in ("today", "now", "utcnow") and owner in ("date", "datetime")
