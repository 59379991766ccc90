"""Stand-ins, in the tester, for objects of the program that are not plain data.

Each class of the program has a class of the same name here, with the same bases and the same special methods, which
forward to the program. Objects that the program refers to twice are one object here, too, so that ``is`` means what it
means in Python.

An operator of the program's own decides nothing about a plain value: an object that claims to equal everything does
not equal 2, and never learns that 2 was expected. Among objects of the program its operators do decide, and a class
that the tests name answers what is asked of its objects: their length, their members, their conversions to numbers.
"""

from collections import OrderedDict

from codekiln.sandbox.inside.special_methods import (
    ALWAYS_FORWARDED,
    ARITHMETIC,
    BINARY,
    COMPARISONS,
    CONVERSIONS,
    REFLECTED,
    UNARY,
    UNSENT,
)

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Questions(Protocol):
        """What proxies need of the session with the program."""

        def ask(self, operation: str, /, *arguments: Any, **named: Any) -> Any:
            """Return the program's answer; raises what the program raises."""

        def judged(self) -> None:
            """Note that an operator of the program's own takes part in the result of the test."""

        def released(self, number: int) -> None:
            """Note that the test no longer refers to an object."""

        named_classes: set[int]
        derived_classes: dict[str, Any]
        undecided: str


_VALUE_TYPES = (int, float, complex, str, bytes, tuple, frozenset, list, dict, set, bytearray, OrderedDict)
CONTAINERS = (list, dict, set, bytearray, OrderedDict)
_session: "Questions"
_set_on_type, _get_of_object = type.__setattr__, object.__getattribute__


def bind(session: "Questions") -> None:
    """Connect all proxies of this process with one program."""
    global _session
    _session = session


class RemoteType(type):
    """A class of the program."""

    _codekiln_number: int

    def __new__(mcs, name: str, bases: "tuple[type, ...]", body: "dict[str, Any]", **named: "Any") -> "Any":
        """Return the program's class for that of the setup, and refuse others, whose methods nobody would call."""
        if (found := _session.derived_classes.get(name)) is not None:
            if "__classcell__" in body:
                body["__classcell__"].cell_contents = found
            return found
        names = ", ".join(repr(base.__name__) for base in bases if isinstance(base, RemoteType))
        raise TypeError(f"a test cannot derive a class from the program's {names}: do that in the setup")

    def __call__(cls, /, *arguments: "Any", **named: "Any") -> "Any":
        """Make an instance in the program."""
        return _session.ask("call", cls, *arguments, **named)

    def __getattr__(cls, name: str) -> "Any":
        """Return an attribute of the class in the program."""
        if name.startswith("_codekiln"):
            raise AttributeError(name)
        return _session.ask("getattr", cls, name)

    def __setattr__(cls, name: str, value: object) -> None:
        """Set an attribute of the class in the program."""
        _session.ask("setattr", cls, name, value)

    def __iter__(cls) -> "Any":
        """Return an iterator over the class, which enumerations have."""
        return _session.ask("iter", cls)

    def __len__(cls) -> int:
        """Return the number of members of an enumeration."""
        return _session.ask("len", cls)  # type: ignore[no-any-return]

    def __bool__(cls) -> bool:
        """Return that a class is true."""
        return True

    def __contains__(cls, item: object) -> bool:
        """Return whether an enumeration has a member."""
        _session.judged()
        return _session.ask("contains", cls, item)  # type: ignore[no-any-return]

    def __getitem__(cls, key: object) -> "Any":
        """Return a member by name, or a class with parameters."""
        return _session.ask("getitem", cls, key)

    @property
    def __doc__(cls) -> "Any":  # type: ignore[override]
        """Return the documentation of the class in the program."""
        return _session.ask("getattr", cls, "__doc__")

    def __repr__(cls) -> str:
        """Return how the program writes the class."""
        return _session.ask("repr", cls)  # type: ignore[no-any-return]


def _forward(name: str) -> "Callable[..., Any]":
    """Return a special method that forwards to the program."""
    if name == "__await__":
        return _await
    if name in UNARY:
        return _forward_unary(name, UNARY[name])
    if name in REFLECTED:
        operation = REFLECTED[name]
        return lambda self, other, *rest: _operate(name, self, (other,), (operation, other, self, *rest))
    if name in BINARY:
        operation = BINARY[name]
        return lambda self, /, *rest, **named: _operate(name, self, rest, (operation, self, *rest), **named)
    return lambda self, /, *rest, **named: _operate(name, self, rest, ("special", name, self, *rest), **named)


def _forward_unary(name: str, operation: str) -> "Callable[..., Any]":
    return lambda self: _operate(name, self, (), (operation, self))


