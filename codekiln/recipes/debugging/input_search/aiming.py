"""Searches standard inputs that reach a program's branches, and both sides of each of its boundaries.

Inside the sandbox: the standard library alone. Lines are changed so that comparisons come out on, just below and just
above their boundaries: a line that is an operand becomes the other operand (Aschermann et al., "REDQUEEN: Fuzzing with
Input-to-State Correspondence", NDSS 2019), and a number that moves an operand is moved by what is missing (Korel,
"Automated Software Test Data Generation", 1990). Everything is seeded and counted: equal programs have equal inputs.
"""

import random
import time

from codekiln.recipes.debugging.input_search.lines import number_of, written
from codekiln.recipes.debugging.input_search.runs import DRAWN_AT_FIRST, NEAR, ORDERS, Search, Trial, difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from codekiln.recipes.debugging.input_search.runs import Target

RUNS, RUNS_OF_SEED = 700, 150
"""Runs of a program, and of one that draws random numbers with each of their seeds."""
PROBES = (1, 10, -100)
"""What is added to a number to see what it moves; the next where the one before moves nothing."""
FEWEST = 3
"""Inputs that are kept although others cover what they do, where the program says something else on them."""


def aimed(search: Search, trial: Trial) -> "Iterator[list[str]]":
    """Yield lines that may make a comparison of a run go a way that no run had."""
    for key, found in trial.compared.items():
        for index in (0, -1) if len(found) > 1 else (0,):
            name, left, right = found[index]
            gap = difference(left, right)
            has_both = {(-key - 1, "True"), (-key - 1, "False")} <= search.seen
            if (gap is None or name not in ORDERS) and not has_both:
                yield from equalled(trial.lines, left, right)
            if gap is not None:
                yield from neighbours(search, trial, key, index)


def neighbours(search: Search, trial: Trial, key: int, index: int) -> "Iterator[list[str]]":
    """Yield lines on which two operands may be equal, or just not, while a boundary has to be told from others."""
    name, left, right = trial.compared[key][index]
    gap = left - right if not isinstance(left, str) else ord(left) - ord(right)
    near: float = 1 if type(gap) is int else 0.5
    goals = [("on", 0.0), ("just below", -near), ("just above", near)]
    if name not in ORDERS:
        goals = [("below", -near), ("above", near)]
    # While a boundary is not told, what was seen on one path may be of use on another.
    is_told = name not in ORDERS or all((-key - 1, mode) in search.seen for mode in NEAR)
    wanted = [goal for way, goal in goals if not is_told or (-key - 1, way) not in search.seen]
    yield from aimed_at(search, trial, key, index, gap, wanted)


def aimed_at(
    search: Search, trial: Trial, key: int, index: int, gap: float, goals: "list[float]"
) -> "Iterator[list[str]]":
    """Yield lines on which the operands of a comparison may be so far apart."""
    _, left, right = trial.compared[key][index]
    for goal in goals:
        yield from moved(trial.lines, left, right, goal)
        yield from shifted(search, trial, key, index, gap, goal)


def equalled(lines: "list[str]", left: "Any", right: "Any") -> "Iterator[list[str]]":
    """Yield lines in which one operand is the other, or one of its items."""
    for old, new in ((left, right), (right, left)):
        values = list(new)[:6] if isinstance(new, list | tuple | set | dict | range) else [new]
        for value in values:
            if isinstance(value, str | int | float) and not isinstance(value, bool):
                yield from replaced(lines, old, value if isinstance(value, str) else written(value))


def replaced(lines: "list[str]", old: "Any", text: str) -> "Iterator[list[str]]":
    """Yield lines with ``text`` for each line that is ``old``, as text or as a number."""
    for place, line in enumerate(lines):
        is_number = type(old) in (int, float) and number_of(line) == old
        if is_number or isinstance(old, str) and line.strip().lower() == old.strip().lower():
            yield [*lines[:place], text, *lines[place + 1 :]]


def moved(lines: "list[str]", left: "Any", right: "Any", goal: float) -> "Iterator[list[str]]":
    """Yield lines in which an operand, or the length of a line, stands as ``left - right == goal`` wants it."""
    if isinstance(left, str):
        for place, line in enumerate(lines):
            if left in line:
                letter = chr(max(32, ord(right) + int(goal)))
                yield [*lines[:place], line.replace(left, letter, 1), *lines[place + 1 :]]
        return
    yield from replaced(lines, left, written(right + goal))
    yield from replaced(lines, right, written(left - goal))
    for place, line in enumerate(lines):
        for size, wanted in ((left, right + goal), (right, left - goal)):
            if len(line) == size and 0 < wanted <= 40:
                yield [*lines[:place], (line + "abcdefgh" * 5)[: int(wanted)], *lines[place + 1 :]]


