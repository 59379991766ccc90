"""The program's side of the tests: answers the tester's questions about the program's objects.

It runs in the program's own process, so nothing here is hidden from the program, and nothing is decided here: what it
sends counts as the program's answers.
"""

import _thread
import builtins
import io
import sys
from collections import OrderedDict

from codekiln.sandbox.inside import callbacks, library_values
from codekiln.sandbox.inside.channel import read_frame, write_frame
from codekiln.sandbox.inside.exceptions import describe
from codekiln.sandbox.inside.exchange import Exchange
from codekiln.sandbox.inside.operations import OPERATIONS
from codekiln.sandbox.inside.plain_values import base_value, dumps, parse, read, write
from codekiln.sandbox.inside.shared_classes import SharedClasses
from codekiln.sandbox.inside.special_methods import UNSENT

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codekiln.sandbox.inside.plain_values import Tree

_MRO, _DICT, _NAME = (type.__dict__[key].__get__ for key in ("__mro__", "__dict__", "__name__"))
# Immutable bases first: an instance of a subclass is sent with its built-in value.
_VALUE_BASES = (int, float, complex, str, bytes, tuple, frozenset)
_CONTAINER_BASES = (list, dict, set, bytearray, OrderedDict)


class ProgramExchange(Exchange):
    """Writes the program's objects: built-in values as they are, others by number, with their classes described."""

    def __init__(self, classes: SharedClasses, channel: int) -> None:
        super().__init__(0, classes)
        self.channel = channel
        self.new_classes: dict[int, Tree] = {}
        self.lock = _thread.RLock()
        """Held by the thread of the program that speaks with the tester."""
        self.answering = 0
        """Number of questions that have been asked and not yet answered."""
        self.relays: dict[str, Relay] = {}
        """Output that is sent with each message, by the key in the message."""
        self.replaced: list[tuple[dict[str, Any], str, Any]] = []
        self._theirs: dict[int, Any] = {}
        self._their_numbers: dict[int, int] = {}
        self.wrote_object = False

    def may_send(self, named: "list[Any]") -> bool:  # noqa: D102
        return super().may_send(named) or tuple(named) in self._named

    def may_receive(self, named: "list[Any]") -> bool:  # noqa: D102
        self._named.add(tuple(named[:2]))
        return True

    def restore(self) -> None:
        """Undo what the tests have replaced."""
        while self.replaced:
            names, name, value = self.replaced.pop()
            names[name] = value

    def write_deep(self, value: "Any") -> "Tree":  # noqa: D102
        if self.shares_containers:
            return super().write_deep(value)
        return {"opaque": "too deeply nested"}  # it may hold itself

    def write_object(self, value: "Any", kind: type, depth: int) -> "Tree":  # noqa: D102
        self.wrote_object = True
        theirs = self._their_numbers.get(id(value))
        if theirs is not None:
            return {"yours": theirs}
        base = None if issubclass(kind, type) else _base_of(kind)
        if base in _CONTAINER_BASES and depth < 100 and self.shares_containers:
            tree = self.write_shared(value, base, depth)
            return tree if "same" in tree else {"shared": [*tree["shared"], self.class_number(kind)]}
        if base is not None:
            return {
                "value": [
                    self.number_of(value),
                    self.class_number(kind),
                    write(base_value(value, base), self, depth + 1),
                ]
            }
        if isinstance(value, type):
            return {"class": self.class_number(value)}
        if isinstance(value, BaseException):
            return self._write_exception(value, kind, depth)
        if kind is memoryview:
            return write(memoryview(value.tobytes()).toreadonly(), self, depth)
        return {"object": [self.number_of(value), self.class_number(kind)]}

    def _write_exception(self, error: BaseException, kind: "Any", depth: int) -> "Tree":
        number, class_number = self.number_of(error), self.class_number(kind)
        known = self._is_known(kind)
        arguments = kind.__reduce__(error)[1] if known else error.args
        state = {name: getattr(error, name, None) for name in (*vars(error), *_ERROR_NAMES)} if known else {}
        linked = [error.__cause__, error.__context__] if depth < _MAX_LINKED else [None, None]
        return {
            "exception": [
                number, class_number, [write(item, self, depth + 1) for item in arguments], describe(error)[1],
                [[name, write(item, self, depth + 1)] for name, item in state.items() if item is not None],
                [*(write(item, self, depth + 1) for item in linked), error.__suppress_context__],
            ]
        }  # fmt: skip

    def _is_known(self, kind: "Any") -> bool:
        """Return whether the tester has a class of exceptions, too."""
        return self.classes.name_of(kind) is not None or library_values.name(kind, type(kind)) is not None

    def deferred_class(self, value: "Any", kind: "Any") -> "int | None":  # noqa: D102
        return None if type(value) is kind else self.class_number(type(value))

    def read_object(self, tag: str, body: "Tree") -> "Any":  # noqa: D102
        if tag == "pattern":
            import re

            return re.compile(*(read(part, self) for part in body))
        number, *parts = body
        if number not in self._theirs:
            made = self._make_theirs(tag, number, parts)
            self._theirs[number], self._their_numbers[id(made)] = made, number
        return self._theirs[number]

    def _make_theirs(self, tag: str, number: int, parts: "list[Any]") -> "Any":
        """Return what stands here for an object of the tests."""

        def call(arguments: "tuple[Any, ...]", named: "dict[str, Any]") -> "Any":
            return call_tester(self, number, arguments, named)

        if tag == "callback":
            return callbacks.make(call, *parts)
        if tag == "iterator":
            return callbacks.TestIterator(call)
        if tag == "error_class":
            name, bases = parts
            return type(name, tuple(read(base, self) for base in bases), {})
        kind, arguments = (read(part, self) for part in parts)
        try:
            return kind(*arguments)
        except Exception:  # what it is made with is not what it keeps
            return kind.__new__(kind, *arguments)

    def class_number(self, kind: type) -> int:
        """Return the number of a class, which is described in the next message if it is new."""
        known = id(kind) in self._numbers
        number = self.number_of(kind)
        if not known and issubclass(kind, BaseException) and self._is_known(kind):
            self.new_classes[number] = write(kind, self)
        elif not known:
            bases = [
                base.__name__ if base in _VALUE_BASES or base in _CONTAINER_BASES
                or base.__module__ == "builtins" and issubclass(base, BaseException)
                else self.class_number(base)
                for base in kind.__bases__ if base is not object
            ]  # fmt: skip
            own = _DICT(kind)
            specials = [
                name if own[name] is not None else "-" + name
                for name in own if name not in UNSENT and _is_special(kind, name, own[name])
            ]  # fmt: skip
            self.new_classes[number] = [_NAME(kind)[:80], _module_of(kind), bases, specials]
        return number


