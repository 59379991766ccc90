"""Objects that two processes refer to: containers are kept equal on both sides, other objects stay where they are.

Each side numbers the objects that it sends, the program's with even numbers and the tester's with odd ones. A list,
dict, set or other container that can change is a copy on the other side, under the same number; every message carries
the changes since the last one, so that identity and mutation mean what they mean in one process.
"""

import io
from array import array
from collections import Counter, OrderedDict, defaultdict, deque

from codekiln.sandbox.inside.plain_values import (
    Foreign,
    base_value,
    dumps,
    read,
    refuse_collisions,
    write,
    write_content,
)
from codekiln.sandbox.inside.shared_classes import SharedClasses

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codekiln.sandbox.inside.plain_values import Tree

_DICTS = (dict, OrderedDict, Counter, defaultdict)
_STREAMS = {"StringIO": io.StringIO, "BytesIO": io.BytesIO}
_EMPTY = {"set": set, "bytearray": bytearray, **{kind.__name__: kind for kind in _DICTS}, **_STREAMS}
_MAX_NUMBER = 1 << 40
_MAX_DEPTH = 30
"""Containers that lie deeper are written next to the value that holds them."""
_ATTRIBUTES = object.__getattribute__
_NAME, _DICT = (type.__dict__[key].__get__ for key in ("__name__", "__dict__"))
_IMMUTABLE = (int, float, complex, str, bytes, tuple, frozenset)
_MUTABLE = (list, dict, set, bytearray)


class _Shared:
    """A container that both sides hold, its built-in type, and its content when the sides last agreed."""

    __slots__ = ("content", "kind", "value")

    def __init__(self, value: "Any", kind: "Any") -> None:
        self.value, self.kind, self.content = value, kind, ""


