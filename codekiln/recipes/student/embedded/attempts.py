"""Simulation of a student's attempts at a problem, from the solution that they are on their way to.

A student starts with what they have: often an unfinished program, at times in a way that they give up. A mistake is
there from the moment its line is written until it is found; an attempt mends one to three, goes on writing, or both.
Traces of work come and go beside that: prints, old lines kept as comments, the skeleton's comment, spacing, names.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from codekiln.code.mutation import CLASSES, Class
from codekiln.recipes.student.embedded import thoughts
from codekiln.recipes.student.embedded.edits import StyleEdit, apply_edits
from codekiln.recipes.student.embedded.mistakes import Mistake, draw_mistake, possible_mistakes
from codekiln.recipes.student.embedded.profiles import StudentProfile
from codekiln.recipes.student.embedded.traces import Cut, Trace, cuts, kept_line, traces_of_work

MAX_ATTEMPTS = 7
STAYS_WRONG: dict[Class, float] = {"logical": 0.05, "runtime": 0.02, "syntax": 0.04}
"""Share of the streams whose last attempt still has a mistake, by class."""

UNFINISHED = 0.55
"""Share of the programs that are handed in before they are all written."""

STARTS_OVER = 0.25
"""Share of the streams, of three attempts and more, that begin with another way of solving the problem."""

MENDED = (0.5, 0.3, 0.2)
"""How likely an attempt mends one, two or three mistakes."""

ONLY_WRITES = 0.5
"""Share of the attempts with more of a program that mend nothing besides."""

MOST_MISTAKES = 4
"""Most mistakes that one attempt has."""

WRONG_REPAIR = 0.15
"""Share of the mistakes that are made later, in place of something that was right."""

KEEPS_LINE = 0.2
"""Share of the mended lines whose old version is kept as a comment for a while."""


@dataclass(frozen=True)
class Attempt:
    """One attempt, and what the student thinks before it."""

    text: str
    thought: str


@dataclass(frozen=True)
class Stay:
    """A mistake, a trace or a cut, and the attempts that have it.

    Attributes:
        first: Index of the first attempt with it.
        end: Index of the first attempt without it again.
    """

    what: Mistake | Trace | Cut
    first: int
    end: int


@dataclass(frozen=True)
class Draft:
    """A program that a student works on for some attempts.

    Attributes:
        text: What it is to become.
        kind: The kind of loop it has.
        attempts: How many attempts are made at it.
        finished: Whether the last of these is the solution.
    """

    text: str
    kind: str
    attempts: int
    finished: bool


def simulate_attempts(
    solution: tuple[str, str], given_up: tuple[str, str] | None, profile: StudentProfile, rng: random.Random
) -> tuple[Attempt, ...]:
    """Return a student's attempts in order; the last is the solution, except where a mistake stays.

    Args:
        solution: Kind of loop and text of the solution.
        given_up: Those of another one, which the student may begin with.
        profile: The student.
        rng: Decides everything.
    """
    length = _length(profile, rng)
    before = rng.randint(1, length - 2) if length > 2 and given_up and rng.random() < STARTS_OVER else 0
    drafts = [Draft(solution[1], solution[0], length - before, finished=True)]
    if given_up and before:
        drafts.insert(0, Draft(given_up[1], given_up[0], before, finished=False))
    return tuple(attempt for draft in drafts for attempt in _attempts(draft, draft is drafts[0], profile, rng))


def _length(profile: StudentProfile, rng: random.Random) -> int:
    continues = 0.62 + 0.2 * (1 - profile.care)
    length = 1
    while length < MAX_ATTEMPTS and rng.random() < continues:
        length += 1
    return length


def _attempts(draft: Draft, is_first: bool, profile: StudentProfile, rng: random.Random) -> list[Attempt]:
    unfinished = _unfinished(draft, rng)
    stays = [*unfinished, *_mistakes(draft, unfinished, profile, rng)]
    taken = [stay.what.edit for stay in stays if isinstance(stay.what, Mistake)]
    stays += [Stay(*one) for one in traces_of_work(draft.text, draft.attempts, profile, rng, taken)]
    stays += _kept_lines(draft, stays, rng)
    found: list[Attempt] = []
    before: list[Stay] = []
    for number in range(draft.attempts):
        there = _there(stays, number)
        gone = [stay.what for stay in before if stay.end == number]
        new = [stay.what for stay in there if stay.first == number]
        known = [stay.what for stay in before]
        step = thoughts.Step(thoughts.plan(draft.kind, draft.text), is_first, number, known, gone, new)
        text = apply_edits(draft.text, [stay.what.edit for stay in there])
        found.append(Attempt(text, thoughts.thought(step, rng)))
        before = there
    return found


def _there(stays: Sequence[Stay], number: int) -> list[Stay]:
    """Return what an attempt has: what is not written yet has no mistakes either."""
    there = [stay for stay in stays if stay.first <= number < stay.end]
    cut = next((stay for stay in there if isinstance(stay.what, Cut)), None)
    return [stay for stay in there if stay is cut or cut is None or not stay.what.edit.overlaps(cut.what.edit)]


def _unfinished(draft: Draft, rng: random.Random) -> list[Stay]:
    """Return the cuts of the first attempts, each farther down than the one before."""
    most = draft.attempts - draft.finished
    if not most or rng.random() > UNFINISHED:
        return []
    possible = cuts(draft.text, rng)
    count = min(most, len(possible), rng.choice((1, 1, 2, 3)))
    chosen = sorted(rng.sample(range(len(possible)), count))
    return [Stay(possible[place], number, number + 1) for number, place in enumerate(chosen)]


def _mistakes(draft: Draft, unfinished: list[Stay], profile: StudentProfile, rng: random.Random) -> list[Stay]:
    wrong = rng.choices([None, *STAYS_WRONG], [1 - sum(STAYS_WRONG.values()), *STAYS_WRONG.values()])[0]
    remaining: Class | None = wrong if draft.finished else "logical"
    if remaining is None and draft.attempts == 1:
        return []
    possible = possible_mistakes(draft.text, rng, profile.python_2)
    # What an attempt has written does not change where the rest is added.
    by_class = {
        group: [one for one in ones if not any(_straddles(one, stay.what.edit) for stay in unfinished)]
        for group, ones in possible.items()
    }
    found: list[Stay] = []
    for group, planned, end in _planned(draft, unfinished, remaining, profile, rng):
        # What cannot be made at its time is made at another, unless it is to stay.
        for first in dict.fromkeys([planned, *range(end)] if end < draft.attempts else [planned]):
            if free := _free(by_class[group], first, end, draft.text, unfinished, found):
                found.append(Stay(draw_mistake(free, rng), first, end))
                break
    return found


def _planned(
    draft: Draft, unfinished: list[Stay], remaining: Class | None, profile: StudentProfile, rng: random.Random
) -> list[tuple[Class, int, int]]:
    """Return class, first attempt and first attempt without it again of each mistake to be made."""
    mended = _mended(draft, unfinished, rng)
    groups: list[Class] = rng.choices(list(profile.classes), list(profile.classes.values()), k=len(mended))
    # Python names a syntax error before it runs anything, and an exception hides the results that are wrong.
    found = [
        (group, rng.randrange(number) if rng.random() < WRONG_REPAIR else 0, number)
        for number, group in zip(mended, sorted(groups, key=CLASSES.index), strict=True)
    ]
    if remaining == "logical":
        return [(remaining, 0, draft.attempts), *found]
    # What keeps a program from running was broken at the end, or it would have been found.
    return [*found, (remaining, draft.attempts - 1, draft.attempts)] if remaining else found


def _free(
    mistakes: Sequence[Mistake], first: int, end: int, text: str, unfinished: Sequence[Stay], found: Sequence[Stay]
) -> list[Mistake]:
    """Return the mistakes that attempts can have beside others; none where they have enough."""
    at_once = [stay for stay in found if stay.first < end and first < stay.end]
    if len(at_once) >= MOST_MISTAKES:
        return []
    free = [one for one in mistakes if not any(_clash(stay, one, text) for stay in at_once)]
    # What was right is broken only by work on it.
    return [one for one in free if _is_touched(one, first, text, [*unfinished, *found])] if first else free


def _straddles(mistake: Mistake, cut: StyleEdit) -> bool:
    place = cut.spans[0][0]
    return mistake.edit.spans[0][0] < place <= mistake.edit.spans[-1][1]


def _clash(stay: Stay, mistake: Mistake, text: str) -> bool:
    """Tell whether an attempt has two mistakes in one line, or two names misspelt: nobody writes like that."""
    misspelt = isinstance(stay.what, Mistake) and all(one.kind.startswith("misspelt") for one in (stay.what, mistake))
    return misspelt or stay.what.edit.shares_line(mistake.edit, text)


def _is_touched(mistake: Mistake, number: int, text: str, stays: Sequence[Stay]) -> bool:
    """Tell whether an attempt writes the place of a mistake, or mends another in its line and loses nothing there."""
    ended = [stay.what for stay in stays if stay.end == number and stay.what.edit.shares_line(mistake.edit, text)]
    loses = any(len(new) < end - start for start, end, new in mistake.edit.spans)
    return any(isinstance(one, Cut) or not loses for one in ended)


def _kept_lines(draft: Draft, stays: Sequence[Stay], rng: random.Random) -> list[Stay]:
    """Return the lines that are kept as comments when their mistake is mended, as the attempt before had them."""
    found: list[Stay] = []
    for stay in stays:
        if isinstance(stay.what, Mistake) and stay.end < draft.attempts - 1 and rng.random() < KEEPS_LINE:
            before = _there(stays, stay.end - 1)
            old = kept_line(draft.text, stay.what.edit, [one.what.edit for one in before]) if stay in before else None
            found += [Stay(old, stay.end, rng.randint(stay.end + 1, draft.attempts - 1))] if old else []
    return found


def _mended(draft: Draft, unfinished: list[Stay], rng: random.Random) -> list[int]:
    """Return the attempt that mends each mistake, in order."""
    written = {stay.end for stay in unfinished}
    counts = {
        number: 0 if number in written and rng.random() < ONLY_WRITES else rng.choices((1, 2, 3), MENDED)[0]
        for number in range(1, draft.attempts)
    }
    return [number for number, count in counts.items() for _ in range(count)]
