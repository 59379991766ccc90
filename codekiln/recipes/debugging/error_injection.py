"""Put exactly so many errors of each class into a program, each alone proven to be what it is called.

A site is one mutation whose change the diff finds as one change, and which the proof puts into the class its family
aims at. Sites that are chosen together are at least one untouched line apart, so each remains a change of its own, and
the finished program is held against the diff again: what it finds must be these sites and nothing else.
"""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from codekiln.code.mutation import Mutation, apply, compiles, mutations
from codekiln.code.mutation.diff import changes, with_change
from codekiln.code.mutation.proof import classify_many
from codekiln.recipes.debugging.error_capacity import is_possible
from codekiln.recipes.debugging.material import CLASSES, Counts, Material
from codekiln.recipes.debugging.proof import proof_of, trials_of
from codekiln.recipes.debugging.tags import Answer
from codekiln.sandbox.limits import Limits

ATTEMPTS = 20
"""Choices that are tried before a request is given up: the diff may see two changes as one, or syntax errors cancel."""


@dataclass(frozen=True)
class Site:
    """A proven error that can be put into a program.

    Attributes:
        mutation: The edit and what is said of it.
        first: First line of the correct program that it touches, counted from 1.
        last: Last line that it touches.
    """

    mutation: Mutation
    first: int
    last: int

    @property
    def kind(self) -> str:
        """The mutation's family."""
        return self.mutation.kind

    @property
    def intended(self) -> str:
        """Its class, which is also the one that was proven."""
        return self.mutation.intended


@dataclass(frozen=True)
class Error:
    """One error of a bugged program, as it is told: the line is the bugged program's, found by the diff."""

    line: int
    intended: str
    kind: str
    construct: str
    explanation: str


@dataclass(frozen=True)
class Bugged:
    """A program with errors, and every error in it, from the first line to the last.

    Attributes:
        program: With all the errors.
        errors: What they are.
        readable: The program with all but the syntax errors, as it is when these have been corrected.
    """

    program: str
    errors: tuple[Error, ...]
    readable: str

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What a reply says of the errors."""
        return tuple(Answer(error.line, error.explanation) for error in self.errors)


def find_sites(
    materials: Sequence[Material],
    *,
    tried: int,
    seed: int,
    classes: Collection[str] = CLASSES,
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "",
) -> list[tuple[Site, ...]]:
    """Return the proven sites of every material, in the materials' order.

    Args:
        materials: Proven ones.
        tried: So many mutations of each class are tried per material, from every family one before any gives two.
        seed: Draws which.
        classes: Only errors of these classes.
        workers: Programs that run at the same time.
        limits: Bounds on one run.
        label: Shows progress under this name.
    """
    had: Counter[str] = Counter()
    candidates = [
        _candidates(material, tried, random.Random(f"{seed}:{material.name}"), classes, had) for material in materials
    ]
    jobs = [
        proof_of(material.program, apply(material.program, [site.mutation]), trials_of(material))
        for material, sites in zip(materials, candidates, strict=True)
        for site in sites
    ]
    classes = iter(classify_many(jobs, workers=workers, limits=limits, label=label))
    return [tuple(site for site in sites if next(classes) == site.intended) for sites in candidates]


def bug(
    material: Material, sites: Sequence[Site], counts: Counts, *, used: Counter[str], rng: random.Random
) -> Bugged | None:
    """Return the program with exactly ``counts`` errors, or None when it cannot hold them.

    Args:
        material: The correct program.
        sites: Its proven sites.
        counts: Errors of each class.
        used: How often each family has been used; families that were used least come first, and are counted.
        rng: Decides between equals.
    """
    if not is_possible(sites, counts):
        return None
    for _ in range(ATTEMPTS):
        chosen = _choose(sites, counts, used, rng)
        if (found := _put_in(material.program, chosen)) is not None:
            used.update(site.kind for site in chosen)
            return found
    return None


def _candidates(
    material: Material, tried: int, rng: random.Random, classes: Collection[str], had: Counter[str]
) -> list[Site]:
    """Draw mutations to try: families in turn, those first that ``had`` the fewest tries in other programs."""
    found: list[Site] = []
    everything = mutations(material.program, classes)
    for name in classes:
        by_kind: dict[str, list[Mutation]] = defaultdict(list)
        for mutation in everything:
            if mutation.intended == name:
                by_kind[mutation.kind].append(mutation)
        order = sorted(by_kind, key=lambda kind: (had[kind], rng.random()))
        for kind in order:
            rng.shuffle(by_kind[kind])
        turns = itertools.zip_longest(*(by_kind[kind] for kind in order))
        drawn = (mutation for turn in turns for mutation in turn if mutation is not None)
        sites = (site for mutation in drawn if (site := _site(material.program, mutation)) is not None)
        chosen = list(itertools.islice(sites, tried))
        had.update(site.kind for site in chosen)
        found += chosen
    return found


def _site(program: str, mutation: Mutation) -> Site | None:
    """Return where a mutation is, or None when the diff sees it as more than one change."""
    changed = apply(program, [mutation])
    found = changes(program, changed)
    if len(found) != 1 or with_change(program, found[0]) != changed:
        return None
    start, end = min(mutation.start, found[0].start), max(mutation.end, found[0].end)
    return Site(mutation, program.count("\n", 0, start) + 1, program.count("\n", 0, max(start, end - 1)) + 1)


def _choose(sites: Sequence[Site], counts: Counts, used: Counter[str], rng: random.Random) -> list[Site]:
    """Draw sites one by one so that the rest of the counts stays possible; the counts are possible to begin with."""
    left, chosen = {name: counts.of(name) for name in CLASSES}, []
    here: Counter[str] = Counter()
    while any(left.values()):
        wanted = [site for site in sites if left[site.intended]]
        rng.shuffle(wanted)
        wanted.sort(key=lambda site: (here[site.kind], used[site.kind]))
        for site in wanted:
            rest = [other for other in sites if other.first > site.last + 1 or other.last < site.first - 1]
            after = left | {site.intended: left[site.intended] - 1}
            if is_possible(rest, Counts(**after)):
                sites, left = rest, after
                chosen.append(site)
                here[site.kind] += 1
                break
    return chosen


def _put_in(program: str, chosen: Sequence[Site]) -> Bugged | None:
    """Return the program with all the sites, or None when together they are not what each is alone."""
    bugged = apply(program, [site.mutation for site in chosen])
    if compiles(bugged) == any(site.intended == "syntax" for site in chosen):
        return None
    alone = {apply(program, [site.mutation]): site for site in chosen}
    errors = []
    for change in changes(program, bugged):
        site = alone.pop(with_change(program, change), None)
        if site is None:
            return None
        errors.append(
            Error(change.line, site.intended, site.kind, site.mutation.construct, site.mutation.explanation.strip())
        )
    if alone:
        return None
    readable = apply(program, [site.mutation for site in chosen if site.intended != "syntax"])
    return Bugged(bugged, tuple(errors), readable)
