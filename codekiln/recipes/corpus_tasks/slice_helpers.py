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


def _codekiln_instance(kind: type, **attributes: "Any") -> "Any":
    """Return an instance of a class in some state, made without its constructor."""
    instance = kind.__new__(kind)
    for name, value in attributes.items():
        object.__setattr__(instance, name, value)
    return instance


def _codekiln_state(call: "Callable[[Any], Any]", instance: "Any") -> "Any":
    """Return the result of a method with the attributes of its instance after it."""
    result = call(instance)
    return [None if result is instance else result, vars(instance)]


def _codekiln_after(setup: str, call: str) -> "Any":
    """Return the value of an expression after some statements, both in the program's namespace."""
    scope = dict(globals())
    exec(setup, scope)
    return eval(call, scope)
