"""Objects that two processes refer to: containers are kept equal on both sides, other objects stay where they are.

Each side numbers the objects that it sends, the program's with even numbers and the tester's with odd ones. A list,
dict, set or other container that can change is a copy on the other side, under the same number; every message carries
the changes since the last one, so that identity and mutation mean what they mean in one process.
"""

import io
from collections import Counter, OrderedDict, defaultdict, deque
from enum import Enum, Flag

from codekiln.sandbox.inside.plain_values import (
    Foreign,
    base_value,
    dumps,
    read,
    refuse_collisions,
    write,
    write_content,
)

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from codekiln.sandbox.inside.plain_values import Tree

    class Classes(Protocol):
        """The classes that both sides define."""

        def get(self, name: str, /) -> type | None:
            """Return the class of that name."""


_DICTS = (dict, OrderedDict, Counter, defaultdict)
_STREAMS = {"StringIO": io.StringIO, "BytesIO": io.BytesIO}
_EMPTY = {"set": set, "bytearray": bytearray, **{kind.__name__: kind for kind in _DICTS}, **_STREAMS}
_MAX_NUMBER = 1 << 40
_ATTRIBUTES = object.__getattribute__
_VALUE_BASES = (int, float, complex, str, bytes, tuple, frozenset)
_CONTAINER_BASES = (list, dict, set, bytearray)
_NAME = type.__dict__["__name__"].__get__


class _Shared:
    """A container that both sides hold, its built-in type, and its content when the sides last agreed."""

    __slots__ = ("content", "kind", "value")

    def __init__(self, value: "Any", kind: "Any") -> None:
        self.value, self.kind, self.content = value, kind, ""


