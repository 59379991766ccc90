"""Runs an instrumented program again and again on lines that are given, or drawn where there are none.

Inside the sandbox: the standard library alone. Lines are drawn from the program's own constants and their neighbours,
and from common numbers and words, as what the program does with a line wants them. An input tells a boundary when the
program does something else on it with the comparison made strict or not, or its boundary moved by one: a mutant of the
comparison, run at once.
"""

import builtins
import operator
import random
import sys
import time

from codekiln.recipes.debugging.input_search.lines import Line, Sink, Stdin, Stop, number_of, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    Target = tuple[int, str]
    """A condition and the way that it goes."""

PREFIX = "_codekiln_"
MAX_LINES = 40
MAX_EVENTS = 4_000
"""Reports of one run; a run with more is stopped."""
ALL_EVENTS = 400_000
MOST_ASKED = 15
"""Runs with a changed boundary, for each way of changing it: some changes have no effect on any input."""
NEAR, FAR = ("strict", "up", "down"), ("tenth", "tenfold")
"""What a boundary is told from: itself, with the other side's operand; its neighbours; and numbers far from it."""
DRAWN_AT_FIRST = 30
NUMBERS = (3, 7, 12, 5, 1, 2, 10, 65, 40, 100, 0, 8, 21, 18, 30, 50, 4, 9, -1)
WORDS = ("apple", "Level", "Sam", "702", "hello world", "b", "Yes", "no")
OPERATIONS = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "in": lambda left, right: left in right, "not in": lambda left, right: left not in right, "is": operator.is_,
    "is not": operator.is_not,
}  # fmt: skip
ORDERS = ("<", "<=", ">", ">=")


def difference(left: "Any", right: "Any") -> "float | None":
    """Return how far two operands are apart: of numbers, and of single letters by their place in the alphabet."""
    if type(left) in (int, float) and type(right) in (int, float):
        gap: float = left - right
        return gap
    if isinstance(left, str) and isinstance(right, str) and len(left) == len(right) == 1:
        return ord(left) - ord(right)
    return None


def ways(name: str, left: "Any", right: "Any", result: bool) -> "Iterator[str]":
    """Yield the ways that a comparison went; one of an order has five: below, just below, on, just above, above."""
    yield str(result)
    gap = difference(left, right) if name in (*ORDERS, "==", "!=") else None
    if gap is not None:
        yield "on" if gap == 0 else "below" if gap < 0 else "above"
        if 0 < abs(gap) <= 1 and name in ORDERS:
            yield "just below" if gap < 0 else "just above"


def twisted(mode: str, name: str, left: "Any", right: "Any") -> "Any":
    """Return what a comparison of an order gives with its boundary changed as ``mode`` says."""
    gap = difference(left, right)
    if gap is None:
        return OPERATIONS[name](left, right)
    if mode == "strict":
        return OPERATIONS[name](left, right) != (gap == 0)
    if mode in FAR:
        is_number = type(right) in (int, float)
        return OPERATIONS[name](left, (right / 10 if mode == "tenth" else right * 10) if is_number else right)
    return OPERATIONS[name](gap, 1 if mode == "up" else -1)


class Trial:
    """One run: the lines that it read, what it covered, how it ended, and the comparisons with their operands."""

    def __init__(self, lines: "list[str]", random_seed: int, twist: "tuple[int, str] | None" = None) -> None:
        self.lines, self.random_seed, self.twist = lines, random_seed, twist
        self.covered: set[Target] = set()
        self.ended = False
        self.compared: dict[int, list[tuple[str, Any, Any]]] = {}
        self.places: list[Any] = []
        self.events = 0
        self.output = Sink()


