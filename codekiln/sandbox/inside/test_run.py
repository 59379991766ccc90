"""A run of tests against one program, in a forked child of the tester."""

import builtins
import io
import os
import sys

from codekiln.sandbox.inside import checks, explanation, proxies
from codekiln.sandbox.inside.plain_values import parse, read
from codekiln.sandbox.inside.session import Session
from codekiln.sandbox.inside.shared_classes import SharedClasses
from codekiln.sandbox.inside.substitutes import substitute

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
        self._notes, self._place = explanation.Notes(), ""
        self._namespace: Namespace = {"__name__": "__main__"}
        classes = SharedClasses(plan["calls"]["classes"], self._namespace)
        self._session = Session(channel, classes, limit, self._lost)
        self._decisions = 0
        # A built-in of the program's own is called with what a test compares, which later tests may expect again.
        self._knows_values = False
        import random  # imported by the boot process in a way of its own

        random.seed(plan["seed"])

    def from_questions(self, first: bytes) -> "NoReturn":
        """Run tests that ask while they run; ``first`` is the program's first message, with its names."""
        message = self._session.take(first)
        if "loaded" not in message:
            self._lost("sent no names")
        namespace = self._take_names(message["loaded"])
        if self._plan["substitutes"]:
            substitute(self._session, self._plan["substitutes"])
        try:
            if self._plan["setup"] is not None:
                exec(self._plan["setup"], namespace)
        except BaseException as error:
            self._tally.stop(*checks.failure_of(error, in_test=False), "setup")
            self._end()
        asked_by_setup = self._session.asked
        for test in (*self._plan["tests"], *checks.reference_tests(self._plan)):
            self._run(test, namespace, asked_by_setup)
        self._end()

    def from_results(self, head: "list[Any]", lines: list[bytes]) -> "NoReturn":
        """Judge tests whose calls have been made, and some of whose results are objects of the program."""
        self._session.shares_containers = False
        self._define_shared()
        try:
            described, named = head or [[], []]
            self._session.take_classes(described)
            self._session.named_classes.update(named)
        except Exception as error:
            self._lost(f"described no classes: {error}")
        for test in (*self._plan["tests"], *checks.reference_tests(self._plan)):
            mine = lines[test["first"] : test["first"] + test["count"]]
            self._session.undecided = ""
            failure = self._hinted(checks.check_results(test, mine, self._session))
            self._tally.add(test, failure, self._session.decisions > self._decisions)
            self._decisions = self._session.decisions
        self._end()

    def _define_shared(self) -> None:
        """Define the classes of the setup that the program has, too."""
        for code in self._plan["calls"]["shared"]:
            try:
                exec(code, self._namespace)
            except Exception:  # needs names that only the whole setup has; the program does not get far, either
                continue

    def _take_names(self, loaded: "Any") -> "Namespace":
        session, namespace = self._session, self._namespace
        noting = {explanation.COMPARED: self._notes.compared, explanation.NOTED: self._notes.noted}
        namespace["__builtins__"] = _builtins(session) | noting
        try:
            found = {name: tree for name, tree in loaded}
        except (TypeError, ValueError):
            self._lost("sent no names")
        self._own = {}
        for name, tree in found.items():
            if name not in self._plan["calls"]["names"] and name not in self._plan["calls"]["classes"]:
                self._lost("sent a name that was not asked for")
            value = session.read_answer(tree)
            if name in self._plan["calls"]["classes"]:
                session.derived_classes[name] = value
                continue
            if hasattr(builtins, name) and name != self._plan["calls"]["entry_point"]:
                self._own[name] = value
            else:
                namespace[name] = value
        return namespace

    def _run(self, test: "TestPlan", namespace: "Namespace", asked_by_setup: int) -> None:
        session = self._session
        asked, session.stopped = session.asked, False
        self._place = session.undecided = ""
        self._notes.clear()
        redefined = {name: self._own[name] for name in test["builtins"] if name in self._own}
        knows_values = self._knows_values
        failure = self._outcome(test, namespace, redefined if test["own"] else {})
        if failure is None and redefined and not test["own"]:
            failure = self._outcome(test, namespace, redefined)
            self._knows_values = True
        asked_before = test["follows"] and asked_by_setup + asked
        if failure is None and session.asked == asked and not asked_before and not test["prepares"]:
            failure = ("failed", "the test asked the program nothing")
        if failure is None and session.stopped and not test["mentions_stop"]:
            failure = ("error", "StopIteration: raised by the program in a call")
        if failure is not None and self._place:
            test = test | {"text": self._place}
        # What is decided in the setup counts for the first test.
        self._tally.add(test, self._hinted(failure), knows_values or session.decisions > self._decisions)
        self._decisions = session.decisions

    def _hinted(self, failure: "checks.Failure | None") -> "checks.Failure | None":
        """Add to a failure what the tests do not do as one interpreter would."""
        if failure is None:
            return None
        if self._session.undecided:
            failure = failure[0], f"{failure[1]} ({self._session.undecided})"
        return checks.with_setup_hint(failure, self._plan["setup"])

    def _outcome(self, test: "TestPlan", namespace: "Namespace", own: "Namespace") -> "checks.Failure | None":
        """Run one test with some built-ins replaced by the program's own."""
        namespace.update(own)
        try:
            if test["doctest"]:
                return checks.run_doctest(test["doctest"], namespace)
            if test["code"] is None:
                return self._call_with_input(test, namespace)
            exec(test["code"], namespace)
        except BaseException as error:
            return self._explain(error, test)
        finally:
            for name in own:
                namespace.pop(name, None)
        return None

    def _explain(self, error: BaseException, test: "TestPlan") -> checks.Failure:
        """Return the failure of a test that raised, with what its assert got."""
        place, variables = explanation.place(error, test["text"], test["asserts"])
        if "\n" in test["text"].strip():
            self._place = place
        status, detail = checks.failure_of(error)
        if type(error) is AssertionError and place.partition(": ")[2].startswith("assert"):
            got = self._notes.describe()
            detail = f"{error}: {got}" if str(error) else got
        return status, detail + variables

    def _call_with_input(self, test: "TestPlan", namespace: "Namespace") -> "checks.Failure | None":
        arguments = read(parse(test["arguments"]), self._session)
        result = namespace[self._plan["calls"]["entry_point"] or ""](*arguments)
        return checks.check_reference(test, result)

    def _lost(self, reason: str) -> "NoReturn":
        self._tally.lose(reason)
        os._exit(0)

    def _end(self) -> "NoReturn":
        self._tally.end()
        os._exit(0)


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

    return {**vars(builtins), "isinstance": isinstance, "print": _print}


def _print(*values: "Any", **options: "Any") -> None:
    print(*values, **options)


def silence() -> None:
    """Send what tests print nowhere."""
    sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
