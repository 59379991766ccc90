"""Injects an exact number of errors of each class into a program, each proven alone to be of its class.

A site is one mutation that the diff finds as one change, and that the proof classifies as its family intends. Sites
that are chosen together are at least one untouched line apart, so each remains a change of its own, and the finished
program is compared by the diff again: its changes must be these sites and nothing else.
"""

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from codekiln.code.mutation import Mutation, apply, compiles, mutations
from codekiln.code.mutation.diff import changes, with_change
from codekiln.code.mutation.kinds import Class
from codekiln.code.mutation.proof import classify_many
from codekiln.recipes.debugging.error_capacity import can_hold
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ExerciseMaterial
from codekiln.recipes.debugging.program_check import classification_job
from codekiln.recipes.debugging.tags import Explanation
from codekiln.sandbox.limits import Limits

ATTEMPTS = 20
"""Selections tried before a request is given up: the diff may see two changes as one, or syntax errors may cancel."""


@dataclass(frozen=True)
class InjectionSite:
    """A proven error that can be injected into a program.

    Attributes:
        mutation: The edit and its description.
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
    def intended(self) -> Class:
        """Its class, which is also the one that was proven."""
        return self.mutation.intended


@dataclass(frozen=True)
class InjectedError:
    """One error of a bugged program, with its line there, as the diff finds it."""

    line: int
    intended: Class
    kind: str
    construct: str
    explanation: str


@dataclass(frozen=True)
class BuggedProgram:
    """A program with errors, and every error in it, from the first line to the last.

    Attributes:
        program: The program with all errors.
        errors: The errors.
        readable: The program with all but the syntax errors, as a learner has it after correcting these.
    """

    program: str
    errors: tuple[InjectedError, ...]
    readable: str

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """The explanations in a reply with this program."""
        return tuple(Explanation(error.line, error.explanation) for error in self.errors)


def find_sites(
    materials: Sequence[ExerciseMaterial],
    *,
    tried: int,
    seed: int,
    classes: Collection[Class] = CLASSES,
    workers: int | None = None,
    limits: Limits | None = None,
    label: str = "",
) -> list[tuple[InjectionSite, ...]]:
    """Return the proven sites of every material, in the materials' order.

    Args:
        materials: Materials that passed `check_programs`.
        tried: Mutations of each class that are tried per material, one of every family before the second of any.
        seed: Decides which.
        classes: Only errors of these classes.
        workers: Programs that run at the same time.
        limits: Bounds on one run.
        label: Label of the progress line; empty: none.
    """
    # Shared by all materials, so that rare families get their turn over the whole data set.
    tries: Counter[str] = Counter()
    candidates = [
        _candidates(material, tried, random.Random(f"{seed}:{material.name}"), classes, tries) for material in materials
    ]
    jobs = [
        classification_job(material.program, apply(material.program, [site.mutation]), material.trials)
        for material, sites in zip(materials, candidates, strict=True)
        for site in sites
    ]
    found = iter(classify_many(jobs, workers=workers, limits=limits, label=label))
    return [tuple(site for site in sites if next(found) == site.intended) for sites in candidates]


def inject(
    material: ExerciseMaterial,
    sites: Sequence[InjectionSite],
    counts: ErrorCounts,
    *,
    used: Counter[str],
    rng: random.Random,
) -> BuggedProgram | None:
    """Return the program with exactly ``counts`` errors, or None when it cannot hold them.

    Args:
        material: The correct program.
        sites: Its proven sites.
        counts: Errors of each class.
        used: How often each family has been used; families used least come first. Chosen families are counted in it.
        rng: Breaks ties.
    """
    if not can_hold(sites, counts):
        return None
    for _ in range(ATTEMPTS):
        chosen = _choose(sites, counts, used, rng)
        if (found := _inject_all(material.program, chosen)) is not None:
            used.update(site.kind for site in chosen)
            return found
    return None


def _candidates(
    material: ExerciseMaterial, tried: int, rng: random.Random, classes: Collection[Class], tries: Counter[str]
) -> list[InjectionSite]:
    """Draw mutations to try: families in turn, those first that have the fewest ``tries`` in other programs."""
    found: list[InjectionSite] = []
    everything = mutations(material.program, classes)
    for name in classes:
        by_kind: dict[str, list[Mutation]] = defaultdict(list)
        for mutation in everything:
            if mutation.intended == name:
                by_kind[mutation.kind].append(mutation)
        order = sorted(by_kind, key=lambda kind: (tries[kind], rng.random()))
        for kind in order:
            rng.shuffle(by_kind[kind])
        turns = itertools.zip_longest(*(by_kind[kind] for kind in order))
        drawn = (mutation for turn in turns for mutation in turn if mutation is not None)
        sites = (site for mutation in drawn if (site := _site(material.program, mutation)) is not None)
        chosen = list(itertools.islice(sites, tried))
        tries.update(site.kind for site in chosen)
        found += chosen
    return found


def _site(program: str, mutation: Mutation) -> InjectionSite | None:
    """Return where a mutation is, or None when the diff sees it as more than one change."""
    changed = apply(program, [mutation])
    found = changes(program, changed)
    if len(found) != 1 or with_change(program, found[0]) != changed:
        return None
    start, end = min(mutation.start, found[0].start), max(mutation.end, found[0].end)
    return InjectionSite(mutation, program.count("\n", 0, start) + 1, program.count("\n", 0, max(start, end - 1)) + 1)


def _choose(
    sites: Sequence[InjectionSite], counts: ErrorCounts, used: Counter[str], rng: random.Random
) -> list[InjectionSite]:
    """Draw sites one by one so that the program can still hold the rest; it can hold the counts to begin with."""
    left: dict[str, int] = {name: counts.of(name) for name in CLASSES}
    chosen: list[InjectionSite] = []
    in_program: Counter[str] = Counter()
    while any(left.values()):
        wanted = [site for site in sites if left[site.intended]]
        rng.shuffle(wanted)
        # The sort is stable, so the shuffle decides between families that were used equally often.
        wanted.sort(key=lambda site: (in_program[site.kind], used[site.kind]))
        for site in wanted:
            rest = [other for other in sites if other.first > site.last + 1 or other.last < site.first - 1]
            after = left | {site.intended: left[site.intended] - 1}
            if can_hold(rest, ErrorCounts(**after)):
                sites, left = rest, after
                chosen.append(site)
                in_program[site.kind] += 1
                break
    return chosen


def _inject_all(program: str, chosen: Sequence[InjectionSite]) -> BuggedProgram | None:
    """Return the program with all sites, or None when their changes together are not those of each alone."""
    bugged = apply(program, [site.mutation for site in chosen])
    # Two syntax errors can cancel, such as a bracket removed and one added.
    if compiles(bugged) == any(site.intended == "syntax" for site in chosen):
        return None
    alone = {apply(program, [site.mutation]): site for site in chosen}
    errors = []
    for change in changes(program, bugged):
        site = alone.pop(with_change(program, change), None)
        if site is None:
            return None
        errors.append(
            InjectedError(
                change.line, site.intended, site.kind, site.mutation.construct, site.mutation.explanation.strip()
            )
        )
    if alone:
        return None
    readable = apply(program, [site.mutation for site in chosen if site.intended != "syntax"])
    return BuggedProgram(bugged, tuple(errors), readable)
