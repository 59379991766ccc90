"""Serialisation of plain values as one line of JSON, exact in type and value; the reader trusts nothing.

JSON numbers, strings, booleans, null and arrays (lists) stand for themselves; every other type is an object with one
key, its tag. What is not plain goes to the caller's `Foreign`, or is written as the name of its type (``opaque``): no
method of it is called outside the program. Reading is linear in the text.
"""

from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from json import JSONDecoder, encoder

from codekiln.sandbox.inside import library_values

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from decimal import Decimal
    from fractions import Fraction
    from typing import Any

    Tree = Any
    """What JSON can say: None, a bool, an int, a float, a str, or lists and dicts of these."""

MAX_DEPTH = 200
_BIG = 1 << 63
_MRO, _DICT, _NAME = (type.__dict__[key].__get__ for key in ("__mro__", "__dict__", "__name__"))
_BASES = (bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset)
# These standard types define == again, in a way that agrees with that of dict.
_DICT_LIKE = (Counter, OrderedDict)
MUTABLE = frozenset((list, dict, set, bytearray, deque, Counter, OrderedDict, defaultdict, array))
_MAX_EXPONENT = 1000
_EMPTY: dict[object, object] = {}
_KEYS, _VALUES, _ITEMS = type(_EMPTY.keys()), type(_EMPTY.values()), type(_EMPTY.items())
_SINGLETONS = {"Ellipsis": ..., "NotImplemented": NotImplemented}
_SHORT_RANGE = 10_000
_SAME_HASH = 100
"""Number of different keys that may share a hash: more of them make a dict slow."""


