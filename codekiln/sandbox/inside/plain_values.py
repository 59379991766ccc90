"""Serialisation of plain values as one line of JSON, exact in type and value; the reader trusts nothing.

JSON numbers, strings, booleans, null and arrays (lists) stand for themselves; every other type is an object with one
key, its tag. A value that is not plain is sent as the name of its type (``opaque``), so that no method of it is called
outside the program.
"""

import json
from collections import Counter, OrderedDict
from decimal import Decimal
from fractions import Fraction

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MAX_DEPTH = 200
_BIG = 1 << 63
_MRO, _DICT, _NAME = (type.__dict__[key].__get__ for key in ("__mro__", "__dict__", "__name__"))
_BASES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
# These standard types define == again, in a way that agrees with that of dict.
_DICT_LIKE = (Counter, OrderedDict)
_MAX_EXPONENT = 1000
_DECIMAL_TEXT = Decimal.__str__
_PARTS = tuple(vars(Fraction)[name].__get__ for name in ("_numerator", "_denominator"))
_EMPTY: dict[object, object] = {}
_VIEWS = (type(_EMPTY.keys()), type(_EMPTY.items()))


class Opaque:
    """A result that is not plain data; equal to nothing, not even itself, and not hashable."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self.name} object>"


def encode(value: "Any", depth: int = 0) -> object:
    """Return ``value`` as a JSON tree; reads exact built-in types only, so no method of the program runs."""
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if -_BIG < value < _BIG else {"int": hex(value)}
    if kind is str:
        return _encode_text(value)
    if depth >= MAX_DEPTH:
        return {"opaque": "too deeply nested"}
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    if kind is dict:
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
    if kind in (tuple, set, frozenset):
        return {_NAME(kind): [encode(item, depth + 1) for item in value]}
    if kind in (bytes, bytearray):
        return {_NAME(kind): value.hex()}
    if kind is complex:
        return {"complex": [value.real, value.imag]}
    return _encode_other(value, kind, depth)


def decode(text: bytes) -> object:
    """Return the value of one line written by ``dumps``; raises ValueError when it is not such a line."""
    try:
        return json.loads(text, object_hook=_untag, parse_constant=float)  # a new nan each: they are not equal
    except (TypeError, RecursionError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"not an encoded value: {error}") from error


dumps = json.JSONEncoder(check_circular=False).encode


def _encode_text(value: str) -> object:
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return {"str": value.encode("utf-8", "surrogatepass").hex()}
    return value


def _encode_other(value: "Any", kind: type, depth: int) -> object:
    if kind in _VIEWS:
        return {"set": [encode(item, depth + 1) for item in value]}
    if kind is Decimal:
        return {"decimal": _DECIMAL_TEXT(value)}
    if kind is Fraction:
        return {"fraction": [encode(part(value), depth + 1) for part in _PARTS]}
    for parent in _MRO(kind):
        if parent in _BASES:
            return encode(_raw(value, parent), depth)
        if "__eq__" in _DICT(parent) and parent not in _DICT_LIKE:
            break
    return {"opaque": _NAME(kind)[:80]}


def _raw(value: "Any", base: "Any") -> object:
    """Return the built-in value beneath an instance of a subclass, past anything the subclass overrides."""
    if base is dict:
        return {key: item for key, item in dict.items(value)}
    if base in (list, tuple, set, frozenset):
        return base(base.__iter__(value))
    if base in (bytes, bytearray):
        return base(base.hex(value) and bytes.fromhex(base.hex(value)))
    if base is str:
        return str.__str__(value) if type(value) is str else "".join(str.__iter__(value))
    if base is complex:
        return complex.__add__(value, 0j)
    return base.__pos__(value) if base is float else int.__pos__(value)


def _untag(pairs: "dict[str, Any]") -> object:
    if len(pairs) != 1:
        raise ValueError("an encoded object has one key")
    ((tag, body),) = pairs.items()
    if tag not in _DECODERS:
        raise ValueError(f"unknown tag {tag[:20]!r}")
    return _DECODERS[tag](body)


def _decode_dict(body: "list[Any]") -> "dict[Any, Any]":
    _refuse_flood([key for key, _ in body])
    return {key: item for key, item in body}


def _decode_set(body: "list[Any]") -> "set[Any]":
    _refuse_flood(body)
    return set(body)


def _decode_complex(body: "list[Any]") -> complex:
    real, imaginary = body
    return complex(real, imaginary)


def _decode_fraction(body: "list[Any]") -> Fraction:
    numerator, denominator = body
    if type(numerator) is not int or type(denominator) is not int or denominator < 1:
        raise ValueError("not a fraction")
    return Fraction(numerator, denominator)


def _decode_decimal(body: str) -> Decimal | Opaque:
    value = Decimal(body) if type(body) is str and len(body) <= _MAX_EXPONENT else Decimal("Infinity")
    # int() of a large exponent would take any amount of memory
    if value.is_finite() and abs(value.adjusted()) <= _MAX_EXPONENT:
        return value
    return Opaque("Decimal")


def _refuse_flood(keys: "list[Any]") -> None:
    # Keys chosen to collide would make the reader quadratic.
    if len(keys) > 1000 and len({hash(key) % 1048573 for key in keys}) * 20 < min(len(keys), 1048573):
        raise ValueError("too many keys with one hash")


_DECODERS: "dict[str, Callable[[Any], object]]" = {
    "int": lambda body: int(body, 16),
    "str": lambda body: bytes.fromhex(body).decode("utf-8", "surrogatepass"),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "tuple": tuple,
    "dict": _decode_dict,
    "set": _decode_set,
    "frozenset": lambda body: frozenset(_decode_set(body)),
    "complex": _decode_complex,
    "decimal": _decode_decimal,
    "fraction": _decode_fraction,
    "opaque": lambda body: Opaque(str(body)[:80]),
}
