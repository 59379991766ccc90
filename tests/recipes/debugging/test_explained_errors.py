"""Which explanation is of which change, and what is one error."""

import pytest

from codekiln.code.mutation.diff import changes
from codekiln.recipes.debugging.edit_replies import read_edits, write_edits
from codekiln.recipes.debugging.explained_errors import explained_errors
from codekiln.recipes.debugging.tags import Explanation

CORRECT = 'numbers = [1, 2, 3]\ntotal = first * second\nprint("Sum:", total)\nif total > 9000:\n    print(total)'


def errors(bugged, *said):
    return explained_errors(CORRECT, changes(CORRECT, bugged), [Explanation(*item) for item in said])


def test_each_change_gets_the_explanation_that_names_it_in_whatever_order():
    bugged = CORRECT.replace("first * second", "fist + secnd")
    said = ((2, "The name `secnd` was added."), (2, "The sum is taken: `+`."), (2, "The name `fist` is wrong."))
    found = errors(bugged, *said)
    assert [(error.changes[0].new, error.explanation.text) for error in found] == [
        ("fist", said[2][1]),
        ("+", said[1][1]),
        ("secnd", said[0][1]),
    ]


def test_one_explanation_may_name_several_changes_of_a_line():
    bugged = CORRECT.replace("[1, 2, 3]", "[0, 1, 2]")
    [error] = errors(bugged, (1, "The list starts with 0 and lacks the 3."))
    assert error.applied(CORRECT) == bugged
    text = write_edits(CORRECT, bugged, [Explanation(1, "The list starts with 0 and lacks the 3.")])
    assert read_edits(text, CORRECT).program == bugged


def test_a_change_that_its_explanation_does_not_name_stays_hidden():
    bugged = CORRECT.replace("first * second", "fist + second")
    assert [error.explanation is None for error in errors(bugged, (2, "The name `fist` is wrong."))] == [False, True]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("9000:", "900;", ("The number is 900.", "A semicolon stands there.")),
        ('"Sum:", total)', "\"Sum:', totl)", ("The quotation mark is `'`.", "It says `totl`.")),
    ],
)
def test_one_change_of_several_tokens_is_as_many_errors_as_are_explained(old, new, said):
    bugged = CORRECT.replace(old, new)
    line = CORRECT[: CORRECT.index(old)].count("\n") + 1
    found = errors(bugged, *((line, text) for text in said))
    assert [error.explanation.text for error in found] == list(said)
    assert len(changes(CORRECT, bugged)) <= len(found)