class Opaque:
    """A result that is not plain data; equal to nothing, not even itself, and not hashable."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __eq__(self, other: object) -> bool:
        return False

    def __repr__(self) -> str:
        return f"<{self.name} object>"


class NeedsLimits(BaseException):
    """A value is so large when it is iterated over that it may only be read in a process with limits."""


class Foreign:
    """What becomes of values that are not plain data: a name, in this class."""

    is_limited = True
    """Whether this process is limited in time and memory; where it is not, reading may raise NeedsLimits."""
    shares_containers = False
    """Whether `write_container` writes lists, dicts and other containers that can change, instead of a copy."""

    def may_send(self, named: "list[Any]") -> bool:
        """Return whether a class, function or value of the standard library goes by its name."""
        return library_values.is_value(named)

    def may_receive(self, named: "list[Any]") -> bool:
        """Return whether such a name is read."""
        return library_values.is_value(named)

    def write(self, value: "Any", kind: type, depth: int) -> "Tree":
        """Return the tree of a value that is not plain data."""
        for parent in _MRO(kind):
            if parent in _BASES:
                return write(base_value(value, parent), self, depth)
            if "__eq__" in _DICT(parent) and parent not in _DICT_LIKE:
                break
        return {"opaque": _NAME(kind)[:80]}

    def write_deep(self, value: "Any") -> "Tree":
        """Return the tree of a container that lies too deep."""
        return {"opaque": "too deeply nested"}

    def write_container(self, value: "Any", depth: int) -> "Tree":
        """Return the tree of a container that can change."""
        raise NotImplementedError

    def read(self, tag: str, body: "Tree") -> "Any":
        """Return the value of a tree whose tag is none of the plain ones; raises ValueError for an unknown tag."""
        if tag == "opaque":
            return Opaque(str(body)[:80])
        raise ValueError(f"unknown tag {tag[:20]!r}")


_NAMES = Foreign()
# Made once: json.dumps and json.loads make an encoder and a decoder for each call.
_make_encoder = vars(encoder)["c_make_encoder"]
_chunks = _make_encoder(None, None, encoder.encode_basestring_ascii, None, ": ", ", ", False, False, True)
_decode = JSONDecoder(parse_constant=float).decode  # a new nan each: they are not equal


def dumps(tree: "Tree") -> str:
    """Return a tree as one line of JSON, in ASCII."""
    return "".join(_chunks(tree, 0))


def encode(value: "Any") -> "Tree":
    """Return ``value`` as a JSON tree; reads exact built-in types only, so no method of the program runs."""
    return write(value, _NAMES)


def decode(text: bytes) -> object:
    """Return the value of one line written by ``dumps``; raises ValueError when it is not such a line."""
    return read_text(text, _NAMES)


def parse(text: bytes | str) -> "Tree":
    """Return the tree of a line of JSON; raises ValueError when it is none, or is nested too deeply."""
    try:
        return _decode(text if isinstance(text, str) else text.decode())
    except (RecursionError, UnicodeDecodeError) as error:
        raise ValueError(f"not an encoded value: {error}") from error


def read_text(text: bytes, foreign: Foreign) -> object:
    """Return the value of one line; raises ValueError when it is not encoded by the rules."""
    return read(parse(text), foreign)


def write(value: "Any", foreign: Foreign, depth: int = 0) -> "Tree":
    """Return ``value`` as a JSON tree; ``foreign`` writes what is not plain."""
    kind = type(value)
    if value is None or kind is bool or kind is float:
        return value
    if kind is int:
        return value if -_BIG < value < _BIG else {"int": hex(value)}
    if kind is str:
        return _write_text(value)
    if depth >= MAX_DEPTH:
        return foreign.write_deep(value)
    if foreign.shares_containers and kind in MUTABLE:
        return foreign.write_container(value, depth)
    return write_content(value, kind, foreign, depth)


def write_content(value: "Any", kind: type, foreign: Foreign, depth: int) -> "Tree":
    """Return the tree of a container or of another value that is no JSON scalar."""
    deeper = depth + 1
    if kind is list:
        return [write(item, foreign, deeper) for item in value]
    if kind is dict or kind is OrderedDict or kind is Counter or kind is defaultdict:
        pairs = [[write(key, foreign, deeper), write(item, foreign, deeper)] for key, item in items_of(value)]
        return {_NAME(kind): [pairs, write(value.default_factory, foreign, deeper)] if kind is defaultdict else pairs}
    if kind is tuple or kind is set or kind is frozenset:
        return {_NAME(kind): [write(item, foreign, deeper) for item in value]}
    if (writer := _WRITERS.get(kind) or _LATE_WRITERS.get(library_values.place_of(kind))) is not None:
        return writer(value, foreign, deeper)
    if (named := library_values.name(value, kind)) is not None and foreign.may_send(named):
        return {"library": named}
    return foreign.write(value, kind, depth)


def read(tree: "Tree", foreign: Foreign) -> "Any":
    """Return the value of a tree; raises ValueError when it is not encoded by the rules."""
    try:
        return _read(tree, foreign)
    except MemoryError:
        raise
    except Exception as error:  # a StopIteration would end a loop of the test in silence
        raise ValueError(f"not an encoded value: {error}") from error


def _read(tree: "Tree", foreign: Foreign) -> "Any":
    kind = type(tree)
    if kind is list:
        return [_read(item, foreign) for item in tree]
    if kind is not dict:
        return tree
    if len(tree) != 1:
        raise ValueError("an encoded object has one key")
    ((tag, body),) = tree.items()
    reader = _READERS.get(tag)
    return foreign.read(tag, body) if reader is None else reader(body, foreign)


def _write_text(value: str) -> "Tree":
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return {"str": value.encode("utf-8", "surrogatepass").hex()}
    return value


def base_value(value: "Any", base: "Any") -> "Any":
    """Return the built-in value beneath an instance of a subclass, past anything the subclass overrides."""
    if base is dict or base is OrderedDict:
        return base(items_of(value))
    if base in (list, tuple, set, frozenset):
        return base(base.__iter__(value))
    if base in (bytes, bytearray):
        return base(bytes.fromhex(base.hex(value)))
    if base is str:
        return "".join(str.__iter__(value))
    if base is complex:
        return complex.__add__(value, 0j)
    return base.__pos__(value) if base is float else int.__pos__(value)


def items_of(value: "Any") -> "Iterable[tuple[Any, Any]]":
    """Return the items of a dict, past anything that a class of the program's own overrides."""
    # The order of an OrderedDict is not that of the dict beneath it.
    return OrderedDict.items(value) if isinstance(value, OrderedDict) else dict.items(value)


