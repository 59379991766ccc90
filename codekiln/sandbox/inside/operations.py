"""What the tester may ask of an object of the program; runs in the program's process."""

import operator

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _call_special(name: str, target: "Any", /, *arguments: "Any", **named: "Any") -> "Any":
    return getattr(type(target), name)(target, *arguments, **named)


def _call_library(module: str, name: str, /, *arguments: "Any", **named: "Any") -> "Any":
    return getattr(__import__(module), name)(*arguments, **named)


def _run_coroutine(coroutine: "Any") -> "Any":
    import asyncio

    async def wait() -> "Any":
        return await coroutine

    return asyncio.run(wait())


def _copy(value: "Any") -> "Any":
    import copy

    return copy.copy(value)


def _deepcopy(value: "Any") -> "Any":
    import copy

    return copy.deepcopy(value)


def _names_of_classes(value: "Any") -> "list[list[str]]":
    # The module of the program has the name of that of the tests there.
    modules = {"program": "__main__"}
    return [[modules.get(kind.__module__, kind.__module__), kind.__qualname__] for kind in type(value).__mro__]


OPERATIONS: "dict[str, Callable[..., Any]]" = {
    **{name: getattr(operator, name) for name in (
        "eq", "ne", "lt", "le", "gt", "ge", "contains", "getitem", "setitem", "delitem", "neg", "pos", "abs", "invert",
        *(f"{prefix}{name}" for prefix in ("", "i") for name in (
            "add", "sub", "mul", "truediv", "floordiv", "mod", "matmul", "lshift", "rshift")),
        "pow", "ipow", "and_", "or_", "xor", "iand", "ior", "ixor", "index",
    )},
    "call": lambda target, /, *arguments, **named: target(*arguments, **named),
    "getattr": getattr, "setattr": setattr, "delattr": delattr, "len": len, "iter": iter, "next": next, "bool": bool,
    "hash": hash, "str": str, "repr": repr, "format": format, "int": int, "float": float, "complex": complex,
    "round": round, "reversed": reversed, "dir": dir, "divmod": divmod, "pow3": pow, "special": _call_special,
    "nothing": lambda: None, "library": _call_library, "run": _run_coroutine,
    "copy": _copy, "deepcopy": _deepcopy, "classes": _names_of_classes,
}  # fmt: skip
