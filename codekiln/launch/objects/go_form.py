"""The form in which a Go client writes an object back: what such clients would change is not sent at all.

Kueue reads a TrainJob into typed objects and writes it back. Fields that are empty are gone then (``omitempty``), and
quantities have their canonical form, and Trainer refuses both: "spec.trainer: field is immutable".
"""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

# Fields that hold a map: an empty one is dropped. Elsewhere an empty object can be a choice, as in ``emptyDir: {}``.
_MAPS = ("labels", "annotations", "matchLabels", "nodeSelector", "limits", "requests", "volumeAttributes")
_QUANTITY_MAPS = ("limits", "requests")
_QUANTITIES = ("sizeLimit", "divisor")
# Booleans that are false by default and no pointers.
_FLAGS = ("readOnly", "suspend")
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"": 0, "Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def go_form(item: Any, field: str = "") -> Any:
    """Return a JSON value without what a Go client drops, its quantities canonical; ``field`` is its name."""
    if isinstance(item, Mapping):
        if field in _MAPS:
            write = canonical_quantity if field in _QUANTITY_MAPS else lambda value: value
            return {key: write(value) for key, value in item.items() if value is not None}
        # The only struct of a pod that is written even where it is empty: a divisor that nobody set is "0".
        given = {"divisor": "0"} | dict(item) if field == "resourceFieldRef" else item
        pairs = ((key, go_form(value, key)) for key, value in given.items())
        return {key: value for key, value in pairs if not _is_dropped(key, value)}
    if isinstance(item, list | tuple):
        return [go_form(each) for each in item]
    return canonical_quantity(item) if field in _QUANTITIES and item else item


def canonical_quantity(quantity: str | int | float) -> str:
    """Return a resource quantity as ``resource.Quantity`` of apimachinery serialises it.

    It has no fraction and the largest suffix that loses nothing: ``1.5Gi`` is 1536Mi, 1024Gi is 1Ti, 1500 is 1500.
    What is no quantity is returned as it is, for the API server to refuse.
    """
    found = _QUANTITY.fullmatch(str(quantity).strip())
    if not found:
        return str(quantity)
    number, exponent, suffix = Decimal(found[1]), found[2], found[3] or ""
    if suffix.endswith("i"):
        value = (number * 1024 ** _BINARY[suffix]).to_integral_value(ROUND_CEILING)
        if abs(value) >= 1024:
            return _largest(value, 1024, {power: name for name, power in _BINARY.items()})
        return _largest(value, 1000, {power // 3: name for name, power in _DECIMAL.items()})
    value = number.scaleb(int(exponent[1:]) if exponent else _DECIMAL[suffix])
    nano = value.quantize(Decimal("1e-9"), ROUND_CEILING)
    names = {power: f"e{3 * power}" if power else "" for power in range(-3, 7)} if exponent else None
    return _largest(nano, 1000, names or {power // 3: name for name, power in _DECIMAL.items()})


def _largest(value: Decimal, base: int, names: Mapping[int, str]) -> str:
    if not value:
        return "0"
    for power in sorted(names, reverse=True):
        mantissa = value / Decimal(base) ** power
        if mantissa == mantissa.to_integral_value():
            return f"{mantissa.to_integral_value():f}{names[power]}"
    raise AssertionError(f"{value} has more digits than a quantity")


def _is_dropped(field: str, value: Any) -> bool:
    return (
        value is None or value in ("", []) or (value == {} and field in _MAPS) or (value is False and field in _FLAGS)
    )
