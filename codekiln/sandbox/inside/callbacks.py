"""Functions and iterators of the tests, as the program sees them: with their names and parameters, and no code."""

import types

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Call = Callable[[tuple[Any, ...], dict[str, Any]], Any]

_STAR, _DOUBLE_STAR = 4, 8
"""Flags of a code object that takes ``*arguments`` and ``**named``."""
_DEFAULT = object()


def describe(function: "Any") -> "list[Any]":
    """Return what the program may know of a function: name, documentation, and parameters where they are known."""
    name, text = getattr(function, "__name__", None), getattr(function, "__doc__", None)
    parameters = _parameters(function) if type(function) is types.FunctionType else None
    return [name if type(name) is str else "callback", text if type(text) is str else None, parameters]


def _parameters(function: "types.FunctionType") -> "list[Any]":
    """Return the parameters: those by position, the number of them only so, ``*``, those by keyword, ``**``.

    Each is a name, and whether it has a default value; ``*`` and ``**`` are a name or nothing.
    """
    code = function.__code__
    count, only = code.co_argcount, code.co_kwonlyargcount
    required = count - len(function.__defaults__ or ())
    positional = [[name, index >= required] for index, name in enumerate(code.co_varnames[:count])]
    keywords = [[name, name in (function.__kwdefaults__ or {})] for name in code.co_varnames[count : count + only]]
    rest = list(code.co_varnames[count + only :])
    star = rest.pop(0) if code.co_flags & _STAR else None
    double_star = rest.pop(0) if code.co_flags & _DOUBLE_STAR else None
    return [positional, code.co_posonlyargcount, star, keywords, double_star]


def make(call: "Call", name: str, text: "str | None", parameters: "list[Any] | None") -> "Callable[..., Any]":
    """Return a function with a name and parameters that passes its arguments on to ``call``."""

    def plain(*arguments: "Any", **named: "Any") -> "Any":
        return call(arguments, named)

    made: Callable[..., Any] = plain
    if parameters is not None:
        namespace: dict[str, Any] = {"__codekiln_pass__": _passing(call), "__codekiln_default__": _DEFAULT}
        exec(_source(*parameters), namespace)
        made = namespace["callback"]
    made.__name__ = made.__qualname__ = name
    made.__doc__ = text
    return made


def _source(
    positional: "list[Any]", only: int, star: "str | None", keywords: "list[Any]", double_star: "str | None"
) -> str:
    head = [_parameter(*item) for item in positional]
    if only:
        head.insert(only, "/")
    head += [f"*{star or ''}"] if star or keywords else []
    head += [_parameter(*item) for item in keywords] + ([f"**{double_star}"] if double_star else [])
    pairs = [", ".join(f"({name!r}, {name})" for name, _ in items) for items in (positional, keywords)]
    passed = f"[{pairs[0]}], {star or ()}, [{pairs[1]}], {double_star or {}}"
    return f"def callback({', '.join(head)}):\n    return __codekiln_pass__({passed})"


def _parameter(name: str, has_default: bool) -> str:
    return f"{name}=__codekiln_default__" if has_default else name


def _passing(call: "Call") -> "Callable[..., Any]":
    def passed(
        positional: "list[tuple[str, Any]]", more: "tuple[Any, ...]", keywords: "list[tuple[str, Any]]", named: "Any"
    ) -> "Any":
        given = [(name, value) for name, value in positional if value is not _DEFAULT]
        # Past the first that is left out, the others have been given by name.
        count = next((index for index, (_, value) in enumerate(positional) if value is _DEFAULT), len(positional))
        by_name = dict(given[count:]) | {name: value for name, value in keywords if value is not _DEFAULT} | named
        return call((*(value for _, value in given[:count]), *more), by_name)

    return passed


class TestIterator:
    """An iterator of the tests."""

    __test__ = False

    def __init__(self, call: "Call") -> None:
        self._call = call

    def __iter__(self) -> "TestIterator":
        """Return itself, as iterators do."""
        return self

    def __next__(self) -> "Any":
        """Return what the tests have next."""
        return self._call((), {})
