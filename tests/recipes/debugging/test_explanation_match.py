"""An explanation names a change when it says what was changed, in marks or in words."""

import time

import pytest

from codekiln.code.mutation import apply, mutations
from codekiln.code.mutation.diff import changes
from codekiln.recipes.debugging.explanation_match import explains
from tests.recipes.debugging.making import PROGRAM, edited


def said(explanation, *edits):
    [change] = changes(PROGRAM, edited(*edits))
    return explains(explanation, PROGRAM, change)


@pytest.mark.parametrize(
    ("edit", "explanation", "names"),
    [
        (("total / count", "totl / count"), "The name totl is not known.", True),
        (("total / count", "totl / count"), "It should say total.", True),
        (("total / count", "totl / count"), "There is no such thing.", False),
        (("total / count", "total // count"), "The quotient is cut off by the division.", True),
        (("total / count", "total * count"), "It has `*` instead of `/`.", True),
        (("total / count", "total * count"), "It multiplies.", True),
        (("total / count", "total * count"), "This is wrong (very).", False),
        (("< 100", "< 7"), "The limit is 7.", True),
        (("< 100", "< 7"), "The limit is 1000.", False),
        (("range(count):", "range(count)"), "A colon is missing here.", True),
        (("range(count):", "range(count)"), "Something is missing: look here.", False),
        (("prices and total", "prices or total"), "This and that is wrong.", False),
        (("prices and total", "prices or total"), "It uses 'or' where 'and' is needed.", True),
    ],
)
def test_words_and_marks(edit, explanation, names):
    assert said(explanation, edit) == names


def test_every_mutation_is_named_by_its_own_explanation():
    for mutation in mutations(PROGRAM):
        found = changes(PROGRAM, apply(PROGRAM, [mutation]))
        if len(found) == 1:
            assert explains(mutation.explanation, PROGRAM, found[0]), mutation


def test_a_program_that_does_not_parse_has_changes_too():
    [change] = changes("print(", "print(value")
    assert explains("The name value was added.", "print(", change)


def test_a_reply_of_quotes_that_never_close_is_soon_read():
    start = time.process_time()
    assert not said("“" * 300_000, ("total / count", "totl / count"))
    assert time.process_time() - start < 20