class Exchange(Foreign):
    """Writes and reads values of messages between the tester and the program.

    Args:
        first: The first number of an object that this side sends, 0 or 1.
        classes: Classes that both sides define; their instances are containers of attributes.
    """

    shares_containers = True

    def __init__(self, first: int, classes: SharedClasses) -> None:
        self._next = first
        self._parity = first
        self.owned: dict[int, Any] = {}
        """Objects of this side that the other side refers to, by number."""
        self._numbers: dict[int, int] = {}
        self._shared: dict[int, _Shared] = {}
        self._fresh: list[int] = []
        self._deferred: list[int] = []
        self.classes = classes
        self._named: set[tuple[object, ...]] = set()
        """Functions and modules of the standard library that the tester has sent; only those come back by name."""

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
        if depth > _MAX_DEPTH and self.shares_containers:
            self._deferred.append(number)
            return {"same": number}
        return {"shared": [number, self._content(entry, depth)]}

    def write(self, value: "Any", kind: type, depth: int) -> "Tree":  # noqa: D102
        if kind in _STREAMS.values():
            return self.write_shared(value, kind, depth)
        if (name := self.classes.name_of(kind)) is not None and not issubclass(kind, type | BaseException):
            return self._write_instance(value, kind, name, depth)
        if isinstance(value, type) and (name := self.classes.name_of(value)) is not None:
            return {"kind": name}
        return self.write_object(value, kind, depth)

    def _write_instance(self, value: "Any", kind: type, name: str, depth: int) -> "Tree":
        """Return the tree of an instance of a class that both sides define."""
        if hasattr(kind, "__members__"):
            return {"member": [name, write(value.value, self, depth + 1)]}
        base = next((base for base in kind.__mro__ if base in _IMMUTABLE), None)
        if base is None:
            return self.write_shared(value, kind, depth)
        return {"made": [name, write(base_value(value, base), self, depth + 1)]}

    def _read_instance(self, tag: str, name: "Any", tree: "Tree") -> "Any":
        kind, content = self.classes.find(name), read(tree, self)
        if tag == "member":
            if not hasattr(kind, "__members__"):
                raise ValueError("not an enumeration")
            return kind(content)
        base = next((base for base in kind.__mro__ if base in _IMMUTABLE), None)
        if base is None or type(content) is not base:
            raise ValueError("a value of another type than its class")
        return base.__new__(kind, content)

    def write_deferred(self) -> "list[list[Any]]":
        """Return the containers that were too deep to be written where they are: number, content, class."""
        found = []
        while self._deferred:
            entry = self._shared[number := self._deferred.pop()]
            found.append([number, self._content(entry, 0), self.deferred_class(entry.value, entry.kind)])
        return found

    def deferred_class(self, value: "Any", kind: "Any") -> "int | None":
        """Return the number of the class of a container that is an instance of a class of the program."""
        return None

    def read_deferred(self, trees: "list[list[Any]]") -> None:
        """Make containers that refer to each other; raises ValueError when they are not by the rules."""
        entries = [(self._make_shared(number, tree, class_number), tree) for number, tree, class_number in trees]
        for entry, tree in entries:
            self._fill(entry, tree)

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
        if tag == "kind":
            return self.classes.find(body)
        if tag in ("member", "made"):
            return self._read_instance(tag, *body)
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

    def abandon(self) -> None:
        """Forget the containers of a message that could not be written."""
        self.forget(self._fresh)
        self._fresh, self._deferred = [], []

    def forget(self, numbers: "list[int]") -> None:
        """Let go of objects and containers that the other side no longer refers to."""
        for number in numbers:
            entry = self._shared.pop(number, None)
            value = self.owned.pop(number, None) if entry is None else entry.value
            self._numbers.pop(id(value), None)

    def _number(self, value: "Any") -> int:
        number = self._numbers[id(value)] = self._next
        self._next += 2
        return number

    def _content(self, entry: _Shared, depth: int) -> "Tree":
        value, kind = entry.value, entry.kind
        if (name := self.classes.name_of(kind)) is not None:
            base = next((base for base in kind.__mro__ if base in _MUTABLE), None)
            content = None if base is None else write_content(base_value(value, base), base, self, depth)
            return {"instance": [name, write_content(_state(value), dict, self, depth), content]}
        if kind is array:
            return {"array": [value.typecode, value.tolist()]}
        if kind in _STREAMS.values():
            return {kind.__name__: [write_content(value.getvalue(), bytes, self, 0) if kind is io.BytesIO
                                    else value.getvalue(), value.tell()]}  # fmt: skip
        return write_content(value if type(value) is kind else base_value(value, kind), kind, self, depth)

    def _read_shared(self, number: int, tree: "Tree", class_number: "int | None" = None) -> "Any":
        entry = self._make_shared(number, tree, class_number)
        self._fill(entry, tree)
        return entry.value

    def _make_shared(self, number: int, tree: "Tree", class_number: "int | None") -> _Shared:
        """Return a container as yet without content."""
        if type(number) is not int or not 0 <= number < _MAX_NUMBER or number % 2 == self._parity:
            raise ValueError("not a number of the other side")
        if number in self._shared:
            raise ValueError("a container that is shared already")
        tag = "list" if type(tree) is list else next(iter(tree))
        if tag == "instance":
            kind: Any = self.classes.find(tree[tag][0])
            value = kind.__new__(kind)
        elif tag == "array":
            kind, value = array, array(tree[tag][0])
        elif tag == "deque":
            kind, value = deque, deque((), tree[tag][1])
        else:
            kind = list if tag == "list" else _EMPTY[tag]
            value = self.make_container(kind, number, class_number)
        self._numbers[id(value)] = number
        entry = self._shared[number] = _Shared(value, kind)
        self._fresh.append(number)
        return entry

    def _fill(self, entry: _Shared, tree: "Tree") -> None:
        value, kind = entry.value, entry.kind
        body = tree if kind is list else next(iter(tree.values()))
        if self.classes.name_of(kind) is not None:
            self._fill_instance(value, body)
        elif kind in _DICTS:
            self._fill_dict(value, kind, body)
        elif kind is set:
            items = [read(item, self) for item in body]
            refuse_collisions(items)
            set.clear(value)
            set.update(value, items)
            if set.__len__(value) != len(items):
                raise ValueError("equal items")
        else:
            self._fill_sequence(value, kind, body)

    def _fill_instance(self, value: "Any", body: "Tree") -> None:
        state = read(body[1], self)
        for name in [name for name in _state(value) if name not in state]:
            object.__delattr__(value, name)
        for name, item in state.items():
            if name in ("__class__", "__dict__"):
                raise ValueError("not an attribute of an instance")
            object.__setattr__(value, name, item)
        base = next((base for base in type(value).__mro__ if base in _MUTABLE), None)
        if base is not None:
            self._fill(_Shared(value, base), body[2])

    def _fill_dict(self, value: "Any", kind: "Any", body: "Tree") -> None:
        if kind is defaultdict:
            body, factory = body
            value.default_factory = read(factory, self)
        pairs = [(read(key, self), read(item, self)) for key, item in body]
        refuse_collisions([key for key, _ in pairs])
        # An ordered dict keeps the order of its keys apart from those of the dict.
        base: Any = OrderedDict if kind is OrderedDict else dict
        base.clear(value)
        for key, item in pairs:
            base.__setitem__(value, key, item)
        if dict.__len__(value) != len(pairs):
            raise ValueError("equal keys")

    def _fill_sequence(self, value: "Any", kind: "Any", body: "Tree") -> None:
        if kind is list:
            list.__setitem__(value, slice(None), [read(item, self) for item in body])
        elif kind is bytearray:
            bytearray.__setitem__(value, slice(None), bytes.fromhex(body))
        elif kind is array:
            value[:] = array(value.typecode, body[1])
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
    return state