def _write_view(tag: str) -> "Callable[[Any, Foreign, int], Tree]":
    def write_view(value: "Any", foreign: Foreign, depth: int) -> "Tree":
        return {tag: [write(item, foreign, depth + 1) for item in value]}

    return write_view


_WRITERS: "dict[type, Callable[[Any, Foreign, int], Tree]]" = {
    bytes: lambda value, foreign, depth: {"bytes": value.hex()},
    bytearray: lambda value, foreign, depth: {"bytearray": value.hex()},
    complex: lambda value, foreign, depth: {"complex": [value.real, value.imag]},
    range: lambda value, foreign, depth: {
        "range": [write(part, foreign) for part in (value.start, value.stop, value.step)]
    },
    slice: lambda value, foreign, depth: {
        "slice": [write(part, foreign, depth) for part in (value.start, value.stop, value.step)]
    },
    deque: lambda value, foreign, depth: {"deque": [[write(item, foreign, depth) for item in value], value.maxlen]},
    type(...): lambda value, foreign, depth: {"singleton": "Ellipsis"},
    type(NotImplemented): lambda value, foreign, depth: {"singleton": "NotImplemented"},
    memoryview: lambda value, foreign, depth: (
        {"memoryview": value.hex()}
        if value.readonly and value.format == "B" and value.ndim == 1
        else foreign.write(value, memoryview, depth)
    ),
    _KEYS: _write_view("dict_keys"),
    _VALUES: _write_view("dict_values"),
    _ITEMS: _write_view("dict_items"),
}
_LATE_WRITERS: "dict[tuple[str, str] | None, Callable[[Any, Foreign, int], Tree]]" = {
    ("decimal", "Decimal"): lambda value, foreign, depth: {"decimal": str(value)},
    ("fractions", "Fraction"): lambda value, foreign, depth: {
        "fraction": [write(part, foreign) for part in (value._numerator, value._denominator)]
    },
    ("datetime", "date"): lambda value, foreign, depth: {"date": [value.year, value.month, value.day]},
    ("datetime", "timedelta"): lambda value, foreign, depth: {
        "timedelta": [value.days, value.seconds, value.microseconds]
    },
}
"""Writers by module and class, for modules that few programs import: the memory of a process is part of the cost of
each program that is forked from it."""


def refuse_collisions(keys: "list[Any]") -> None:
    """Raise ValueError when so many keys share a hash that a set of them would take quadratic time."""
    if len(keys) <= _SAME_HASH:
        return
    hashes = sorted(map(hash, keys))
    if any(first == last for first, last in zip(hashes, hashes[_SAME_HASH:], strict=False)):
        raise ValueError("too many keys with one hash")


def _pairs(body: "Tree", foreign: Foreign) -> "list[tuple[Any, Any]]":
    pairs = [(_read(key, foreign), _read(item, foreign)) for key, item in body]
    refuse_collisions([key for key, _ in pairs])
    return pairs


def _items(body: "Tree", foreign: Foreign) -> "list[Any]":
    if type(body) is not list:
        raise ValueError("not a list of items")
    return [_read(item, foreign) for item in body]


def _distinct(body: "Tree", foreign: Foreign) -> "list[Any]":
    items = _items(body, foreign)
    refuse_collisions(items)
    return items


def _whole(made: "Any", body: "Tree") -> "Any":
    """Return a dict or set; raises ValueError when keys of it that the program holds apart are equal here."""
    if len(made) != len(body):
        raise ValueError("equal keys")
    return made


def _read_counter(body: "Tree", foreign: Foreign) -> "Counter[Any]":
    counter: Counter[Any] = Counter()
    dict.update(counter, _pairs(body, foreign))
    return counter


def _read_default(body: "Tree", foreign: Foreign) -> "defaultdict[Any, Any]":
    pairs, factory = body
    made = _read(factory, foreign)
    return defaultdict(None if isinstance(made, Opaque) else made, _pairs(pairs, foreign))