def _operate(
    name: str, self: "Any", others: "tuple[Any, ...]", question: "tuple[Any, ...]", /, **named: "Any"
) -> "Any":
    """Ask the program, unless its answer would decide about a plain value."""
    kind = type(self)
    base = kind._codekiln_base
    among_objects = all(map(is_remote, others))
    if name in COMPARISONS and not among_objects:
        return _undecided(kind, name, self, others)
    if not _is_named(kind):
        if base is not None and name not in ALWAYS_FORWARDED:
            return getattr(base, name)(self, *others)
        if name == "__contains__" and any("__iter__" in vars(parent) for parent in kind.__mro__):
            return any(item is others[0] or item == others[0] for item in self)
        if name in CONVERSIONS:
            raise TypeError(f"a number is needed, not {kind.__name__!r}, a class that the tests do not name")
    if name in COMPARISONS or name in ("__contains__", "__bool__"):
        _session.judged()
    if name in ARITHMETIC and not among_objects:
        # It learns the value, and what is asked of its result next may be all that the test compares.
        _session.judged()
    answer = _session.ask(*question, **named)
    if name in ("__exit__", "__aexit__") and any(others[:1]):
        return _leave(name, others[0], answer)
    if name in ARITHMETIC and not among_objects and not is_remote(answer):
        # The program would only have to answer 0 to f(1) - 2.5.
        raise TypeError(f"{name} of {kind.__name__!r} and a plain value must give an object, not a plain value")
    return answer


def _undecided(kind: "Any", name: str, self: "Any", others: "tuple[Any, ...]") -> "Any":
    """Compare an object with a plain value without asking the program."""
    if name == "__ne__":
        _session.judged()  # it may be equal by its own operators
    if others[0] is not None:
        _session.undecided = f"no operator of the program's {kind.__name__} decides about a plain value"
    base = kind._codekiln_base
    return NotImplemented if base is None else getattr(base, name)(self, *others)


def _leave(name: str, kind: "Any", answer: "Any") -> "Any":
    """Return whether an exception ends at a ``with`` statement; an assertion of the test does not."""
    if kind is AssertionError:
        return False if name == "__exit__" else _false()
    if name == "__aexit__" or answer:
        _session.judged()
    return answer


async def _false() -> bool:
    return False


def _is_named(kind: "Any") -> bool:
    return any(getattr(base, "_codekiln_number", None) in _session.named_classes for base in kind.__mro__)


class ValueProxy:
    """An object of the program that has a built-in value beneath, of a type that cannot be referred to weakly."""

    __slots__ = ()

    def __getattr__(self, name: str) -> "Any":
        """Return an attribute of the object in the program."""
        if name.startswith(("_codekiln", "__array_", "__cuda")):
            raise AttributeError(name)
        return _session.ask("getattr", self, name)

    def __setattr__(self, name: str, value: object) -> None:
        """Set an attribute of the object in the program."""
        _session.ask("setattr", self, name, value)

    def __delattr__(self, name: str) -> None:
        """Delete an attribute of the object in the program."""
        _session.ask("delattr", self, name)

    def __repr__(self) -> str:
        """Return how the program writes the object."""
        return _session.ask("repr", self)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        """Return the object as text, as the program makes it."""
        return _session.ask("str", self)  # type: ignore[no-any-return]

    def __format__(self, spec: str) -> str:
        """Return the object as formatted text, as the program makes it."""
        return _session.ask("format", self, spec)  # type: ignore[no-any-return]

    def __dir__(self) -> "Any":
        """Return the names of the object's attributes in the program."""
        return _session.ask("dir", self)

    def __copy__(self) -> "Any":
        """Return a copy, which the program makes."""
        return _session.ask("copy", self)

    def __deepcopy__(self, memo: object) -> "Any":
        """Return a deep copy, which the program makes."""
        return _session.ask("deepcopy", self)

    def __reduce_ex__(self, protocol: object) -> "Any":
        """Refuse to be pickled."""
        raise TypeError("an object of the program cannot be pickled in a test")

    def __del__(self) -> None:
        """Let the program forget the object."""
        number = _NUMBERS.pop(id(self), None)
        if number is not None:
            _session.released(number)


class Proxy(ValueProxy):
    """An object of the program."""

    __slots__ = ("__weakref__",)


def number_of(value: "Any") -> "int | None":
    """Return the number of a proxy or a remote class, or None for any other object."""
    kind = type(value)
    if kind is RemoteType:
        return value._codekiln_number  # type: ignore[no-any-return]
    if type(kind) is RemoteType:
        return getattr(value, "_codekiln_object", None) if issubclass(kind, BaseException) else _NUMBERS.get(id(value))
    return None


