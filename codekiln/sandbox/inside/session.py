"""The tester's side of the conversation with one program: asks, and reads the answers."""

import builtins
import sys
import weakref
from collections import OrderedDict

from codekiln.sandbox.inside import callbacks, proxies
from codekiln.sandbox.inside.channel import MessageTooLarge, read_frame, write_frame
from codekiln.sandbox.inside.exchange import Exchange
from codekiln.sandbox.inside.plain_values import dumps, parse, read, write
from codekiln.sandbox.inside.shared_classes import SharedClasses

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from codekiln.sandbox.inside.plain_values import Tree

_BUILTIN_BASES = {
    kind.__name__: kind
    for kind in (int, float, complex, str, bytes, tuple, frozenset, list, dict, set, bytearray, OrderedDict)
}  # fmt: skip
_REPLACED = ("input", "print")
"""Built-ins that tests replace, and the program then has to call."""
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

    def __init__(self, channel: int, classes: SharedClasses, limit: int, lost: "Callable[[str], NoReturn]") -> None:
        super().__init__(1, classes)
        self._channel, self._limit, self._lost = channel, limit, lost
        self._remote_classes: dict[int, Any] = {}
        self._objects: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._values: dict[int, Any] = {}
        self._released: list[int] = []
        self._errors: dict[int, tuple[int, BaseException]] = {}
        self._errors_by_number: dict[int, BaseException] = {}
        self.derived_classes: dict[str, Any] = {}
        self.named_classes: set[int] = set()
        self.asked = 0
        """Number of questions that the program answered."""
        self.seed: list[Any] | None = None
        """A seed that the tests have set, and that the program has not been told."""
        self.undecided = ""
        """Why a comparison with an object of the program was not left to the program."""
        self._plain_stdin, self._plain = sys.stdin, {name: vars(builtins)[name] for name in _REPLACED}
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

    def ask(self, operation: str, /, *arguments: "Any", **named: "Any") -> "Any":
        """Return the program's answer to one question; raises what the program raises."""
        message = self.opening()
        self._drop_temporaries()
        message["do"] = operation
        try:
            self._pass_replaced(message)
            message["with"] = [write(item, self) for item in arguments]
            if named:
                message["named"] = {"dict": [[key, write(item, self)] for key, item in named.items()]}
        except (TypeError, ValueError):
            # The changes have to arrive all the same, and containers of this question do not.
            self.abandon()
            self._send(message | {"do": "nothing", "with": [], "named": {"dict": []}})
            self._answer(True)
            raise
        self._send(message)
        self.asked += 1
        return self._answer(operation in _ENDING or operation == "special" and arguments[0] in _ENDING)

    def _pass_replaced(self, message: "dict[str, Any]") -> None:
        """Write what a test has put in place of standard input, ``input`` or ``print``, and a seed that it has set."""
        if sys.stdin is not self._plain_stdin:
            message["stdin"] = write(sys.stdin, self)
        replaced = {
            name: vars(builtins)[name] for name, plain in self._plain.items() if vars(builtins)[name] is not plain
        }
        if replaced:
            message["builtins"] = [[name, write(value, self)] for name, value in replaced.items()]
        if self.seed is not None:
            message["seed"], self.seed = [write(item, self) for item in self.seed], None

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
            return self._read_exception(*body)
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
        if isinstance(value, BaseException):
            return self._write_error(value, depth)
        if isinstance(value, type) and issubclass(value, BaseException):
            return {"error_class": [self.number_of(value), value.__name__,
                                    [write(base, self, depth) for base in value.__bases__]]}  # fmt: skip
        if callable(value):
            return {"callback": [self.number_of(value), *callbacks.describe(value)]}
        if hasattr(value, "__next__"):
            return {"iterator": [self.number_of(value.__next__)]}
        if kind.__qualname__ == "traceback":
            return None
        if kind.__qualname__ == "Pattern" and kind.__module__ == "re":
            return {"pattern": [write(value.pattern, self), value.flags]}
        hint = ": classes that both use have to be in the setup" if kind.__module__ == "__main__" else ""
        raise TypeError(f"a test cannot pass {kind.__module__}.{kind.__qualname__} objects to the program{hint}")

    def _write_error(self, error: BaseException, depth: int) -> "Tree":
        if (known := self._errors.get(id(error))) is not None:
            return {"yours": known[0]}
        try:
            arguments = [write(item, self, depth + 1) for item in error.args]
        except (TypeError, ValueError):
            arguments = [str(error)]
        return {"error": [self.number_of(error), write(type(error), self, depth), arguments]}

    def _read_exception(
        self, number: int, class_number: int, arguments: "Tree", message: str, state: "Tree", linked: "Tree"
    ) -> BaseException:
        if (known := self._errors_by_number.get(number)) is not None:
            return known
        values = [read(item, self) for item in arguments]
        error = proxies.make_exception(self._remote_classes[class_number], number, values, str(message))
        self._errors_by_number[number] = error
        self._errors[id(error)] = number, error
        for name, tree in state:
            setattr(error, str(name), read(tree, self))
        cause, context, suppressed = linked
        error.__cause__, error.__context__ = read(cause, self), read(context, self)
        error.__suppress_context__ = suppressed
        return error

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
        description = descriptions.pop(number)
        if type(description) is dict:
            known = self._remote_classes[number] = read(description, self)
            if not isinstance(known, type) or not issubclass(known, BaseException):
                raise ValueError("not a class of exceptions")
            return known
        name, module, bases, specials = description
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
        if deferred := self.write_deferred():
            message["deferred"] = deferred
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
            self.read_deferred(message.get("deferred", []))
            self.apply(message.get("changes", []))
            if "printed" in message:
                sys.stdout.write(str(message["printed"]))
            if "warned" in message:
                sys.stderr.write(str(message["warned"]))
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
            name, text, line, tree = parts
            error = read(tree, self)
            self.settle()
            if not isinstance(error, BaseException):
                raise ValueError("no exception")
            if "yours" not in tree:
                vars(error)["_codekiln_description"] = (str(name), str(text), int(line))
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
        part: tuple[str, Any]
        try:
            part = "value", function(*arguments, **named)
        except BaseException as error:
            if type(error) is AssertionError:
                self.judged()  # the program may keep it from the test
            part = "raised", error
        answer = self.opening()
        try:
            answer[part[0]] = write(part[1], self)
        except (TypeError, ValueError) as error:
            self.abandon()
            answer["raised"] = write(error, self)
        self._send(answer)

    def _drop_temporaries(self) -> None:
        """Forget shared containers that the test no longer refers to."""
        dropped = [number for number, entry in self._shared.items() if sys.getrefcount(entry.value) <= _TEMPORARY]
        for number in dropped:
            proxies.forget(self._shared[number].value)
        self.forget(dropped)
        self._released += dropped


__builtins_module__ = sys.modules["builtins"]
