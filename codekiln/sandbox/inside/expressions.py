"""Evaluation of checks: expressions over results, made only of parts that `codekiln.sandbox.trusted` admits."""

import math

from codekiln.sandbox.inside.plain_values import Opaque, refuse_collisions

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import CodeType


def _set(items: "Iterable[object]" = ()) -> set[object]:
    return set(_distinct(items))


def _frozenset(items: "Iterable[object]" = ()) -> frozenset[object]:
    return frozenset(_distinct(items))


def _distinct(items: "Iterable[object]") -> list[object]:
    found = list(items)
    refuse_collisions(found)
    return found


FUNCTIONS = {
    function.__name__: function
    for function in (
        sorted, list, tuple, dict, len, sum, min, max, any, all, str, int, float, bool, round, abs, isinstance, range,
    )
} | {"set": _set, "frozenset": _frozenset}  # fmt: skip
TYPES = {kind.__name__: kind for kind in (bytes, complex)}
MATH = {
    name: getattr(math, name)
    for name in ("isclose", "fabs", "floor", "ceil", "sqrt", "isnan", "isinf", "pi", "e", "inf", "nan")
}


# Not the module itself: an expression could reach everything that the module refers to.
class _Math:
    """The functions of ``math`` that tests use."""


for _name, _value in MATH.items():
    setattr(_Math, _name, staticmethod(_value) if callable(_value) else _value)


def evaluate(code: "CodeType", values: "Mapping[str, object]") -> object:
    """Evaluate a compiled expression made only of admitted parts; ``values`` holds what the program returned."""
    return eval(code, {"__builtins__": {}, **FUNCTIONS, **TYPES, "math": _Math, **values})


def describe(value: object) -> str:
    """Return a result as a short text."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no integer of over 4300 digits
        text = "something with a very large integer"
    except RecursionError:
        text = "something deeply nested"
    return text if isinstance(value, Opaque) or len(text) <= 120 else text[:117] + "..."