_NUMBERS: dict[int, int] = {}
"""Numbers of proxies by identity: a subclass of int or tuple has no place for them."""


def is_remote(value: object) -> bool:
    """Return whether a value is an object or class of the program."""
    return type(value) is RemoteType or type(type(value)) is RemoteType


def make_class(number: int, name: str, module: str, bases: "tuple[type, ...]", specials: "list[str]") -> type:
    """Return the stand-in for a class of the program.

    Args:
        number: Its number in the program.
        name: Its name.
        module: Its module.
        bases: Stand-ins and built-in classes.
        specials: Names of the special methods that it defines; those with a leading ``-`` it sets to None.
    """
    value_base = next((kind for base in bases for kind in base.__mro__ if kind in _VALUE_TYPES), None)
    if not all(_is_special(name, value_base) for name in specials):
        raise ValueError("not the name of a special method")
    is_exception = any(issubclass(base, BaseException) for base in bases)
    namespace: dict[str, Any] = {
        "__module__": "__main__" if module in ("program", "__main__") else module,
        "_codekiln_number": number, "_codekiln_base": value_base,
    }  # fmt: skip
    if is_exception:
        namespace["__getattr__"] = ValueProxy.__getattr__
        namespace["__str__"] = lambda self: vars(self).get("_codekiln_message", "")
    else:
        namespace["__slots__"] = ()
        namespace["__doc__"] = property(lambda self: _session.ask("getattr", self, "__doc__"))
        if not any(issubclass(base, ValueProxy) for base in bases):
            bases = (*bases, Proxy if value_base is None or value_base in CONTAINERS else ValueProxy)
    # Those of ValueProxy forward, too, and an exception has its message.
    kept = ("__str__", "__repr__", "__format__") if is_exception or value_base is None else ()
    for special in specials:
        if special[:2] != "__" and special[0] != "-":
            namespace[special] = _forward_attribute(special)
        elif special not in kept:
            namespace[special.removeprefix("-")] = None if special[0] == "-" else _forward(special)
    if name in ("generator", "coroutine"):
        namespace |= {method: _forward_method(method) for method in ("send", "throw", "close")}
    return type.__new__(RemoteType, name, bases, namespace)


def _is_special(name: str, base: "type | None") -> bool:
    """Return whether a class of the program may answer a name: a special method, or one of a built-in class."""
    name = name.removeprefix("-")
    if name[:1] != "_":
        return base is not None and hasattr(base, name)
    return len(name) > 4 and name[:2] == "__" == name[-2:] and name not in UNSENT


def _await(self: "Any") -> "Any":
    """Run a coroutine of the program to its end in the program."""
    return _session.ask("run", self)
    yield


def _forward_attribute(name: str) -> property:
    """Return what stands for an attribute that overrides one of a built-in class."""
    return property(lambda self: _session.ask("getattr", self, name))


def _forward_method(name: str) -> "Callable[..., Any]":
    return lambda self, *rest: _session.ask("call", _session.ask("getattr", self, name), *rest)


def make_object(cls: "Any", number: int, value: object = None) -> "Any":
    """Return the stand-in for an object of the program, with its built-in value if it has one."""
    base = cls._codekiln_base
    if base is None:
        made = object.__new__(cls)
    elif base in CONTAINERS:
        made = base.__new__(cls)
        _fill(made, base, value)
    else:
        made = base.__new__(cls, value)
    _NUMBERS[id(made)] = number
    return made


def _fill(made: "Any", base: "Any", value: "Any") -> None:
    if value is None:
        return
    if base is not OrderedDict:
        base.__init__(made, value)
        return
    for key, item in value.items():  # what initialises one asks its class
        OrderedDict.__setitem__(made, key, item)


def make_exception(cls: "Any", number: int, arguments: "list[Any]", message: str) -> BaseException:
    """Return the stand-in for an exception of the program."""
    if not issubclass(cls, BaseException):
        raise ValueError("not a class of exceptions")
    made: BaseException
    if not is_remote(cls):
        try:
            made = cls(*arguments)
        except Exception:  # what it is made with is not what it keeps
            made = cls.__new__(cls, *arguments)
            made.args = tuple(arguments)
        return made
    made = cls.__new__(cls, *arguments)
    made.args = tuple(arguments)
    vars(made).update(_codekiln_object=number, _codekiln_message=message)
    return made


def forget(value: object) -> None:
    """Forget the number of a proxy that is no longer referred to."""
    _NUMBERS.pop(id(value), None)
