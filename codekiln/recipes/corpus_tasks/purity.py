"""Static purity analysis: statements that touch files, clocks, randomness, the network or other packages.

An impure statement could behave differently on another machine or on the next run, so it cannot be part of a program
slice whose results are compared.
"""

import ast
import sys

# Names are forbidden even where they are not called: they can be passed on as values.
_FORBIDDEN_CALLS = frozenset({
    "open", "input", "exec", "eval", "compile", "__import__", "globals", "locals", "vars", "breakpoint", "exit", "quit",
    "id",
})  # fmt: skip
_FORBIDDEN_MODULES = frozenset({
    "_thread", "asyncio", "atexit", "concurrent", "ctypes", "curses", "dbm", "ftplib", "getpass", "glob", "gc", "http",
    "imaplib", "importlib", "inspect", "linecache", "locale", "logging", "mmap", "multiprocessing", "pdb", "pickle",
    "platform", "poplib", "pty", "random", "readline", "resource", "secrets", "select", "selectors", "shelve", "shutil",
    "signal", "site", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sysconfig", "tempfile",
    "termios", "threading", "time", "tkinter", "traceback", "tracemalloc", "tty", "turtle", "unittest", "uuid",
    "weakref", "webbrowser", "xmlrpc",
})  # fmt: skip
# Allow-lists, because most functions of these modules depend on the machine, and new ones may too.
_PURE_OF_OS = frozenset(
    {"path", "fspath", "fsencode", "fsdecode", "sep", "altsep", "extsep", "pathsep", "linesep", "curdir"}
)
_PURE_OF_PATH = frozenset({
    "join", "split", "splitext", "splitdrive", "basename", "dirname", "normcase", "normpath", "isabs", "commonprefix",
    "commonpath", "sep", "altsep",
})  # fmt: skip
_PURE_OF_SYS = frozenset({"maxsize", "maxunicode", "byteorder", "float_info", "hash_info", "version_info", "intern"})
_PURE = {"os": _PURE_OF_OS, "os.path": _PURE_OF_PATH, "sys": _PURE_OF_SYS, "io": frozenset({"StringIO", "BytesIO"})}


def impurity_reason(node: ast.AST) -> str:
    """Return the reason why a statement is impure, or an empty string for a pure one.

    Reasons are ``third-party``, ``relative-import`` and ``impure``.
    """
    for item in ast.walk(node):
        reason = ""
        if isinstance(item, ast.Import):
            reason = next(filter(None, (_module_reason(alias.name, "") for alias in item.names)), "")
        elif isinstance(item, ast.ImportFrom):
            names = (_module_reason(item.module or "", alias.name) for alias in item.names)
            reason = "relative-import" if item.level else next(filter(None, names), "")
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load):
            reason = "impure" if item.id in _FORBIDDEN_CALLS else ""
        elif isinstance(item, ast.Attribute):
            reason = _attribute_reason(item)
        if reason:
            return reason
    return ""


def _module_reason(module: str, name: str) -> str:
    root = module.split(".")[0]
    if root not in sys.stdlib_module_names:
        return "third-party"
    if root in _PURE and not (module == "os.path" or name):
        return ""  # `import os` itself is harmless: `_attribute_reason` checks each attribute where it is used
    if module in _PURE and name:
        return "" if name in _PURE[module] else "impure"
    return "impure" if root in _FORBIDDEN_MODULES else ""


def _attribute_reason(node: ast.Attribute) -> str:
    owner = _dotted(node.value)
    if owner in _PURE and node.attr not in _PURE[owner]:
        return "impure"
    # Only methods that read the clock are impure; arithmetic with dates is fine.
    is_clock = node.attr in ("today", "now", "utcnow") and owner.split(".")[-1] in ("date", "datetime")
    return "impure" if is_clock else ""


def _dotted(node: ast.expr) -> str:
    """Return an expression of the form ``a`` or ``a.b`` as text, and an empty string for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""
