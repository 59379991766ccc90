"""What simulated students think before an attempt, in a beginner's words."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from codekiln.code.mutation import CLASSES, Class
from codekiln.recipes.student.embedded.mistakes import Mistake
from codekiln.recipes.student.embedded.traces import Cut, Trace

PLANS = {
    "for": ("I think I can go through it with a for loop.", "A for loop should do it, one after the other."),
    "while": ("I'll use a while loop and count up.", "Maybe a while loop that runs until it is done."),
    "recursive": (
        "I can make the function call itself on a smaller piece.",
        "Recursion, I think: do one, then the rest.",
    ),
}
NO_LOOP = ("I'll write it down step by step, as the task says.", "I think I know how to start, so I'll just try.")
STARTS_OVER = ("This way is getting too messy.", "I don't see what is wrong here, so let me start over.")
FOUND: dict[Class, tuple[str, ...]] = {
    "syntax": (
        "It does not even run.",
        "A syntax error, so something is written wrong.",
        "Python does not like a line.",
    ),
    "runtime": ("It stops with an error.", "Hm, it crashes when it runs.", "An error again."),
    "logical": ("It runs but the answer is wrong.", "Not all tests pass.", "Why is the result not what I want?"),
}
MENDS = ("I think it is {}.", "Oh wait, {}! I'll change that.", "Could it be {}? I'll try.")
MENDS_TOO = (" And {} looks wrong too.", " Then I also see {}.")
TRIES = ("Maybe I should change something else as well.", "I'm not sure, but I'll try another thing too.")
WRITES = ("Now the next part: `{}`.", "The start is there, so I go on with `{}`.")
SHOWS = "I'll print the value to see what happens."
HIDES = "The print can go now."
TIDIES = "I'll make it look nicer."
UNSURE = ("Not sure yet, I'll hand in and see.", "I'll try it like this.")


class Step(NamedTuple):
    """What an attempt changes.

    Attributes:
        plan: What the student may think of the program as a whole.
        is_first: Whether the student starts with this program.
        number: Index of the attempt at this program.
        before: Mistakes, traces and cuts of the attempt before.
        gone: Those of them that the attempt no longer has.
        new: Those that it has for the first time.
    """

    plan: Sequence[str]
    is_first: bool
    number: int
    before: Sequence[Mistake | Trace | Cut]
    gone: Sequence[Mistake | Trace | Cut]
    new: Sequence[Mistake | Trace | Cut]


def plan(kind: str, solution: str) -> Sequence[str]:
    """Return what a student may think before the first attempt: of its loop, where it has one."""
    body = solution.partition("\n")[2]
    name = solution[len("def ") :].partition("(")[0]
    has_it = f"{name}(" in body.rpartition('"""')[2] if kind == "recursive" else f"{kind} " in body
    return PLANS[kind] if has_it else NO_LOOP


def thought(step: Step, rng: random.Random) -> str:
    """Return one to three sentences that a student might think before an attempt."""
    if step.number == 0:
        before = "" if step.is_first else rng.choice(STARTS_OVER) + " "
        return before + rng.choice(step.plan)
    mended = [one for one in step.gone if isinstance(one, Mistake)]
    parts = [f"{_finds(step, rng)} {_mends(mended, rng)}"] if mended else []
    parts += [rng.choice(WRITES).format(one.next_line) for one in step.gone if isinstance(one, Cut)]
    parts += [rng.choice(TRIES)] if any(isinstance(one, Mistake) for one in step.new) else []
    parts += _about_traces(step)
    return " ".join(parts[:3] or [rng.choice(UNSURE)])


def _finds(step: Step, rng: random.Random) -> str:
    """Return what the student saw of the attempt before: the first error hides the others."""
    groups = {one.group for one in step.before if isinstance(one, Mistake)}
    return rng.choice(FOUND[min(groups, key=CLASSES.index)])


def _mends(mended: Sequence[Mistake], rng: random.Random) -> str:
    first, *more = mended
    text = rng.choice(MENDS).format(first.construct)
    return text + (rng.choice(MENDS_TOO).format(more[0].construct) if more else "")


def _about_traces(step: Step) -> list[str]:
    new, gone = ({one.kind for one in group if isinstance(one, Trace)} for group in (step.new, step.gone))
    found = [SHOWS] if "print" in new else []
    found += [HIDES] if "print" in gone else []
    return found + ([TIDIES] if {"spacing", "name", "comment"} & gone and not found else [])
