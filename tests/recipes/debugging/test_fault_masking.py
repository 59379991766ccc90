"""Errors that hide each other are found out, and others are taken."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from codekiln.errors import InputError
from codekiln.recipes.debugging import command, fault_masking
from codekiln.recipes.debugging.error_injection import BuggedProgram, InjectedError, inject
from codekiln.recipes.debugging.fault_masking import are_masked, replace_masked
from codekiln.recipes.debugging.material import ErrorCounts
from codekiln.recipes.debugging.planning import PlannedExercise
from tests.recipes.debugging.making import LIMITS, MATERIAL, PROGRAM, edited, sites

NEVER = ("range(count)", "range(count, 1)")
NAME = ("name in prices", "nmae in prices")
TWICE = (("total = 0", "total = 2"), ('total)\nprint("Each', 'total - 2)\nprint("Each'))


def bugged(*classes, changes, syntax=()):
    errors = tuple(InjectedError(1, name, "", "", "") for name in classes)
    return BuggedProgram(edited(*changes, *syntax), errors, edited(*changes))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (bugged("logical", "runtime", changes=(NEVER, NAME)), True),
        (bugged("syntax", "logical", "runtime", changes=(NEVER, NAME), syntax=[("total = 0", "total 0")]), True),
        (bugged("runtime", changes=(NAME,)), False),
        (bugged("logical", "runtime", changes=(("total = 0", "total = 1"), NAME)), False),
        (bugged("logical", "logical", changes=TWICE), False),
        (bugged("logical", "logical", changes=()), True),
        (bugged("syntax", "syntax", changes=(), syntax=(NEVER,)), False),
    ],
)
def test_a_runtime_error_that_no_input_reaches_is_hidden(made, expected):
    assert are_masked([(MATERIAL, made)], limits=LIMITS) == [expected]


def test_an_exercise_that_hides_an_error_is_made_anew_with_the_same_counts():
    wanted = ErrorCounts(runtime=1, logical=1)
    hiding = PlannedExercise(MATERIAL, wanted, bugged("logical", "runtime", changes=(NEVER, NAME)), 1)
    good = inject(MATERIAL, sites(), ErrorCounts(syntax=1), used=Counter(), rng=random.Random(0))
    fine = PlannedExercise(MATERIAL, ErrorCounts(syntax=1), good, 2)
    made, flaws = replace_masked([hiding, fine], [(MATERIAL, sites())], 0, limits=LIMITS)
    assert (flaws, made[1]) == ([], fine)
    assert [error.intended for error in sorted(made[0].bugged.errors, key=lambda e: e.intended)] == [
        "logical",
        "runtime",
    ]
    assert (made[0].counts, made[0].turn) == (wanted, 1)
    assert are_masked([(MATERIAL, made[0].bugged)], limits=LIMITS) == [False]


def test_what_cannot_be_shown_is_rejected_with_the_reason(monkeypatch):
    hiding = PlannedExercise(MATERIAL, ErrorCounts(0, 1, 1), bugged("logical", "runtime", changes=(NEVER, NAME)), 1)
    monkeypatch.setattr(fault_masking, "inject", lambda *args, **options: replace(hiding.bugged))
    made, [flaw] = replace_masked([hiding], [(MATERIAL, sites())], 0, limits=LIMITS)
    assert (made, flaw.reason) == ([], "errors-hide")
    assert "0 syntax, 1 runtime, 1 logical" in flaw.text


def test_the_command_gives_no_exercise_whose_errors_hide_each_other(monkeypatch):
    hiding = bugged("logical", "runtime", changes=(NEVER, NAME))
    choices = iter([hiding, hiding])
    known = inject
    monkeypatch.setattr(command, "inject", lambda *args, **options: next(choices, None) or known(*args, **options))
    made = command.make_exercise(PROGRAM, "Bill.", {"runtime": 1, "logical": 1}, MATERIAL.stdins)
    assert made.bugged != hiding.program
    monkeypatch.setattr(command, "ALL_MUTATIONS", command.FEW_MUTATIONS)
    monkeypatch.setattr(command, "inject", lambda *args, **options: hiding)
    with pytest.raises(InputError, match="0 syntax, 1 runtime, 1 logical errors hide each other"):
        command.make_exercise(PROGRAM, "Bill.", {"runtime": 1, "logical": 1}, MATERIAL.stdins)
