"""Runs in the sandbox after a program: what the calls of input-output examples use."""

# For type checkers, which take this name for true: programs are short.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _codekiln_raised(call: "Callable[[], Any]") -> "Any":
    """Return the class name of the exception that a call raises, in a tuple, or what the call gives."""
    try:
        return call()
    except Exception as error:
        return ("<raises>", type(error).__name__)


def _codekiln_stub(**attributes: "Any") -> "Any":
    """Return an object with some attributes."""
    return __import__("types").SimpleNamespace(**attributes)


def _codekiln_instance(kind: "Any", **attributes: "Any") -> "Any":
    """Return an instance of a class in some state, made without its constructor."""
    instance = kind.__new__(kind)
    for name, value in attributes.items():
        object.__setattr__(instance, name, value)
    return instance


def _codekiln_state(call: "Callable[[Any], Any]", instance: "Any") -> "Any":
    """Return the result of a method with the attributes of its instance after it."""
    result = call(instance)
    return [None if result is instance else _codekiln_shown(result), _codekiln_shown(instance)]


def _codekiln_recorded(call: "Callable[[], Any]") -> "Any":
    """Return what a call gives; where it is no plain data or a fake took part, its parts and what fakes recorded."""
    log = globals().get("_codekiln_log", [])
    log.clear()
    value = call()
    if not log and _codekiln_is_plain(value):
        return value
    return ("<recorded>", _codekiln_shown(value), list(log))


def _codekiln_is_plain(value: "Any") -> bool:
    kind = type(value)
    if kind in (list, tuple, set, frozenset):
        return all(map(_codekiln_is_plain, value))
    if kind is dict:
        return all(_codekiln_is_plain(part) for item in value.items() for part in item)
    return kind in (int, float, complex, bool, str, bytes, type(None))


def _codekiln_shown(value: "Any", depth: int = 3) -> "Any":
    """Return a value with every object in it as its class and its attributes, which are the same in every run."""
    kind: Any = type(value)
    if kind in (int, float, complex, bool, str, bytes, type(None)):
        return value
    if not depth:
        return kind.__name__
    if kind in (list, tuple):
        return kind(_codekiln_shown(item, depth - 1) for item in value)
    if isinstance(value, set | frozenset):
        return sorted(repr(_codekiln_shown(item, depth - 1)) for item in value)
    if isinstance(value, dict):
        return [kind.__name__, {_codekiln_key(key): _codekiln_shown(item, depth - 1) for key, item in value.items()}]
    if isinstance(value, type) or callable(value) and hasattr(value, "__name__"):
        return value.__name__
    if kind.__name__ == "CodekilnFake":
        return repr(value)
    attributes = {name: item for name, item in getattr(value, "__dict__", {}).items() if "hash" not in name}
    text = repr(value) if kind.__repr__ is not object.__repr__ and not attributes else ""
    return [kind.__name__, text.split(" at 0x")[0], _codekiln_shown(attributes, depth - 1)[1] if attributes else {}]


def _codekiln_key(key: object) -> "Any":
    return key if _codekiln_is_plain(key) else repr(key).split(" at 0x")[0]


def _codekiln_after(setup: str, call: str) -> "Any":
    """Return the value of an expression after some statements, both in the program's namespace."""
    scope = dict(globals())
    exec(setup, scope)
    return eval(call, scope)
