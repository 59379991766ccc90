"""A run of tests against one program, in a forked child of the tester."""

import builtins
import io
import os
import random
import sys

from codekiln.sandbox.inside import checks, proxies
from codekiln.sandbox.inside.plain_values import parse, read
from codekiln.sandbox.inside.session import Session

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from codekiln.sandbox.inside.messages import ProblemPlan, TestPlan

    Namespace = dict[str, Any]


class TestRun:
    """Runs the tests of a plan; each result is reported at once, and what the program lost stays lost.

    Args:
        plan: The tests.
        channel: The tester's end of the socket to the program.
        report: Descriptor that gets a line of JSON per test.
        limit: Bytes of all answers together.
    """

    __test__ = False

    def __init__(self, plan: "ProblemPlan", channel: int, report: int, limit: int) -> None:
        self._plan, self._report = plan, report
        self._tally = checks.Tally(report=report)
        self._namespace: Namespace = {"__name__": "__main__"}
        classes = _Defined(self._namespace, plan["calls"]["classes"])
        self._session = Session(channel, classes, limit, self._lost)
        self._namespace["__builtins__"] = _builtins(self._session)
        self._define_shared()
        self._decisions = 0
        random.seed(plan["seed"])

    def from_questions(self, first: bytes) -> "NoReturn":
        """Run tests that ask while they run; ``first`` is the program's first message, with its names."""
        message = self._session.take(first)
        if "loaded" not in message:
            self._lost("sent no names")
        self._take_names(message["loaded"])
        try:
            if self._plan["setup"] is not None:
                exec(self._plan["setup"], self._namespace)
        except BaseException as error:
            self._tally.stop(*checks.failure_of(error, in_test=False), "setup")
            self._end()
        asked_by_setup = self._session.asked
        for test in self._plan["tests"]:
            self._run(test, asked_by_setup)
        self._end()

    def from_results(self, head: "list[Any]", lines: list[bytes]) -> "NoReturn":
        """Judge tests whose calls have been made, and some of whose results are objects of the program."""
        self._session.shares_containers = False
        try:
            described, named = head or [[], []]
            self._session.take_classes(described)
            self._session.named_classes.update(named)
        except Exception as error:
            self._lost(f"described no classes: {error}")
        for test in self._plan["tests"]:
            mine = lines[test["first"] : test["first"] + test["count"]]
            failure = checks.check_results(test, mine, self._session)
            self._tally.add(test, failure, self._session.decisions > self._decisions)
            self._decisions = self._session.decisions
        self._end()

    def _define_shared(self) -> None:
        """Define the classes of the setup that the program has, too."""
        for code in self._plan["calls"]["shared"]:
            try:
                exec(code, self._namespace)
            except Exception:  # needs names that the program defines; the setup itself defines it later
                continue

    def _take_names(self, loaded: "Any") -> None:
        """Give the tests the names of the program; a built-in one is kept apart."""
        try:
            found = {name: tree for name, tree in loaded}
        except (TypeError, ValueError):
            self._lost("sent no names")
        self._own = {}
        for name, tree in found.items():
            if name not in (self._plan["calls"]["names"]):
                self._lost("sent a name that was not asked for")
            value = self._session.read_answer(tree)
            if hasattr(builtins, name) and name != self._plan["calls"]["entry_point"]:
                self._own[name] = value
            else:
                self._namespace[name] = value

    def _run(self, test: "TestPlan", asked_by_setup: int) -> None:
        session = self._session
        asked, session.stopped = session.asked, False
        redefined = {name: self._own[name] for name in test["builtins"] if name in self._own}
        failure = self._outcome(test, redefined if test["own"] else {})
        if failure is None and redefined and not test["own"]:
            failure = self._outcome(test, redefined)
        if failure is None and session.asked == asked and not (test["follows"] and asked_by_setup + asked):
            failure = ("failed", "the test asked the program nothing")
        if failure is None and session.stopped and not test["mentions_stop"]:
            failure = ("error", "StopIteration: raised by the program in a call")
        # What is decided in the setup counts for the first test.
        self._tally.add(test, failure, session.decisions > self._decisions)
        self._decisions = session.decisions

    def _outcome(self, test: "TestPlan", own: "Namespace") -> "checks.Failure | None":
        """Run one test with some built-ins replaced by the program's own."""
        namespace = self._namespace
        namespace.update(own)
        try:
            if test["doctest"]:
                return checks.run_doctest(test["doctest"], namespace)
            if test["code"] is None:
                return self._call_with_input(test)
            exec(test["code"], namespace)
        except BaseException as error:
            return checks.failure_of(error)
        finally:
            for name in own:
                namespace.pop(name, None)
        return None

    def _call_with_input(self, test: "TestPlan") -> "checks.Failure | None":
        arguments = read(parse(test["arguments"]), self._session)
        result = self._namespace[self._plan["calls"]["entry_point"] or ""](*arguments)
        return checks.check_reference(test, result)

    def _lost(self, reason: str) -> "NoReturn":
        self._tally.lose(reason)
        os._exit(0)

    def _end(self) -> "NoReturn":
        self._tally.end()
        os._exit(0)


class _Defined:
    """The classes that the setup defines, as they are now: it may define one of them again while it runs."""

    def __init__(self, namespace: "Namespace", names: "tuple[str, ...]") -> None:
        self._namespace, self._names = namespace, names

    def get(self, name: str, /) -> type | None:
        """Return the class of that name."""
        found = self._namespace.get(name) if name in self._names else None
        return found if isinstance(found, type) else None


def _builtins(session: Session) -> "Namespace":
    """Return the built-ins of the tests; ``isinstance`` also knows the program's objects."""
    plain = builtins.isinstance

    def isinstance(value: object, kinds: "Any") -> bool:
        if plain(value, kinds):
            return True
        wanted = kinds if plain(kinds, tuple) else (kinds,)
        names = [[kind.__module__, kind.__qualname__] for kind in wanted if plain(kind, type)
                 and not proxies.is_remote(kind)]  # fmt: skip
        if not names or not proxies.is_remote(value) or plain(value, type):
            return False
        session.judged()
        found = session.ask("classes", value)
        return any(name in found for name in names)

    import asyncio

    run = asyncio.run

    def run_coroutine(main: "Any", **options: "Any") -> "Any":
        return session.ask("run", main) if proxies.is_remote(main) else run(main, **options)

    asyncio.run = run_coroutine
    return {**vars(builtins), "isinstance": isinstance, "print": _print}


def _print(*values: "Any", **options: "Any") -> None:
    print(*values, **options)


def silence() -> None:
    """Send what tests print nowhere."""
    sys.stdout = io.StringIO()
