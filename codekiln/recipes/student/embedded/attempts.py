"""Simulation of attempts backwards from a solution: mistakes and traces of work are removed attempt by attempt."""

import random
import re
from dataclasses import dataclass

from codekiln.code import mutation
from codekiln.recipes.student.embedded.edits import (
    StyleEdit,
    apply_edits,
    line_starts,
    rename_edit,
    tight_commas,
    tight_operators,
)
from codekiln.recipes.student.embedded.profiles import NAMES, StudentProfile

MAX_ATTEMPTS = 7
STAYS_WRONG = 0.1
"""Share of the streams whose last attempt still has a mistake."""

UNFINISHED = 0.25
"""Share of the first attempts that end early."""

SKIPPED_LOOP_MISTAKES = 0.7
"""Share of the mistakes in loop conditions and counters that are not used, because few real submissions hang."""

STATEMENT = r"^( +)(\S.*)$"


@dataclass(frozen=True)
class _TemporaryEdit:
    """An edit of some attempts.

    Attributes:
        first: Index of the first attempt with the edit.
        end: Index of the first attempt without it again.
    """

    edit: StyleEdit
    first: int
    end: int


def simulate_attempts(solution: str, profile: StudentProfile, rng: random.Random) -> tuple[str, ...]:
    """Return a student's attempts in order; the last is ``solution``, except where a mistake stays."""
    length = _length(profile, rng)
    temporary = _mistakes(solution, profile, rng, length)
    temporary += _traces_of_work(solution, profile, rng, length, [item.edit for item in temporary])
    truncation = _truncation(solution, rng) if length > 1 and rng.random() < UNFINISHED else None
    attempts = []
    for number in range(length):
        edits = [item.edit for item in temporary if item.first <= number < item.end]
        if number == 0 and truncation is not None:
            edits = [edit for edit in edits if not edit.overlaps(truncation)] + [truncation]
        attempts.append(apply_edits(solution, edits))
    return tuple(attempts)


def _length(profile: StudentProfile, rng: random.Random) -> int:
    continues = 0.5 + 0.35 * (1 - profile.care)
    length = 1
    while length < MAX_ATTEMPTS and rng.random() < continues:
        length += 1
    return length


def _mistakes(solution: str, profile: StudentProfile, rng: random.Random, length: int) -> list[_TemporaryEdit]:
    """Return a mistake for each attempt but the last, fixed in the next one; in a few streams also one that stays."""
    stays = rng.random() < STAYS_WRONG
    by_class = _possible_mistakes(solution, rng) if stays or length > 1 else {}
    mistakes: list[_TemporaryEdit] = []

    def add(kind: str, first: int, end: int) -> None:
        free = [edit for edit in by_class[kind] if not any(edit.overlaps(item.edit) for item in mistakes)]
        if free:
            mistakes.append(_TemporaryEdit(rng.choice(free), first, end))

    if stays:
        add("logical", 0, length)
    for number in reversed(range(length - 1)):
        kind = rng.choices(list(profile.classes), list(profile.classes.values()))[0]
        add(kind, number if rng.random() < 0.5 else rng.randint(0, number), number + 1)
    return mistakes


def _possible_mistakes(solution: str, rng: random.Random) -> dict[str, list[StyleEdit]]:
    """Return the mutations of a solution, by class."""
    found: dict[str, list[StyleEdit]] = {name: [] for name in mutation.CLASSES}
    for one in mutation.mutations(solution):
        if not _may_hang(solution, one.start) or rng.random() > SKIPPED_LOOP_MISTAKES:
            found[one.intended].append(StyleEdit(((one.start, one.end, one.text),)))
    return found


def _may_hang(code: str, offset: int) -> bool:
    """Tell whether the line at an offset decides when a loop ends: its condition, or an update of a counter."""
    line = code[code.rfind("\n", 0, offset) + 1 :].partition("\n")[0]
    return "while" in code and re.match(r"\s*(while\b|(\w+) ?= ?\2\b|\w+ ?[+-]=)", line) is not None


def _traces_of_work(
    solution: str, profile: StudentProfile, rng: random.Random, length: int, taken: list[StyleEdit]
) -> list[_TemporaryEdit]:
    """Return traces of work in the attempts before the last: prints, the skeleton's comment, inconsistent style."""
    if length == 1:
        return []
    choices = [*_leftovers(solution, rng), *_style_changes(solution, profile, rng)]
    rng.shuffle(choices)
    traces: list[_TemporaryEdit] = []
    for edit in choices[: rng.randint(0, 2 + round(3 * (1 - profile.care)))]:
        if not any(edit.overlaps(other) for other in taken):
            taken = [*taken, edit]
            traces.append(_TemporaryEdit(edit, 0, rng.randint(1, length - 1)))
    return traces


def _leftovers(solution: str, rng: random.Random) -> list[StyleEdit]:
    """Return debug prints before a return, the skeleton's comment, an empty line, and trailing spaces."""
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


def _style_changes(solution: str, profile: StudentProfile, rng: random.Random) -> list[StyleEdit]:
    """Return spacing that later attempts tidy up, and a variable that later attempts rename."""
    spacing = [*tight_operators(solution), *tight_commas(solution)]
    edits = rng.sample(spacing, min(3, len(spacing)))
    other = rng.choice([naming for naming in sorted(NAMES) if naming != profile.naming])
    for role, name in NAMES[profile.naming].items():
        if edit := rename_edit(solution, name, NAMES[other][role]):
            return [*edits, edit]
    return edits


def _truncation(solution: str, rng: random.Random) -> StyleEdit:
    """Return the edit that removes the last statements of the function, one to all."""
    lines = list(line_starts(solution, STATEMENT))
    starts = [(offset, match) for offset, match in lines if len(match[1]) == len(lines[0][1][1])]
    offset, match = rng.choice(starts)
    return StyleEdit(((offset, len(solution), f"{match[1]}{rng.choice(('pass', 'return None', '...'))}"),))


def _insert(offset: int, text: str) -> StyleEdit:
    return StyleEdit(((offset, offset, text),))
