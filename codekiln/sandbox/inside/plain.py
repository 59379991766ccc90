"""Plain values as one line of JSON, exact in type and value, without trusting the side that wrote it.

JSON numbers, strings, booleans, null and arrays (lists) stand for themselves; every other type is an object with one
key, its tag. A value that is not plain travels as its type's name (``opaque``): nobody outside calls its methods.
"""

import json

MAX_DEPTH = 200
_BIG = 1 << 63
_MRO, _DICT, _NAME = (type.__dict__[key].__get__ for key in ("__mro__", "__dict__", "__name__"))
_BASES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
# These standard types define == anew, but in a way that dict's own == agrees with.
_DICT_LIKE = {("collections", "Counter"), ("collections", "OrderedDict")}
_VIEWS = (type({}.keys()), type({}.items()))


class Opaque:
    """A result that is not plain data; equal to nothing, not even itself."""

    __hash__ = None

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self.name} object>"


def encode(value: object, depth: int = 0) -> object:
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
        return json.loads(text, object_hook=_untag)
    except (TypeError, RecursionError, AttributeError, OverflowError) as error:
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


def _encode_other(value: object, kind: type, depth: int) -> object:
    if kind in _VIEWS:
        return {"set": [encode(item, depth + 1) for item in value]}
    for parent in _MRO(kind):
        if parent in _BASES:
            return encode(_raw(value, parent), depth)
        names = _DICT(parent)
        if "__eq__" in names and (names.get("__module__"), _NAME(parent)) not in _DICT_LIKE:
            break
    return {"opaque": _NAME(kind)[:80]}


def _raw(value: object, base: type) -> object:
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


def _untag(pairs: dict) -> object:
    if len(pairs) != 1:
        raise ValueError("an encoded object has one key")
    ((tag, body),) = pairs.items()
    if tag not in _DECODERS:
        raise ValueError(f"unknown tag {tag[:20]!r}")
    return _DECODERS[tag](body)


def _decode_dict(body: list) -> dict:
    _refuse_flood([key for key, _ in body])
    return {key: item for key, item in body}


def _decode_set(body: list) -> set:
    _refuse_flood(body)
    return set(body)


def _refuse_flood(keys: list) -> None:
    # Keys chosen to collide would make the reader quadratic.
    if len(keys) > 1000 and len({hash(key) % 1048573 for key in keys}) * 20 < min(len(keys), 1048573):
        raise ValueError("too many keys with one hash")


_DECODERS = {
    "int": lambda body: int(body, 16),
    "str": lambda body: bytes.fromhex(body).decode("utf-8", "surrogatepass"),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "tuple": tuple,
    "dict": _decode_dict,
    "set": _decode_set,
    "frozenset": lambda body: frozenset(_decode_set(body)),
    "complex": lambda body: complex(*body),
    "opaque": lambda body: Opaque(str(body)[:80]),
}