class Exchange(Foreign):
    """Writes and reads values of messages between the tester and the program.

    Args:
        first: The first number of an object that this side sends, 0 or 1.
        classes: Classes that both sides define, by name; their instances are containers of attributes.
    """

    shares_containers = True

    def __init__(self, first: int, classes: "Classes") -> None:
        self._next = first
        self._parity = first
        self.owned: dict[int, Any] = {}
        """Objects of this side that the other side refers to, by number."""
        self._numbers: dict[int, int] = {}
        self._shared: dict[int, _Shared] = {}
        self._fresh: list[int] = []
        self._named: set[tuple[object, ...]] = set()
        """Functions and modules of the standard library that the tester has sent; only those come back by name."""
        self._classes = classes

    def number_of(self, value: "Any") -> int:
        """Return the number under which the other side refers to an object of this side."""
        number = self._numbers.get(id(value))
        if number is None:
            number = self._number(value)
            self.owned[number] = value
        return number

    def write_container(self, value: "Any", depth: int) -> "Tree":  # noqa: D102
        return self.write_shared(value, type(value), depth)

    def write_shared(self, value: "Any", kind: "Any", depth: int) -> "Tree":
        """Return the tree of a container whose built-in type is ``kind``."""
        if (number := self._numbers.get(id(value))) is not None:
            return {"same": number}
        number = self._number(value)
        entry = self._shared[number] = _Shared(value, kind)
        self._fresh.append(number)
        return {"shared": [number, self._content(entry, depth)]}

    def write(self, value: "Any", kind: type, depth: int) -> "Tree":  # noqa: D102
        if self.is_defined(kind):
            return self._write_instance(value, kind, depth)
        if kind in _STREAMS.values():
            return self.write_shared(value, kind, depth)
        return self.write_object(value, kind, depth)

    def write_object(self, value: "Any", kind: type, depth: int) -> "Tree":
        """Return the tree of an object that is no container and no plain value."""
        raise NotImplementedError

    def write_deep(self, value: "Any") -> "Tree":  # noqa: D102
        return self.write_object(value, type(value), 0)

    def read(self, tag: str, body: "Tree") -> "Any":  # noqa: D102
        if tag == "same":
            return self._shared[body].value
        if tag == "shared":
            return self._read_shared(*body)
        if tag == "yours":
            return self.owned[body]
        if tag == "member":
            return _member(self._defined(body[0]), body[1])
        if tag == "immutable":
            return self._read_immutable(*body)
        return self.read_object(tag, body)

    def read_object(self, tag: str, body: "Tree") -> "Any":
        """Return what stands here for an object of the other side."""
        return super().read(tag, body)

    def make_container(self, kind: "Any", number: int, class_number: "int | None") -> "Any":
        """Return an empty container for one that the other side has made."""
        return kind()

    def opening(self) -> "dict[str, Any]":
        """Return a message with what has changed since the last; the values of the message are written after it.

        The order matters: a container that both mention is defined by the changes, which are read first.
        """
        changes = self._changes()
        return {"changes": changes} if changes else {}

    def _changes(self) -> "list[list[Any]]":
        found = []
        for number, entry in list(self._shared.items()):
            tree = self._content(entry, 0)
            if (text := dumps(tree)) != entry.content:
                entry.content = text
                found.append([number, tree])
        return found

    def apply(self, changes: "list[list[Any]]") -> None:
        """Give shared containers the content that they have on the other side; raises ValueError for other numbers."""
        for number, tree in changes:
            if number not in self._shared:
                raise ValueError("a change of a container that is not shared")
            entry = self._shared[number]
            self._fill(entry, tree)
            self._fresh.append(number)

    def settle(self) -> None:
        """Note the content of the containers in the message that was just written or read: both sides agree on it."""
        while self._fresh:
            if (entry := self._shared.get(self._fresh.pop())) is not None:
                entry.content = dumps(self._content(entry, 0))

    def forget(self, numbers: "list[int]") -> None:
        """Let go of objects and containers that the other side no longer refers to."""
        for number in numbers:
            entry = self._shared.pop(number, None)
            value = self.owned.pop(number, None) if entry is None else entry.value
            self._numbers.pop(id(value), None)

    def shared_entries(self) -> "dict[int, _Shared]":
        """Return the shared containers by number."""
        return self._shared

    def is_defined(self, kind: type) -> bool:
        """Return whether both sides define a class; a setup may define it anew, and then only the last is meant."""
        return self._classes.get(_NAME(kind)) is kind

    def _defined(self, name: str) -> "Any":
        kind = self._classes.get(name)
        if kind is None:
            raise ValueError("not a class of the setup")
        return kind

    def _write_instance(self, value: "Any", kind: type, depth: int) -> "Tree":
        name = _NAME(kind)
        if issubclass(kind, Enum):
            return {"member": [name, value._value_ if issubclass(kind, Flag) else value._name_]}
        if (base := _base_in(kind, _VALUE_BASES)) is None:
            return self.write_shared(value, kind, depth)
        state = write_content(_state(value), dict, self, depth)
        return {"immutable": [name, write(base_value(value, base), self, depth + 1), state]}

    def _read_immutable(self, name: str, tree: "Tree", state: "Tree") -> "Any":
        kind = self._defined(name)
        base, value = _base_in(kind, _VALUE_BASES), read(tree, self)
        if type(value) is not base or issubclass(kind, Enum):
            raise ValueError("a value of another type than its class")
        made = base.__new__(kind, value)
        _set_state(made, read(state, self))
        return made

    def _number(self, value: "Any") -> int:
        number = self._numbers[id(value)] = self._next
        self._next += 2
        return number

    def _content(self, entry: _Shared, depth: int) -> "Tree":
        value, kind = entry.value, entry.kind
        if self.is_defined(kind):
            base = _base_in(kind, _CONTAINER_BASES)
            held = None if base is None else write_content(base_value(value, base), base, self, depth)
            return {"instance": [_NAME(kind), write_content(_state(value), dict, self, depth), held]}
        if kind in _STREAMS.values():
            return {kind.__name__: [write_content(value.getvalue(), bytes, self, 0) if kind is io.BytesIO
                                    else value.getvalue(), value.tell()]}  # fmt: skip
        return write_content(value if type(value) is kind else base_value(value, kind), kind, self, depth)

    def _read_shared(self, number: int, tree: "Tree", class_number: "int | None" = None) -> "Any":
        if type(number) is not int or not 0 <= number < _MAX_NUMBER or number % 2 == self._parity:
            raise ValueError("not a number of the other side")
        if number in self._shared:
            raise ValueError("a container that is shared already")
        tag = "list" if type(tree) is list else next(iter(tree))
        if tag == "instance":
            kind: Any = self._defined(tree[tag][0])
            value = _first_built_in(kind).__new__(kind)
        elif tag == "deque":
            kind, value = deque, deque((), tree[tag][1])
        else:
            kind = list if tag == "list" else _EMPTY[tag]
            value = self.make_container(kind, number, class_number)
        self._numbers[id(value)] = number
        entry = self._shared[number] = _Shared(value, kind)
        self._fresh.append(number)
        self._fill(entry, tree)
        return value

    def _fill(self, entry: _Shared, tree: "Tree") -> None:
        value, kind = entry.value, entry.kind
        body = tree if kind is list else next(iter(tree.values()))
        if kind is not list and next(iter(tree)) == "instance":
            _set_state(value, read(body[1], self))
            if (base := _base_in(kind, _CONTAINER_BASES)) is not None:
                self._fill_as(value, base, body[2] if base is list else next(iter(body[2].values())))
        else:
            self._fill_as(value, kind, body)

    def _fill_as(self, value: "Any", kind: "Any", body: "Tree") -> None:
        if kind in _DICTS:
            pairs = [(read(key, self), read(item, self)) for key, item in body]
            refuse_collisions([key for key, _ in pairs])
            place: Any = OrderedDict if isinstance(value, OrderedDict) else dict
            place.clear(value)
            for key, item in pairs:
                place.__setitem__(value, key, item)
            if dict.__len__(value) != len(pairs):
                raise ValueError("equal keys")
        elif kind is set:
            items = [read(item, self) for item in body]
            refuse_collisions(items)
            set.clear(value)
            set.update(value, items)
            if set.__len__(value) != len(items):
                raise ValueError("equal items")
        else:
            self._fill_sequence(value, kind, body)

    def _fill_sequence(self, value: "Any", kind: "Any", body: "Tree") -> None:
        if kind is list:
            list.__setitem__(value, slice(None), [read(item, self) for item in body])
        elif kind is bytearray:
            bytearray.__setitem__(value, slice(None), bytes.fromhex(body))
        elif kind is deque:
            items = [read(item, self) for item in body[0]]
            value.clear()
            value.extend(items)
        else:
            text, place = read(body[0], self), body[1]
            value.seek(0)
            value.truncate()
            value.write(text)
            value.seek(place)


