"""The tester's side of the conversation with one program: asks, and reads the answers."""

import sys
import weakref
from collections import OrderedDict

from codekiln.sandbox.inside import proxies
from codekiln.sandbox.inside.channel import MessageTooLarge, read_frame, write_frame
from codekiln.sandbox.inside.exchange import Exchange
from codekiln.sandbox.inside.plain_values import dumps, parse, read, write

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from codekiln.sandbox.inside.exchange import Classes
    from codekiln.sandbox.inside.plain_values import Tree

_BUILTIN_BASES = {
    kind.__name__: kind
    for kind in (int, float, complex, str, bytes, tuple, frozenset, list, dict, set, bytearray, OrderedDict)
}  # fmt: skip
_MAX_CLASSES = 10_000
_ENDING = frozenset(("next", "__anext__"))
"""Questions that StopIteration answers by the rules."""
_TEMPORARY = 2
"""References to a shared container that only the session's own table holds."""


class Session(Exchange):
    """Asks the program about its objects; the one user of its end of the channel.

    Args:
        channel: The tester's end of the socket to the program.
        classes: Classes that the setup defines, which the program has, too.
        limit: Bytes of all answers together.
        lost: Called with a reason, and never returning, when the program has ended or broken the rules: a test must
            not be able to catch that.
    """

    def __init__(self, channel: int, classes: "Classes", limit: int, lost: "Callable[[str], NoReturn]") -> None:
        super().__init__(1, classes)
        self._channel, self._limit, self._lost = channel, limit, lost
        self._remote_classes: dict[int, Any] = {}
        self._objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._values: dict[int, Any] = {}
        self._released: list[int] = []
        self.named_classes: set[int] = set()
        self.asked = 0
        """Number of questions that the program answered."""
        self.decisions = 0
        """Number of comparisons and the like that operators of the program's own answered."""
        self.stopped = False
        """Whether anything but an iterator raised StopIteration, which ends loops of the test in silence."""
        proxies.bind(self)

    def judged(self) -> None:
        """Note that an operator of the program's own takes part in the result of the test."""
        self.decisions += 1

    def released(self, number: int) -> None:
        """Note that the test no longer refers to an object."""
        self._released.append(number)

    def ask(self, operation: str, *arguments: "Any", **named: "Any") -> "Any":
        """Return the program's answer to one question; raises what the program raises."""
        self._drop_temporaries()
        message = self.opening()
        message["do"] = operation
        defined = len(self._fresh)
        try:
            message["with"] = [write(item, self) for item in arguments]
            if named:
                message["named"] = {"dict": [[key, write(item, self)] for key, item in named.items()]}
        except TypeError:
            # The changes have to arrive all the same, and containers of this question do not.
            self.forget(self._fresh[defined:])
            self._send(message | {"do": "nothing", "with": [], "named": {"dict": []}})
            self._answer(True)
            raise
        self._send(message)
        self.asked += 1
        return self._answer(operation in _ENDING or operation == "special" and arguments[0] in _ENDING)

    def take_classes(self, described: "list[Any]") -> None:
        """Make stand-ins for classes that the program's process describes."""
        if len(self._remote_classes) + len(described) > _MAX_CLASSES:
            self._lost("described too many classes")
        descriptions = dict(described)
        for number in list(descriptions):
            self._make_class(number, descriptions)

    def read_object(self, tag: str, body: "Tree") -> "Any":  # noqa: D102
        if tag == "class":
            found = self._remote_classes[body]
            self.named_classes.add(body)
            return found
        if tag == "exception":
            number, class_number, arguments, message = body
            arguments = [read(item, self) for item in arguments]
            return proxies.make_exception(self._remote_classes[class_number], number, arguments, message)
        if tag not in ("object", "value"):
            return super().read_object(tag, body)
        number, class_number = body[:2]
        if (known := self._objects.get(number)) is not None or (known := self._values.get(number)) is not None:
            if number in self._released:
                self._released.remove(number)
            return known
        cls = self._remote_classes[class_number]
        if tag == "value":
            value = read(body[2], self)
            if type(value) is not cls._codekiln_base:
                raise ValueError("a value of another type than its class")
            made = self._values[number] = proxies.make_object(cls, number, value)
        else:
            made = self._objects[number] = self._make_object(cls, number)
        return made

    def may_send(self, named: "list[Any]") -> bool:  # noqa: D102
        self._named.add(tuple(named[:2]))
        return True

    def may_receive(self, named: "list[Any]") -> bool:  # noqa: D102
        return super().may_receive(named) or tuple(named) in self._named

    def write_object(self, value: "Any", kind: type, depth: int) -> "Tree":  # noqa: D102
        number = proxies.number_of(value)
        if number is not None:
            return {"same" if number in self._shared else "yours": number}
        if callable(value):
            return {"callback": self.number_of(value)}
        if hasattr(value, "__next__"):
            return {"iterator": self.number_of(value.__next__)}
        raise TypeError(f"a test cannot pass {kind.__module__}.{kind.__qualname__} objects to the program")

    def make_container(self, kind: "Any", number: int, class_number: "int | None") -> "Any":  # noqa: D102
        if class_number is None:
            return kind()
        cls = self._remote_classes[class_number]
        if cls._codekiln_base is not kind:
            raise ValueError("a container of another type than its class")
        return proxies.make_object(cls, number)

    def _make_object(self, cls: "Any", number: int) -> "Any":
        if not proxies.is_remote(cls) and type(cls) is not proxies.RemoteType:
            raise ValueError("an object of a built-in exception")
        if issubclass(cls, BaseException) or cls._codekiln_base not in (None, *proxies.CONTAINERS):
            raise ValueError("an object without its value")
        return proxies.make_object(cls, number)

    def _make_class(self, number: int, descriptions: "dict[int, Any]") -> "Any":
        if (known := self._remote_classes.get(number)) is not None:
            return known
        if number not in descriptions or type(number) is not int or number % 2:
            raise ValueError("a class that is not described")
        described = descriptions.pop(number)
        if type(described) is str:
            cls = self._remote_classes[number] = self._defined(described)
            if not issubclass(cls, BaseException):
                raise ValueError("no exception of the setup")
            return cls
        name, module, bases, specials = described
        made = tuple(self._base(base, descriptions) for base in bases)
        try:
            cls = proxies.make_class(number, name, module, made, specials)
        except TypeError as error:  # bases that do not go together
            raise ValueError(f"not a class: {error}") from error
        self._remote_classes[number] = cls
        return cls

    def _base(self, base: "int | str", descriptions: "dict[int, Any]") -> "Any":
        if type(base) is int:
            return self._make_class(base, descriptions)
        found = _BUILTIN_BASES.get(str(base)) or vars(__builtins_module__).get(str(base))
        if not isinstance(found, type) or not (found in _BUILTIN_BASES.values() or issubclass(found, BaseException)):
            raise ValueError("not a built-in class")
        return found

    def _send(self, message: "dict[str, Any]") -> None:
        if self._released:
            message["drop"], self._released = self._released, []
        self.settle()
        try:
            write_frame(self._channel, dumps(message).encode("utf-8", "surrogatepass"))
        except OSError:
            self._lost("")

    def _receive(self) -> "dict[str, Any]":
        try:
            frame = read_frame(self._channel, self._limit)
        except OSError:
            frame = None
        except MessageTooLarge:
            self._lost("large")
        except ValueError as error:
            self._lost(f"sent what is {error}")
        if not frame:
            self._lost("")
        return self.take(frame)

    def take(self, frame: bytes) -> "dict[str, Any]":
        """Return a message of the program's process, and apply the changes that it carries."""
        self._limit -= len(frame)
        try:
            message = parse(frame)
            if type(message) is not dict:
                raise ValueError("not a message")
            self.take_classes(message.get("classes", []))
            self.apply(message.get("changes", []))
            if "printed" in message:
                sys.stdout.write(str(message["printed"]))
        except MemoryError:
            raise
        except Exception as error:  # of whatever kind: none may reach the test as if the program had raised it
            self._lost(f"sent a message that is not by the rules: {error}")
        return message

    def read_answer(self, tree: "Tree") -> "Any":
        """Return the value of a tree; ends the run when it is not by the rules."""
        try:
            value = read(tree, self)
        except ValueError as error:
            self._lost(f"sent a value that is not by the rules: {error}")
        self.settle()
        return value

    def _answer(self, may_stop: bool) -> "Any":
        while True:
            message = self._receive()
            if "call" in message:
                self._called(message)
            elif "raised" in message:
                error = self._exception(message["raised"])
                if not may_stop and isinstance(error, StopIteration | StopAsyncIteration | GeneratorExit):
                    self.stopped = True
                raise error
            elif "value" in message:
                return self.read_answer(message["value"])
            else:
                self._lost("sent no answer")

    def _exception(self, parts: "Tree") -> BaseException:
        try:
            name, text, line, arguments, own, number, class_number = parts
            if own is not None:
                original = self.owned[own]
                if isinstance(original, BaseException):
                    return original
            arguments = read(arguments, self)
            self.settle()
            error = (
                arguments
                if isinstance(arguments, BaseException)
                else proxies.make_exception(self._remote_classes[class_number], number, arguments, str(text))
            )
            error._codekiln_description = (str(name), str(text), int(line))  # type: ignore[attr-defined]
        except MemoryError:
            raise
        except Exception as problem:
            self._lost(f"raised what is no exception: {problem}")
        return error

    def _called(self, message: "dict[str, Any]") -> None:
        """Run a function of the test that the program calls, and send the result."""
        number = message["call"]
        function = self.owned.get(number) if type(number) is int else None
        if not callable(function):
            self._lost("called what is no function of the test")
        arguments = self.read_answer(message.get("with", []))
        named = self.read_answer(message.get("named", {"dict": []}))
        part: dict[str, Any]
        try:
            result = function(*arguments, **named)
            answer = self.opening()
            part = {"value": write(result, self)}
        except StopIteration:
            answer, part = self.opening(), {"ended": True}
        except Exception as error:
            if type(error) is AssertionError:
                self.judged()  # the program may keep it from the test
            answer = self.opening()
            part = {"raised": [type(error).__name__, str(error), self.number_of(error)]}
        self._send(answer | part)

    def _drop_temporaries(self) -> None:
        """Forget shared containers that the test no longer refers to."""
        dropped = [number for number, entry in self._shared.items() if sys.getrefcount(entry.value) <= _TEMPORARY]
        for number in dropped:
            proxies.forget(self._shared[number].value)
        self.forget(dropped)
        self._released += dropped


__builtins_module__ = sys.modules["builtins"]
