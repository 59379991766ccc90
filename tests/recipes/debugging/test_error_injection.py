"""Errors that are put in: exactly so many, each what it is called, on the lines that are told."""

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.code.mutation import apply
from codekiln.code.mutation.diff import changes, with_change
from codekiln.recipes.debugging import error_injection
from codekiln.recipes.debugging.error_capacity import can_hold
from codekiln.recipes.debugging.error_injection import find_sites, inject
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts
from codekiln.sandbox.observe import Run, observe
from tests.recipes.debugging.making import LIMITS, MATERIAL, material, sites

NAMES = ("", "exam-results", "count-above")
three = st.tuples(*[st.integers(0, 2)] * 3).filter(any)


def compiles(program):
    try:
        compile(program, "p", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def runs_of(item, program):
    if item.calls:
        return [Run(program, calls=item.calls)]
    return [Run(program, stdin=text) for text in item.stdins]


def seen_class(changed, right, wrong):
    """Say what an error does from what both programs did, without the engine's proof.

    A script that asks for more input than the correct one was given does not fail with its user.
    """
    if not compiles(changed):
        return "syntax"
    raised = [one.ending == "raised" and one.error != "EOFError" for one in wrong]
    if any(raised) or any(result.error for one in wrong for result in one.results):
        return "runtime"
    shown = [[(one.printed, one.results) for one in some] for some in (right, wrong)]
    return "logical" if shown[0] != shown[1] else None


def test_every_site_does_what_its_class_says():
    items = {name: material(name) if name else MATERIAL for name in NAMES}
    tried = [(items[name], site, apply(items[name].program, [site.mutation])) for name in NAMES for site in sites(name)]
    plans = [(runs_of(item, item.program), runs_of(item, changed)) for item, _, changed in tried]
    seen = iter(observe([run for pair in plans for runs in pair for run in runs], limits=LIMITS))
    assert {site.intended for _, site, _ in tried} == set(CLASSES)
    for (_, site, changed), pair in zip(tried, plans, strict=True):
        right, wrong = ([next(seen) for _ in runs] for runs in pair)
        assert seen_class(changed, right, wrong) == site.intended, site


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), three, st.integers(0, 99))
def test_a_bugged_program_has_exactly_the_errors_asked_for(name, counts, seed):
    item, found, wanted = material(name) if name else MATERIAL, sites(name), ErrorCounts(*counts)
    bugged = inject(item, found, wanted, used=Counter(), rng=random.Random(seed))
    if bugged is None:
        assert not can_hold(found, wanted) or wanted.total > 2
        return
    assert {name: sum(error.intended == name for error in bugged.errors) for name in CLASSES} == dict(
        zip(CLASSES, counts, strict=True)
    )
    assert compiles(bugged.program) == (wanted.syntax == 0)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES), three, st.integers(0, 99))
def test_lines_are_those_of_the_diff_and_do_not_touch(name, counts, seed):
    item = material(name) if name else MATERIAL
    bugged = inject(item, sites(name), ErrorCounts(*counts), used=Counter(), rng=random.Random(seed))
    if bugged is None:
        return
    found = changes(item.program, bugged.program)
    lines = [error.line for error in bugged.errors]
    assert lines == [change.line for change in found] == sorted(lines)
    assert all(second - first >= 1 for first, second in zip(lines, lines[1:], strict=False))
    alone = [with_change(item.program, change) for change in found]
    made = {apply(item.program, [site.mutation]): site for site in sites(name)}
    for text, error in zip(alone, bugged.errors, strict=True):
        assert (made[text].kind, made[text].intended) == (error.kind, error.intended)
    touched = sorted((made[text].first, made[text].last) for text in alone)
    assert all(after[0] - before[1] >= 2 for before, after in zip(touched, touched[1:], strict=False))


def test_the_changed_line_is_where_the_program_really_differs():
    """Without the diff: where no line was added or removed, lines are compared one by one."""
    compared = 0
    for seed in range(30):
        bugged = inject(MATERIAL, sites(), ErrorCounts(1, 1, 1), used=Counter(), rng=random.Random(seed))
        before, after = MATERIAL.program.split("\n"), bugged.program.split("\n")
        if len(before) == len(after):
            different = [number for number, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]]
            compared += 1
            assert {error.line for error in bugged.errors} <= set(different)
    assert compared >= 10


def test_the_same_seed_makes_the_same_program_and_another_seed_another():
    def made(seed):
        return inject(MATERIAL, sites(), ErrorCounts(1, 1, 0), used=Counter(), rng=random.Random(seed)).program

    assert made(1) == made(1)
    assert len({made(seed) for seed in range(8)}) > 3


def test_families_that_were_used_least_come_first():
    used = Counter({site.kind: 5 for site in sites()})
    rare = next(site.kind for site in sites() if site.intended == "logical")
    used[rare] = 0
    bugged = inject(MATERIAL, sites(), ErrorCounts(logical=1), used=used, rng=random.Random(3))
    assert [error.kind for error in bugged.errors] == [rare]
    assert used[rare] == 1


def test_a_program_without_room_is_given_up():
    assert inject(MATERIAL, sites(), ErrorCounts(syntax=9), used=Counter(), rng=random.Random(0)) is None
    assert inject(MATERIAL, [], ErrorCounts(logical=1), used=Counter(), rng=random.Random(0)) is None


def test_two_errors_that_cancel_are_not_taken(monkeypatch):
    monkeypatch.setattr(error_injection, "compiles", lambda program: True)
    assert inject(MATERIAL, sites(), ErrorCounts(syntax=1), used=Counter(), rng=random.Random(0)) is None


def test_only_classes_that_are_asked_for_are_tried():
    [found] = find_sites([MATERIAL], tried=3, seed=0, classes=("syntax",), limits=LIMITS)
    assert {site.intended for site in found} == {"syntax"}
    assert len(found) == 3