class Search:
    """Runs a program again and again; ``trials`` are the runs that ended well."""

    def __init__(self, program: str, constants: "list[Any]", ends: "list[str]", seconds: float, seed: int) -> None:
        self._code = compile(program, "program.py", "exec", dont_inherit=True)
        self.rng = random.Random(seed)
        self._constants, self._ends = constants, ends
        self._notes: dict[Any, str] = {}
        self._known: dict[tuple[int, tuple[str, ...]], Trial] = {}
        self._failed: set[Target] = set()
        self._asked: dict[Target, int] = {}
        self._closest: dict[tuple[int, bool], float] = {}
        self._runs = self._events = self._most = 0
        self._until = time.process_time() + seconds
        self.random_seed = 0
        self.seen: set[Target] = set()
        self.corpus: list[Trial] = []
        self.trials: list[Trial] = []
        self._trial = Trial([], 0)

    @property
    def is_spent(self) -> bool:
        """Whether no further run begins."""
        is_counted_out = self._runs >= self._most or self._events >= ALL_EVENTS
        return is_counted_out or time.process_time() > self._until

    def begin(self, random_seed: int, runs: int, seen: "set[Target]") -> None:
        """Go on with another seed of the program's random numbers, for so many runs, when all this was seen."""
        self.random_seed, self._most = random_seed, self._runs + runs
        self.corpus, self.trials, self.seen = [], [], set(seen)
        self._asked, self._closest, self._failed = {}, {}, set()

    def run(self, lines: "Iterable[str]") -> "Trial | None":
        """Run the program on these lines and what it asks for beyond them; None where no run is left."""
        given = self.random_seed, tuple(lines)
        if given[1] and given in self._known:
            return self._known[given]
        if self.is_spent:
            return None
        trial = Trial(list(given[1]), self.random_seed)
        self._execute(trial)
        del trial.lines[len(trial.places) :]
        is_new = self._known.setdefault((self.random_seed, tuple(trial.lines)), trial) is trial
        self._known[given] = trial
        if is_new and trial.ended:
            self.trials.append(trial)
            self._tell(trial)
        # What a run shows that fails is worth a look, and still has to be shown by one that ends.
        known = self.seen if trial.ended else self.seen | self._failed
        is_closer = self._is_closer(trial)
        if is_closer or not trial.covered <= known:
            self.corpus.append(trial)
        (self.seen if trial.ended else self._failed).update(trial.covered)
        return trial

    def _is_closer(self, trial: Trial) -> bool:
        """Return whether the run is closer to a boundary than all before, from below or from above."""
        is_closer = False
        for key, found in trial.compared.items():
            for _, left, right in found if found[0][0] in ORDERS else ():
                gap = difference(left, right)
                place = key, (gap or 0) < 0
                if gap is not None and abs(gap) < self._closest.get(place, float("inf")):
                    self._closest[place] = abs(gap)
                    is_closer = True
        return is_closer

    def _tell(self, trial: Trial) -> None:
        """Note the boundaries that the run tells from their neighbours."""
        for key in trial.compared:
            ways = {way for target, way in trial.covered if target == -key - 1}
            is_near = not ways.isdisjoint(("on", "just below", "just above"))
            for mode in (
                (*NEAR, *FAR) if ways & {"below", "above", "on"} and trial.compared[key][0][0] in ORDERS else ()
            ):
                target = (-key - 1, mode)
                if mode not in FAR and not is_near:
                    continue
                self._asked[target] = self._asked.get(target, 0) + 1
                if target not in self.seen and self._asked[target] <= MOST_ASKED:
                    other = Trial(list(trial.lines), trial.random_seed, (key, mode))
                    self._execute(other)
                    if (other.ended, other.output.parts) != (trial.ended, trial.output.parts):
                        trial.covered.add(target)

    def _execute(self, trial: Trial) -> None:
        self._trial = trial
        self._runs += 1
        names = {PREFIX + name: getattr(self, "_on_" + name) for name in ("compare", "truth", "items", "reached")}
        random.seed(trial.random_seed)
        kept = sys.stdin, sys.stdout, sys.stderr
        lines = len(trial.lines) or self.rng.randint(1, 5)
        sys.stdin, sys.stdout, sys.stderr = Stdin(lines, self.next_line), trial.output, Sink()
        try:
            exec(self._code, {"__name__": "__main__", "__builtins__": builtins, "input": self.read_line} | names)
            trial.ended = True
        except SystemExit as error:
            trial.ended = not error.code
        except BaseException:  # whatever the program ends with, its run counts as one that failed
            trial.ended = False
        finally:
            sys.stdin, sys.stdout, sys.stderr = kept
        self._events += trial.events

    def read_line(self, prompt: object = "") -> str:
        """Return the next line, as ``input`` does; one that is not there is drawn."""
        frame = sys._getframe(1)
        return self.next_line((frame.f_code.co_name, frame.f_lasti))

    def next_line(self, place: "Any") -> Line:
        """Return the next line; one that is not there is drawn for its place."""
        self._on_event()
        trial = self._trial
        if len(trial.places) >= MAX_LINES:
            trial.events = MAX_EVENTS
            raise Stop
        if len(trial.places) == len(trial.lines):
            if trial.twist:
                raise EOFError
            trial.lines.append(self.draw(place))
        line = Line(trial.lines[len(trial.places)])
        line.place, line.notes = place, self._notes
        trial.places.append(place)
        return line

    def _on_event(self) -> None:
        self._trial.events += 1
        if self._trial.events > MAX_EVENTS:
            raise Stop

    def _on_reached(self, number: int) -> None:
        self._on_event()
        self._trial.covered.add((number, "reached"))

    def _on_truth(self, number: int, value: "Any") -> "Any":
        self._on_event()
        self._trial.covered.add((number, str(bool(value))))
        return value

    def _on_items(self, number: int, values: "Iterable[Any]") -> "Iterator[Any]":
        count = 0
        for value in values:
            self._on_event()
            count += 1
            yield value
        self._trial.covered.add((number, "none" if not count else "one" if count == 1 else "many"))

    def _on_compare(self, number: int, names: "tuple[str, ...]", *operands: "Any") -> "Any":
        self._on_event()
        result: Any = True
        for place, name in enumerate(names):
            left, right = operands[place], operands[place + 1]
            key = number * 10 + place
            twist = self._trial.twist if self._trial.twist and self._trial.twist[0] == key else None
            result = twisted(twist[1], name, left, right) if twist else OPERATIONS[name](left, right)
            self._trial.covered |= {(-key - 1, way) for way in ways(name, left, right, bool(result))}
            found = self._trial.compared.setdefault(key, [])
            if len(found) < 30:
                found.append((name, left, right))
            if not result:
                break
        return result

    def draw(self, place: "Any") -> str:
        """Return a line for a place that reads one."""
        kind = self._notes.get(place, "") if self.rng.random() < 0.93 else ""
        if len(self._trial.lines) > 6 and self._ends and self.rng.random() < 0.5:
            ends = [text for text in self._ends if not kind or number_of(text) is not None] or self._ends
            return self.rng.choice(ends)
        if kind.startswith("parts"):
            separator = self._notes.get((place, "separator"), " ")
            parts = [self._value(kind[6:]) for _ in range(self.rng.choice((2, 3, 1, 4)))]
            return separator.join(parts)
        return self._value(kind)

    def _value(self, kind: str) -> str:
        rng = self.rng
        if not kind:
            texts = [value for value in self._constants if isinstance(value, str)]
            kind = rng.choice(("own", "own", "word", "int")) if texts else rng.choice(("word", "int"))
            if kind != "int":
                return rng.choice(texts if kind == "own" else WORDS)
        own = [value for value in self._constants if not isinstance(value, str)]
        number = rng.choice(NUMBERS)
        if own and rng.random() < 0.5:
            number = rng.choice(own) + rng.choice((-1, 0, 0, 1))
        if kind == "float":
            return written(number + rng.choice((0, 0.5)))
        return str(int(number))
