"""Agreement of a program's result with the reference's, as EvalPlus decides it.

Facts from ``evalplus/eval/__init__.py`` and ``_special_oracle.py`` of EvalPlus 0.3.1:

* Results that are ``==`` agree, so ``1``, ``1.0`` and ``True`` do, and ``[1]`` and ``(1,)`` do not.
* Others agree within a tolerance: the problem's ``atol``, or 1e-6 where that is 0 and the expected result is a float or
  a non-empty list or tuple of nothing but floats. Both are then of one type and length, and
  ``abs(result - expected) <= atol + 1e-7 * abs(expected)`` holds for each number. NaN agrees with nothing.
* Some problems have a rule of their own, which ``Comparison`` of ``codekiln/data/records.py`` names.

EvalPlus keeps the tolerance of 1e-6 for all inputs after the first with floats; here each input is compared by itself.
NumPy, which EvalPlus compares with, also accepts shapes that broadcast to each other; here shapes are equal.
"""

import math

from codekiln.sandbox.inside.plain_values import base_value

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

RELATIVE_TOLERANCE = 1e-7
FLOAT_TOLERANCE = 1e-6
MAX_DEPTH = 200


def agrees(comparison: str, arguments: "list[Any]", result: object, expected: object, atol: float) -> bool:
    """Return whether ``result`` agrees with what the reference returned for the same arguments.

    Total: whatever raises on the way, such as ``math.pow`` of a huge root, is no agreement. Takes time linear in the
    size of the values.

    Args:
        comparison: One of ``Comparison`` in ``codekiln/data/records.py``.
        arguments: Positional arguments of the call, as they were before it.
        result: What the program returned.
        expected: What the reference returned.
        atol: Absolute tolerance of the problem; 0: 1e-6 for floats, none for other values.

    Raises:
        ValueError: There is no such comparison.
    """
    rule = _RULES.get(comparison)
    if rule is None:
        raise ValueError(f"no comparison is called {comparison!r}")
    try:
        return bool(rule(arguments, result, expected, atol))
    except Exception:  # a value can raise anything, and then it is not the expected one
        return False


def _equal(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    return bool(result == expected) or _is_near(result, expected, atol)


def _same_elements(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    # set(result) would take quadratic time if the program chose elements with one hash.
    wanted = set(expected)
    found = set()
    for item in result:
        if item not in wanted:
            return _is_near(result, expected, atol)
        found.add(item)
    return len(found) == len(wanted) or _is_near(result, expected, atol)


def _not_none(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    return _is_there(result) is _is_there(expected)


def _any_result(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    return True


def _equal_or_zero(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    return bool(result == 0) or _equal(arguments, result, expected, atol)


def _polynomial_root(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    (coefficients,) = arguments
    root = float(result)  # once: an object of the program could be another number for each power
    value = sum(coefficient * math.pow(root, power) for power, coefficient in enumerate(coefficients))
    return bool(abs(value) <= atol)


def _pyramid_surface(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    """Accept also the surface of a square pyramid whose second measure is its height, rounded to an integer."""
    base, height = arguments
    surface = round(base**2 + 2 * base * math.sqrt((base / 2) ** 2 + height**2))
    return _equal(arguments, result, expected, atol) or bool(abs(float(result) - surface) <= atol)


def _digit_distance(arguments: "list[Any]", result: "Any", expected: "Any", atol: float) -> bool:
    """Accept also the distance of the digits of numbers that are aligned at their last digit."""
    if _equal(arguments, result, expected, atol):
        return True
    left, right = (str(number) for number in arguments)
    width = max(len(left), len(right))
    pairs = zip(left.zfill(width), right.zfill(width), strict=True)
    return bool(result == sum(abs(int(one) - int(other)) for one, other in pairs))


def _is_there(value: object) -> bool:
    return value is not None and value is not False


def _is_near(result: "Any", expected: "Any", atol: float) -> bool:
    tolerance = atol or (FLOAT_TOLERANCE if _is_floats(expected) else 0.0)
    if not tolerance or type(result) is not type(expected):
        return False
    level = [(result, expected)]
    for _ in range(MAX_DEPTH):
        below: list[tuple[Any, Any]] = []
        for found, wanted in level:
            if isinstance(wanted, list | tuple):
                if not isinstance(found, list | tuple) or len(found) != len(wanted):
                    return False
                below.extend(zip(found, wanted, strict=True))
            elif not _is_near_number(found, wanted, tolerance):
                return False
        if not below:
            return True
        level = below
    return False


def _is_near_number(found: "Any", wanted: "Any", tolerance: float) -> bool:
    base = next((kind for kind in (bool, int, float, complex) if isinstance(found, kind)), None)
    if base is None or not isinstance(wanted, int | float | complex):
        return False
    if found == wanted:
        return True
    # A number of a class of the program's own has operators of its own.
    found = found if type(found) is base else base_value(found, base)
    # The bound is infinite where the expected number is.
    bound = tolerance + RELATIVE_TOLERANCE * abs(wanted)
    return bound < math.inf and abs(found - wanted) <= bound


def _is_floats(value: object) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(item, float) for item in value)
    return isinstance(value, float)


_RULES: "dict[str, Callable[[list[Any], Any, Any, float], bool]]" = {
    "equal": _equal,
    "same-elements": _same_elements,
    "not-none": _not_none,
    "any-result": _any_result,
    "equal-or-zero": _equal_or_zero,
    "polynomial-root": _polynomial_root,
    "pyramid-surface": _pyramid_surface,
    "digit-distance": _digit_distance,
}
