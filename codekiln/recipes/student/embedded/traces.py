"""Traces of work in attempts: cuts where a program is not all written, prints, old lines, spacing, names."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.recipes.student.embedded.edits import (
    StyleEdit,
    apply_edits,
    line_bounds,
    line_starts,
    rename_edit,
    tight_commas,
    tight_operators,
)
from codekiln.recipes.student.embedded.mistakes import STATEMENT
from codekiln.recipes.student.embedded.profiles import NAMES, StudentProfile


@dataclass(frozen=True)
class Trace:
    """Something in some attempts that is neither right nor wrong; ``kind``: print, comment, spacing or name."""

    edit: StyleEdit
    kind: str


@dataclass(frozen=True)
class Cut:
    """The end of what is written so far; ``next_line`` is the first line that is missing."""

    edit: StyleEdit
    next_line: str


def cuts(solution: str, rng: random.Random) -> list[Cut]:
    """Return the places where a program can end while it is written: before each line but the first."""
    found = []
    first, *lines = line_starts(solution, STATEMENT)
    unit = first[1][1]
    for offset, match in lines:
        before = solution[:offset].rstrip("\n").rsplit("\n", 1)[-1]
        if before.lstrip().startswith("#"):
            continue  # a comment comes with the line that it is about
        indent = re.match(r"\s*", before)
        inside = before.rstrip().endswith(":")
        space = (indent[0] if indent else "") + (unit if inside else "")
        # A block needs a statement; elsewhere many students write nothing.
        # ``return None`` ends a function, and no block in it.
        ends = ("", "", "pass", "return None") if space == unit else ("", "", "pass")
        filler = rng.choice(("pass", "pass", "...")) if inside else rng.choice(ends)
        end = f"{space}{filler}" if filler else ""
        found.append(Cut(StyleEdit(((offset, len(solution), end),)), match[2].strip()))
    return found


def kept_line(solution: str, edit: StyleEdit, others: Sequence[StyleEdit]) -> Trace | None:
    """Return the comment with a line as an attempt had it, above the mended one.

    Args:
        solution: A program that is right.
        edit: The mistake in the line.
        others: All edits of the attempt.

    Returns:
        None where the mistake spans several lines or is one of layout only.
    """
    first, last = line_bounds(solution, *edit.spans[0][:2])
    line = solution[first:last]
    before = apply_edits(line, [one.within(first, last) for one in others])
    is_one = "\n" not in line + before and before.strip() not in ("", line.strip())
    if not is_one or before.lstrip().startswith("#"):
        return None
    space = line[: len(line) - len(line.lstrip())]
    return Trace(StyleEdit(((first, first, f"{space}# {before.strip()}\n"),)), "comment")


def traces_of_work(
    solution: str, attempts: int, profile: StudentProfile, rng: random.Random, taken: list[StyleEdit]
) -> list[tuple[Trace, int, int]]:
    """Return traces in the attempts before the last, with the first attempt that has each and the first without it."""
    if attempts == 1:
        return []
    choices = [*_leftovers(solution, profile, rng), *_style_changes(solution, profile, rng)]
    rng.shuffle(choices)
    found: list[tuple[Trace, int, int]] = []
    for trace in choices[: rng.randint(0, 2 + round(3 * (1 - profile.care)))]:
        if not any(trace.edit.overlaps(other) for other in taken):
            taken = [*taken, trace.edit]
            end = rng.randint(1, attempts - 1)
            found.append((trace, rng.randrange(end) if trace.kind == "print" else 0, end))
    return found


def _leftovers(solution: str, profile: StudentProfile, rng: random.Random) -> list[Trace]:
    """Return prints of values, the skeleton's comment, an empty line, and trailing spaces."""
    found = []
    lines = list(line_starts(solution, STATEMENT))
    for (_, before), (offset, match) in zip(lines, lines[1:], strict=False):
        name = re.match(r"(?:return \(?(\w+)\)?$|(\w+) ?[-+]?= )", match[2])
        inside = before[2].endswith(":")
        if name and (name[1] or (not inside and rng.random() < 0.5)):
            shown = name[1] or name[2]
            text = f"print {shown}" if profile.python_2 and rng.random() < 0.5 else f"print({shown})"
            place = offset if name[1] else offset + match.end() + 1
            if place <= len(solution):
                found.append(Trace(_insert(place, f"{match[1]}{text}\n"), "print"))
    found.append(Trace(_insert(lines[0][0], f"{lines[0][1][1]}# YOUR CODE HERE\n"), "comment"))
    offset, match = rng.choice(lines)
    found.append(Trace(_insert(offset + match.end(), "  "), "spacing"))
    offset, _ = rng.choice(lines)
    found.append(Trace(_insert(offset, "\n"), "spacing"))
    return found


def _style_changes(solution: str, profile: StudentProfile, rng: random.Random) -> list[Trace]:
    """Return spacing that later attempts tidy up, and a variable that later attempts rename."""
    spacing = [*tight_operators(solution), *tight_commas(solution)]
    found = [Trace(edit, "spacing") for edit in rng.sample(spacing, min(3, len(spacing)))]
    other = rng.choice([naming for naming in sorted(NAMES) if naming != profile.naming])
    for role, name in NAMES[profile.naming].items():
        if edit := rename_edit(solution, name, NAMES[other][role]):
            return [*found, Trace(edit, "name")]
    return found


def _insert(offset: int, text: str) -> StyleEdit:
    return StyleEdit(((offset, offset, text),))