def _base_in(kind: type, bases: "tuple[Any, ...]") -> "Any":
    """Return the built-in class of ``bases`` that a class is derived from, or None."""
    return next((base for base in kind.__mro__ if base in bases), None)


def _first_built_in(kind: type) -> "Any":
    # What Python code defines is a heap type: https://docs.python.org/3/c-api/typeobj.html#c.Py_TPFLAGS_HEAPTYPE
    return next(parent for parent in kind.__mro__ if not parent.__flags__ & 1 << 9)


def _member(kind: "Any", name: "str | int") -> "Any":
    if not issubclass(kind, Enum):
        raise ValueError("not an enumeration")
    return kind(name) if issubclass(kind, Flag) else kind[name]


def _set_state(value: "Any", state: "dict[str, Any]") -> None:
    """Give an instance these attributes, and no others."""
    for name in [name for name in _state(value) if name not in state]:
        object.__delattr__(value, name)
    for name, item in state.items():
        if name in ("__class__", "__dict__"):
            raise ValueError("not an attribute of an instance")
        object.__setattr__(value, name, item)


def _state(value: "Any") -> "dict[str, Any]":
    """Return the attributes of an instance, those in slots included."""
    state = {}
    for kind in type(value).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                state[name] = getattr(value, name)
    if hasattr(value, "__dict__"):
        state.update(_ATTRIBUTES(value, "__dict__"))
    if isinstance(value, BaseException):
        state["args"] = value.args
    return state