def shifted(search: Search, trial: Trial, key: int, index: int, gap: float, goal: float) -> "Iterator[list[str]]":
    """Yield lines in which one number is moved by what the distance needs, as a probe shows that moves it a little."""
    for place, line in enumerate(trial.lines[:12]):
        number = number_of(line)
        if number is None:
            continue
        for step in PROBES:
            probe = search.run([*trial.lines[:place], written(number + step), *trial.lines[place + 1 :]])
            found = probe.compared.get(key, ()) if probe else ()
            other = difference(*found[index][1:]) if found else None
            if other is not None and other != gap:
                target = number + step * (goal - gap) / (other - gap)
                # And a little beyond, where a boundary is on the way to something else.
                near: set[float] = {round(target), int(target), int(target) + 1, round(1.1 * target - 0.1 * number)}
                if isinstance(gap, float):
                    near.add(round(target, 4))
                for value in sorted(near):
                    yield [*trial.lines[:place], written(value), *trial.lines[place + 1 :]]
                break


def varied(search: Search, trial: Trial, rng: random.Random) -> "list[str]":
    """Return the lines of a run with something changed; what is taken away at the end is drawn anew."""
    lines = list(trial.lines)
    if not lines:
        return lines
    place = rng.randrange(len(lines))
    change = rng.choice(("draw", "draw", "cut", "cut", "copy", "delete", "insert", "small"))
    if change == "draw":
        lines[place] = search.draw(trial.places[place])
    elif change == "cut":
        del lines[place:]
    elif change == "copy":
        lines[place] = rng.choice(lines)
    elif change == "delete":
        del lines[place]
    elif change == "insert":
        lines.insert(place, search.draw(trial.places[place]))
    elif number_of(lines[place]) is not None:
        lines[place] = str(rng.choice((0, 1, 2)))
    return lines


def search(
    program: str,
    constants: "list[Any]",
    ends: "list[str]",
    most: int,
    seconds: float,
    draws_numbers: bool = False,
    seed: int = 0,
) -> "list[str]":
    """Return standard inputs of a program that together show most of what was found.

    Args:
        program: The instrumented program.
        constants: Numbers and texts that stand in the program.
        ends: Texts that may end a loop.
        most: Largest number of inputs.
        seconds: CPU time after which no further run begins.
        draws_numbers: Whether the program draws random numbers; the n-th input is then for the n-th seed, from 0.
        seed: Decides what is drawn.
    """
    time.sleep = lambda seconds: None
    found = Search(program, constants, ends, seconds, seed)
    if draws_numbers:
        kept = in_turn(found, most)
    else:
        found.begin(0, RUNS, set())
        explore(found)
        kept = chosen(found.trials, most)
    return ["".join(f"{line}\n" for line in trial.lines) for trial in kept]


def in_turn(found: Search, most: int) -> "list[Trial]":
    """Return runs with the random seeds 0, 1, 2, ..., as the place of an input is the seed of its random numbers."""
    kept: list[Trial] = []
    useful = 1
    covered: set[Target] = set()
    for number in range(most):
        found.begin(number, RUNS_OF_SEED, covered)
        explore(found)
        best = max(found.trials, key=lambda trial: (worth(trial.covered - covered), -len(trial.lines)), default=None)
        if best is None:
            break
        kept.append(best)
        useful = len(kept) if worth(best.covered - covered) else useful
        covered |= best.covered
    return kept[:useful]


def explore(found: Search) -> None:
    """Run the program until no run is left, or nothing new has come for a while."""
    for _ in range(DRAWN_AT_FIRST):
        found.run([])
    idle = 0
    while idle < 3 and not found.is_spent and found.corpus:
        before = len(found.seen)
        for trial in list(found.corpus):
            for lines in aimed(found, trial):
                found.run(lines)
        for _ in range(15):
            found.run(varied(found, found.rng.choice(found.corpus), found.rng))
        idle = 0 if len(found.seen) > before else idle + 1


def worth(targets: "set[Target]") -> int:
    """Return what it is worth to cover these: first the sides of branches, and boundaries that are told."""
    most = ("True", "False", "reached", *NEAR)
    return sum(3 if way in most else 0 if way in ("on", "just below", "just above") else 1 for _, way in targets)


def chosen(trials: "list[Trial]", most: int) -> "list[Trial]":
    """Return runs that each cover what the others do not: those first that add most, and of these the shortest."""
    kept: list[Trial] = []
    covered: set[Target] = set()
    while len(kept) < most:
        best = max(trials, key=lambda trial: (worth(trial.covered - covered), -len(trial.lines)), default=None)
        if best is None or not worth(best.covered - covered) and kept:
            break
        kept.append(best)
        covered |= best.covered
    for trial in list(kept):
        others = set().union(*(other.covered for other in kept if other is not trial))
        if len(kept) > 1 and not worth(trial.covered - others):
            kept.remove(trial)
    # A program without conditions shows more on other numbers, too.
    seen = {tuple(trial.output.parts) for trial in kept}
    for trial in sorted(trials, key=lambda trial: len(trial.lines)):
        if len(kept) < min(FEWEST, most) and tuple(trial.output.parts) not in seen:
            seen.add(tuple(trial.output.parts))
            kept.append(trial)
    return kept
