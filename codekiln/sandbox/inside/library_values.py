"""Values of the standard library that are written by name or by the text that makes them again.

A process that reads what a program sent takes classes of values only. A function or module would run there with what
the program gives it, and its attributes lead to all that the process holds.
"""

import sys
import types

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# Modules whose classes and functions are the same in both processes, and change nothing when they are called.
_MODULES = frozenset(
    [
        "builtins",
        "collections",
        "collections.abc",
        "cmath",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "heapq",
        "bisect",
        "itertools",
        "json",
        "math",
        "numbers",
        "operator",
        "random",
        "re",
        "statistics",
        "string",
        "textwrap",
        "time",
        "types",
        "typing",
        "uuid",
        "pathlib",
        "ipaddress",
        "array",
        "io",
        "copy",
        "dataclasses",
        "abc",
        "contextlib",
        "calendar",
        "unicodedata",
        "zoneinfo",
        "json.decoder",
        "asyncio.exceptions",
    ]
)
# Of these, the classes are of plain values: calling one does no more than making such a value.
_VALUE_MODULES = frozenset(
    [
        "builtins",
        "collections",
        "collections.abc",
        "datetime",
        "decimal",
        "enum",
        "fractions",
        "ipaddress",
        "numbers",
        "pathlib",
        "uuid",
        "array",
        "zoneinfo",
    ]
)
_UNSAFE = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "open",
        "__import__",
        "input",
        "breakpoint",
        "globals",
        "locals",
        "vars",
        "exit",
        "quit",
        "help",
    ]
)
# Not for making values: these make classes and descriptors, and look past those of their arguments.
_TOOLS = frozenset(("type", "super", "property", "classmethod", "staticmethod"))


def _arguments_of_datetime(value: "Any") -> "list[Any]":
    return [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond,
            _zone(value.tzinfo), value.fold]  # fmt: skip


def _arguments_of_time(value: "Any") -> "list[Any]":
    return [value.hour, value.minute, value.second, value.microsecond, _zone(value.tzinfo), value.fold]


def _zone(zone: "Any") -> "Any":
    if zone is None:
        return None
    if (written := name(zone, type(zone))) is None:
        raise ValueError("a time zone of the program's own")
    return written


def _make_datetime(cls: "Any", *parts: "Any") -> "Any":
    *numbers, zone, fold = parts
    return cls(*integers(numbers), tzinfo=None if zone is None else read(zone), fold=fold)


def integers(parts: "list[Any]") -> "list[int]":
    """Return the parts of a date or time; text among them would be taken for one that was pickled, unchecked."""
    if any(type(part) is not int for part in parts):
        raise ValueError("not the parts of a date or time")
    return parts


def _make_timezone(cls: "Any", seconds: float) -> "Any":
    import datetime

    return cls(datetime.timedelta(seconds=seconds))


# By module and class: what makes the value again, and how, if not by calling the class.
_VALUES: "dict[tuple[str, str], tuple[Callable[[Any], list[Any]], Callable[..., Any] | None]]" = {
    ("datetime", "datetime"): (_arguments_of_datetime, _make_datetime),
    ("datetime", "time"): (_arguments_of_time, _make_datetime),
    ("datetime", "timezone"): (lambda value: [value.utcoffset(None).total_seconds()], _make_timezone),
    ("zoneinfo", "ZoneInfo"): (lambda value: [value.key], None),
    ("uuid", "UUID"): (lambda value: [str(value)], None),
    ("array", "array"): (lambda value: [value.typecode, value.tolist()], None),
    ("time", "struct_time"): (lambda value: [list(value)], None),
    **{("pathlib", kind): (lambda value: [str(value)], None)
       for kind in ("Path", "PosixPath", "PurePosixPath", "PureWindowsPath")},
    **{("ipaddress", kind): (lambda value: [str(value)], None)
       for kind in ("IPv4Address", "IPv6Address", "IPv4Network", "IPv6Network")},
}  # fmt: skip


def name(value: "Any", kind: type) -> "list[Any] | None":
    """Return what ``read`` makes ``value`` of again, or None when it is no value of the standard library."""
    if kind is types.ModuleType:
        found = vars(value).get("__name__")
        return [found] if found in _MODULES and sys.modules.get(found) is value else None
    if kind is type or kind is types.BuiltinFunctionType or kind is types.FunctionType or kind is _ABC_META:
        module, path = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
        # The class of None, among others, says that it is a built-in, where it cannot be found.
        return next(([place, path] for place in (module, "types") if _find(place, path) is value), None)
    place = place_of(kind)
    return [*place, _VALUES[place][0](value)] if place in _VALUES else None


def place_of(kind: type) -> "tuple[str, str] | None":
    """Return the module and name of a class of the standard library, or None for any other class."""
    module, path = getattr(kind, "__module__", None), getattr(kind, "__qualname__", None)
    return (str(module), str(path)) if _find(module, path) is kind else None


def make(module: str, path: str, *arguments: "Any") -> "Any":
    """Return an instance of a class of the standard library."""
    return _known(module, path)(*arguments)


def is_value(named: "list[Any]") -> bool:
    """Return whether a list made by ``name`` is of a plain value, or of the class of such values."""
    if len(named) != 2:
        return len(named) == 3 and (named[0], named[1]) in _VALUES
    module, path = named
    if type(module) is str and module in _MODULES:
        __import__(module)  # the other process may have imported what this one has not
    found = _find(module, path)
    if not isinstance(found, type) or path in _TOOLS:
        return False
    return module in _VALUE_MODULES or issubclass(found, BaseException) or found is type(None)


def read(body: "list[Any]") -> "Any":
    """Return the value of a list made by ``name``; raises ValueError when it names nothing that is known."""
    if len(body) == 1:
        return _module(body[0])
    module, path, *arguments = body
    if not arguments:
        return _known(module, path)
    if (module, path) not in _VALUES:
        raise ValueError("not a value of the standard library")
    make = _VALUES[module, path][1]
    kind = _known(module, path)
    return kind(*arguments[0]) if make is None else make(kind, *arguments[0])


def _known(module: "Any", path: "Any") -> "Any":
    _module(module)
    if (found := _find(module, path)) is None:
        raise ValueError("not a name of the standard library")
    return found


def _module(name: "Any") -> types.ModuleType:
    if name not in _MODULES:
        raise ValueError("not a module whose values are known")
    __import__(name)
    return sys.modules[name]


def _find(module: "Any", path: "Any") -> "Any":
    """Return the class or function of that public name in a known module that is loaded, or None.

    Only classes are looked into: modules, functions and other objects lead to all that the process holds.
    """
    if type(module) is not str or type(path) is not str or module not in _MODULES:
        return None
    place: Any = sys.modules.get(module)
    *outer, last = path.split(".")
    for part in outer:
        place = None if place is None else _member(place, part)
        if not isinstance(place, type):
            return None
    found = None if place is None else _member(place, last)
    return found if isinstance(found, type | types.BuiltinFunctionType | types.FunctionType) else None


def _member(place: "Any", part: str) -> "Any":
    return None if part[:1] in ("", "_") or part in _UNSAFE else getattr(place, part, None)


_ABC_META = type(__import__("collections.abc").abc.Iterable)