def _is_special(kind: type, name: str, value: "Any") -> bool:
    """Return whether a class defines what would otherwise be that of a built-in class, or does not exist."""
    if name[:2] == "__" == name[-2:]:
        return value is None or hasattr(value, "__get__")
    return any(
        hasattr(parent, name) for parent in _MRO(kind)[1:] if parent in _VALUE_BASES or parent in _CONTAINER_BASES
    )


_ERROR_NAMES = ("name", "__notes__")
"""Attributes of exceptions that are not among their arguments."""
_MAX_LINKED = 5
"""So many exceptions that led to another are sent."""


def _module_of(kind: type) -> str:
    """Return the module of a class; that of a class that only calls itself like a built-in one is the program."""
    module = str(kind.__module__)[:80]
    if module == "builtins" and vars(builtins).get(_NAME(kind), kind) is not kind:
        return "program"
    return module


def _base_of(kind: type) -> "type | None":
    """Return the built-in type whose value instances of ``kind`` have, if there is one.

    They are compared with plain values by it, even where the class has operators of its own.
    """
    return next((parent for parent in _MRO(kind) if parent in _VALUE_BASES or parent in _CONTAINER_BASES), None)


class Relay(io.TextIOWrapper):
    """Output that is sent to the tester with the next answer."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        super().__init__(self._bytes, encoding="utf-8", errors="surrogatepass", write_through=True)

    def take(self) -> str:
        """Return what was printed since the last call."""
        text = self._bytes.getvalue().decode("utf-8", "replace")
        self._bytes.seek(0)
        self._bytes.truncate()
        return text


def send(exchange: ProgramExchange, message: "dict[str, Any]") -> None:
    """Write one message, with what is new and what was printed since the last."""
    if deferred := exchange.write_deferred():
        message["deferred"] = deferred
    exchange.settle()
    if exchange.new_classes:
        message["classes"] = list(exchange.new_classes.items())
        exchange.new_classes = {}
    message |= {key: text for key, stream in exchange.relays.items() if (text := stream.take())}
    write_frame(exchange.channel, dumps(message).encode("utf-8", "surrogatepass"))


def _receive(exchange: ProgramExchange) -> "dict[str, Any] | None":
    frame = read_frame(exchange.channel)
    if frame is None:
        return None
    message: dict[str, Any] = parse(frame)
    exchange.read_deferred(message.get("deferred", []))
    exchange.apply(message.get("changes", []))
    exchange.forget(message.get("drop", []))
    return message


def serve(exchange: ProgramExchange) -> None:
    """Answer the tester's questions until it closes the channel."""
    while (message := _receive(exchange)) is not None:
        _answer(exchange, message)


