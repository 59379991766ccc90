"""The way to a solution, written backwards: mistakes and traces of work that are undone attempt by attempt."""

import random
import re
from dataclasses import dataclass

from codekiln.code import mutation
from codekiln.recipes.student.embedded.edits import Edit, line_starts, put_in, renamed, tight_commas, tight_operators
from codekiln.recipes.student.embedded.habits import NAMES, Habits

LONGEST = 7
STAYS_WRONG = 0.1
"""Share of the streams whose last attempt is still wrong."""

UNFINISHED = 0.25
"""Share of the first attempts whose end is missing."""

HANGS_LESS = 0.7
"""Share of the mistakes in the conditions and counters of loops that are left out: few real submissions hang."""

STATEMENT = r"^( +)(\S.*)$"


@dataclass(frozen=True)
class _Trace:
    """An edit that is there from attempt ``born`` to the one before ``gone``."""

    edit: Edit
    born: int
    gone: int


def write_stream(solution: str, habits: Habits, rng: random.Random) -> tuple[str, ...]:
    """Return a student's attempts, first to last; the last is ``solution``, or now and then nearly so."""
    length = _length(habits, rng)
    traces = _mistakes(solution, habits, rng, length)
    traces += _left_over(solution, habits, rng, length, [trace.edit for trace in traces])
    cut = _cut(solution, rng) if length > 1 and rng.random() < UNFINISHED else None
    attempts = []
    for number in range(length):
        there = [trace.edit for trace in traces if trace.born <= number < trace.gone]
        if number == 0 and cut is not None:
            there = [edit for edit in there if not edit.meets(cut)] + [cut]
        attempts.append(put_in(solution, there))
    return tuple(attempts)


def _length(habits: Habits, rng: random.Random) -> int:
    more = 0.5 + 0.35 * (1 - habits.care)
    length = 1
    while length < LONGEST and rng.random() < more:
        length += 1
    return length


def _mistakes(solution: str, habits: Habits, rng: random.Random, length: int) -> list[_Trace]:
    """Return a mistake for each attempt but the last, mended in the next; and for a few streams one that stays."""
    stays = rng.random() < STAYS_WRONG
    by_class = _possible(solution, rng) if stays or length > 1 else {}
    traces: list[_Trace] = []

    def add(kind: str, born: int, gone: int) -> None:
        free = [edit for edit in by_class[kind] if not any(edit.meets(trace.edit) for trace in traces)]
        if free:
            traces.append(_Trace(rng.choice(free), born, gone))

    if stays:
        add("logical", 0, length)
    for number in reversed(range(length - 1)):
        kind = rng.choices(list(habits.classes), list(habits.classes.values()))[0]
        add(kind, number if rng.random() < 0.5 else rng.randint(0, number), number + 1)
    return traces


def _possible(solution: str, rng: random.Random) -> dict[str, list[Edit]]:
    """Return the mistakes that a solution can have, by class."""
    found: dict[str, list[Edit]] = {name: [] for name in mutation.CLASSES}
    for one in mutation.mutations(solution):
        if not _may_hang(solution, one.start) or rng.random() > HANGS_LESS:
            found[one.intended].append(Edit(((one.start, one.end, one.text),)))
    return found


def _may_hang(code: str, offset: int) -> bool:
    """Tell whether a line decides when a loop ends: the condition of one, or a variable that is counted on."""
    line = code[code.rfind("\n", 0, offset) + 1 :].partition("\n")[0]
    return "while" in code and re.match(r"\s*(while\b|(\w+) ?= ?\2\b|\w+ ?[+-]=)", line) is not None


def _left_over(solution: str, habits: Habits, rng: random.Random, length: int, taken: list[Edit]) -> list[_Trace]:
    """Return traces of work in the attempts before the last: prints, the skeleton's comment, drifting style."""
    if length == 1:
        return []
    choices = [*_work(solution, rng), *_drift(solution, habits, rng)]
    rng.shuffle(choices)
    traces: list[_Trace] = []
    for edit in choices[: rng.randint(0, 2 + round(3 * (1 - habits.care)))]:
        if not any(edit.meets(other) for other in taken):
            taken = [*taken, edit]
            traces.append(_Trace(edit, 0, rng.randint(1, length - 1)))
    return traces


def _work(solution: str, rng: random.Random) -> list[Edit]:
    """Return prints before a return, the skeleton's comment, an empty line, and spaces at a line's end."""
    edits = []
    lines = list(line_starts(solution, STATEMENT))
    for offset, match in lines:
        if name := re.fullmatch(r"return \(?(\w+)\)?", match[2]):
            edits.append(_insert(offset, f"{match[1]}print({name[1]})\n"))
    edits.append(_insert(lines[0][0], f"{lines[0][1][1]}# YOUR CODE HERE\n"))
    offset, match = rng.choice(lines)
    edits.append(_insert(offset + match.end(), "  "))
    offset, _ = rng.choice(lines)
    edits.append(_insert(offset, "\n"))
    return edits


def _drift(solution: str, habits: Habits, rng: random.Random) -> list[Edit]:
    """Return spacing that is tidied up later, and a name that is given a better one."""
    spacing = [*tight_operators(solution), *tight_commas(solution)]
    edits = rng.sample(spacing, min(3, len(spacing)))
    other = rng.choice([naming for naming in sorted(NAMES) if naming != habits.naming])
    for role, name in NAMES[habits.naming].items():
        if edit := renamed(solution, name, NAMES[other][role]):
            return [*edits, edit]
    return edits


def _cut(solution: str, rng: random.Random) -> Edit | None:
    """Return the edit that leaves the last statements out, one to all."""
    lines = list(line_starts(solution, STATEMENT))
    starts = [(offset, match) for offset, match in lines if len(match[1]) == len(lines[0][1][1])]
    offset, match = rng.choice(starts)
    return Edit(((offset, len(solution), f"{match[1]}{rng.choice(('pass', 'return None', '...'))}"),))


def _insert(offset: int, text: str) -> Edit:
    return Edit(((offset, offset, text),))