def _read_deque(body: "Tree", foreign: Foreign) -> "deque[Any]":
    items, bound = body
    return deque(_items(items, foreign), bound)


def _read_complex(body: "Tree", foreign: Foreign) -> complex:
    real, imaginary = body
    return complex(real, imaginary)


def _read_fraction(body: "Tree", foreign: Foreign) -> "Fraction | Opaque":
    from fractions import Fraction

    numerator, denominator = (_read(part, foreign) for part in body)
    if type(numerator) is not int or type(denominator) is not int or denominator < 1:
        raise ValueError("not a fraction")
    # Finding the greatest common divisor of huge numbers takes quadratic time.
    if max(numerator.bit_length(), denominator.bit_length()) > 4 * _MAX_EXPONENT:
        return Opaque("Fraction")
    return Fraction(numerator, denominator)


def _read_decimal(body: "Tree", foreign: Foreign) -> "Decimal | Opaque":
    from decimal import Decimal

    if type(body) is not str or len(body) > _MAX_EXPONENT:
        return Opaque("Decimal")
    value = Decimal(body)
    # int() of a large exponent would take any amount of memory
    return Opaque("Decimal") if value.is_finite() and abs(value.adjusted()) > _MAX_EXPONENT else value


def _read_items_view(body: "Tree", foreign: Foreign) -> "Any":
    pairs = _items(body, foreign)
    refuse_collisions([key for key, _ in pairs])
    return _whole(dict(pairs).items(), body)


def _read_library(body: "Tree", foreign: Foreign) -> "Any":
    if not foreign.may_receive(body):
        raise ValueError("not the name of a value")
    if body[0] == "ipaddress" and not foreign.is_limited:
        raise NeedsLimits("a network")  # it may have any number of addresses
    return library_values.read(body)


def _read_range(body: "Tree", foreign: Foreign) -> range:
    made = range(*_items(body, foreign))
    if made[_SHORT_RANGE:] and not foreign.is_limited:
        raise NeedsLimits("a long range")
    return made


_READERS: "dict[str, Callable[[Tree, Foreign], Any]]" = {
    "int": lambda body, foreign: int(body, 16),
    "str": lambda body, foreign: bytes.fromhex(body).decode("utf-8", "surrogatepass"),
    "bytes": lambda body, foreign: bytes.fromhex(body),
    "bytearray": lambda body, foreign: bytearray.fromhex(body),
    "memoryview": lambda body, foreign: memoryview(bytes.fromhex(body)),
    "tuple": lambda body, foreign: tuple(_items(body, foreign)),
    "dict": lambda body, foreign: _whole(dict(_pairs(body, foreign)), body),
    "OrderedDict": lambda body, foreign: _whole(OrderedDict(_pairs(body, foreign)), body),
    "Counter": lambda body, foreign: _whole(_read_counter(body, foreign), body),
    "defaultdict": lambda body, foreign: _whole(_read_default(body, foreign), body[0]),
    "set": lambda body, foreign: _whole(set(_distinct(body, foreign)), body),
    "frozenset": lambda body, foreign: _whole(frozenset(_distinct(body, foreign)), body),
    "complex": _read_complex,
    "range": _read_range,
    "slice": lambda body, foreign: slice(*_items(body, foreign)),
    "deque": _read_deque,
    "decimal": _read_decimal,
    "fraction": _read_fraction,
    "date": lambda body, foreign: library_values.make("datetime", "date", *library_values.integers(body)),
    "timedelta": lambda body, foreign: library_values.make("datetime", "timedelta", *library_values.integers(body)),
    "singleton": lambda body, foreign: _SINGLETONS[body],
    "dict_keys": lambda body, foreign: _whole(dict.fromkeys(_distinct(body, foreign)).keys(), body),
    "dict_values": lambda body, foreign: dict(enumerate(_items(body, foreign))).values(),
    "dict_items": _read_items_view,
    "library": _read_library,
}