def _replace(exchange: ProgramExchange, message: "dict[str, Any]") -> None:
    """Put what the tests have replaced in its place, until they no longer do."""
    exchange.restore()
    if "stdin" in message:
        exchange.replaced.append((vars(sys), "stdin", sys.stdin))
        sys.stdin = read(message["stdin"], exchange)
    for name, tree in message.get("builtins", []):
        exchange.replaced.append((vars(builtins), name, vars(builtins)[name]))
        vars(builtins)[name] = read(tree, exchange)
    if "seed" in message:
        import random

        random.seed(*read(message["seed"], exchange))


def _answer(exchange: ProgramExchange, message: "dict[str, Any]") -> None:
    exchange.answering += 1
    try:
        _replace(exchange, message)
        arguments = read(message["with"], exchange)
        named = read(message["named"], exchange) if "named" in message else {}
        exchange.settle()
        part: Any = "value", OPERATIONS[message["do"]](*arguments, **named)
    except BaseException as error:
        part = "raised", error
    with exchange.lock:
        exchange.answering -= 1
        _send_answer(exchange, *part)


def _send_answer(exchange: ProgramExchange, kind: str, value: "Any") -> None:
    answer = exchange.opening()
    try:
        answer[kind] = _exception(exchange, value) if kind == "raised" else write(value, exchange)
    except Exception as error:
        exchange.abandon()
        answer["raised"] = _exception(exchange, error)
    send(exchange, answer)


def _exception(exchange: ProgramExchange, error: BaseException) -> "Tree":
    return [*describe(error), write(error, exchange)]


def call_tester(exchange: ProgramExchange, number: int, arguments: "tuple[Any, ...]", named: "dict[str, Any]") -> "Any":
    """Call a function of the tester; questions that it asks in the meantime are answered."""
    with exchange.lock:
        if not exchange.answering:
            raise RuntimeError("a thread cannot call a function of the tests when these do not wait for the program")
        return _call_tester(exchange, number, arguments, named)


def _call_tester(
    exchange: ProgramExchange, number: int, arguments: "tuple[Any, ...]", named: "dict[str, Any]"
) -> "Any":
    message = exchange.opening()
    message |= {"call": number, "with": [write(item, exchange) for item in arguments]}
    if named:
        message["named"] = {"dict": [[key, write(item, exchange)] for key, item in named.items()]}
    send(exchange, message)
    while (answer := _receive(exchange)) is not None:
        if "do" in answer:
            _answer(exchange, answer)
            continue
        value = read(answer["value"] if "value" in answer else answer["raised"], exchange)
        exchange.settle()
        if "raised" in answer:
            raise value
        return value
    raise SystemExit("the tester is gone")
