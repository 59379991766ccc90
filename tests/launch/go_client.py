"""What a Go client makes of an object that it reads and writes back, and the rules that then judge the change.

Where this is from: ``shared/facts/kubernetes.md`` of the project (Kueue and Trainer of August 2026, tried: ``env: []``
vanishes and the change is refused), the CEL rules of Trainer's definition (``self == oldSelf``), and the documentation
of ``resource.Quantity`` in the API's own descriptions ("No fractional digits will be emitted. The exponent (or suffix)
is as large as possible").
"""

import copy
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

Object = dict[str, Any]
# Structs, of which a pointer to an empty one is written as {}; every other empty object is a map, and dropped.
STRUCTS = {
    "emptyDir", "labelSelector", "namespaceSelector", "podSelector", "spec", "securityContext", "torch", "resources",
    "affinity", "podAffinity", "podAntiAffinity", "nodeAffinity",
}  # fmt: skip
# Maps to text, whose values are kept as they are.
TEXTS = {"labels", "annotations", "matchLabels", "nodeSelector", "nodeLabels", "data", "stringData"}
# Fields of any JSON, which typed clients keep as it was sent.
RAW = {"pipelineSpec", "platformSpec"}
BARE_FALSE = {"readOnly", "suspend"}
IMMUTABLE = {"TrainJob": ("trainer", "runtimeRef", "managedBy")}


def written_back(item: Any, field: str = "") -> Any:
    """Return an object as a typed client writes it after it has read it."""
    if isinstance(item, dict):
        if field in TEXTS | RAW:
            return item
        if field in ("limits", "requests", "hard"):
            return {name: _quantity(value) for name, value in item.items()}
        kept = {name: written_back(value, name) for name, value in item.items()}
        return {name: value for name, value in kept.items() if not _omitted(name, value)}
    if isinstance(item, list):
        return [written_back(each) for each in item]
    return _quantity(item) if field in ("sizeLimit", "divisor") else item


def changes(item: Object) -> list[str]:
    """Return the places in an object that a Go client would write back differently."""
    return _changes(item, written_back(item), "$")


def _changes(before: Any, after: Any, path: str) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        lost = [f"{path}.{name}: {value!r} vanishes" for name, value in before.items() if name not in after]
        return lost + [each for name in after for each in _changes(before[name], after[name], f"{path}.{name}")]
    if isinstance(before, list):
        pairs = enumerate(zip(before, after, strict=True))
        return [each for number, (old, new) in pairs for each in _changes(old, new, f"{path}[{number}]")]
    return [] if before == after else [f"{path}: {before!r} becomes {after!r}"]


def refusals(before: Object, after: Object) -> list[str]:
    """Return why an API server refuses a change of a job: fields of its spec that may not change."""
    fields = IMMUTABLE.get(before["kind"], ())
    return [
        f"spec.{field}: Invalid value: field is immutable"
        for field in fields
        if before["spec"].get(field) != after["spec"].get(field)
    ]


def updated(stored: Object, change: Any) -> Object:
    """Return an object as a Go controller writes it: read into typed form, changed, written."""
    after = written_back(copy.deepcopy(stored))
    change(after)
    return after


def _omitted(name: str, value: Any) -> bool:
    empty = value is None or value in ("", []) or (value == {} and name not in STRUCTS)
    return empty or (value is False and name in BARE_FALSE)


def _quantity(value: Any) -> str:
    """Return what is written of a quantity that a test uses; worked out from the amount, not from the text."""
    amount = parse_quantity(str(value))
    if str(value).endswith("i") and amount >= 1024:
        for power, suffix in reversed(list(enumerate(("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")))):
            if not amount % 1024**power:
                return f"{amount // 1024**power}{suffix}"
    for power, suffix in ((18, "E"), (15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "k"), (0, ""), (-3, "m")):
        if amount and not amount % Decimal(10) ** power:
            return f"{int(amount / Decimal(10) ** power)}{suffix}"
    assert not amount, f"{value}: too small for these tests"
    return "0"
