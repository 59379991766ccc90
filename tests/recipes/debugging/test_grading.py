"""Replies are judged by what their programs do: every fault of published examples is found here."""

import itertools
import random
from collections import Counter

import pytest

from codekiln.recipes.debugging.error_injection import inject
from codekiln.recipes.debugging.grading import EXTRA_CHANGES, MEASURES, grade_replies
from codekiln.recipes.debugging.material import ErrorCounts, InjectionTask
from codekiln.recipes.debugging.tags import write_reply
from tests.recipes.debugging.making import LIMITS, MATERIAL, PROGRAM, edited, reply, sites, task

COLON = ("for turn in range(count):", "for turn in range(count)")
NAME = ("total / count", "totl / count")
BOUND = ("range(count):", "range(count - 1):")
PLUS = ("total + prices[name]", "total - prices[name]")
SAYS_COLON = (5, "The colon after `range(count)` is missing.")
SAYS_NAME = (11, "The name `totl` was never given a value; it should be `total`.")
SAYS_PLUS = (8, "The price is subtracted: `-` instead of `+`.")


def one(asked, text):
    return grade_replies([(asked, text)], workers=1, limits=LIMITS)[0]


def reasons(judgement):
    return {reason for reason, _ in judgement.faults}


def values(judgement, *names):
    return tuple(judgement.values[name] for name in names)


def test_a_right_reply_passes_everything():
    text = reply(edited(COLON, PLUS, NAME), SAYS_COLON, SAYS_PLUS, SAYS_NAME)
    found = one(task(1, 1, 1), text)
    assert found.faults == ()
    assert set(found.values) == {measure.name for measure in MEASURES}
    assert set(found.values.values()) == {1.0}
    assert found.found == ((5, "syntax"), (8, "logical"), (11, "runtime"))


def test_errors_behind_a_syntax_error_are_still_proven():
    """A parse of the whole would stop at the first of two syntax errors, and a run would never reach the others."""
    program = edited(COLON, ('print("Total:", total)', 'print("Total:", total'), NAME)
    said = (10, "The bracket of `print` is not closed.")
    assert one(task(2, 1, 0), reply(program, SAYS_COLON, said, SAYS_NAME)).passed


def test_what_the_engine_makes_is_right():
    jobs = []
    for counts in itertools.product((0, 1), (0, 1), (0, 1, 2)):
        for seed in range(3 if any(counts) else 0):
            wanted = ErrorCounts(*counts)
            bugged = inject(MATERIAL, sites(), wanted, used=Counter(), rng=random.Random(seed))
            asked = InjectionTask(PROGRAM, wanted, MATERIAL.trials)
            jobs.append((asked, write_reply(bugged.program, bugged.explanations)))
    assert [found.faults for found in grade_replies(jobs, limits=LIMITS)] == [()] * len(jobs)


def test_wrong_counts_are_found_per_class():
    text = reply(edited(COLON, NAME), SAYS_COLON, SAYS_NAME)
    found = one(task(1, 0, 1), text)
    assert reasons(found) == {"runtime-count", "logical-count"}
    shown = values(
        found, "syntax_exact", "runtime_exact", "logical_exact", "counts_exact", "lines_right", "recoverable"
    )
    assert shown == (1, 0, 0, 0, 1, 1)


def test_an_error_that_is_described_but_not_there_is_found():
    text = reply(edited(COLON), SAYS_COLON, SAYS_NAME)
    found = one(task(1, 1, 0), text)
    assert reasons(found) == {"runtime-count", "wrong-line"}
    assert values(found, "lines_right", "recoverable") == (0, 1)


def test_a_change_that_is_not_told_is_found():
    found = one(task(1, 0, 0), reply(edited(COLON, PLUS), SAYS_COLON))
    assert {"logical-count", "hidden-change", "construct-not-named"} == reasons(found)
    assert values(found, "recoverable", "construct_named", "format_valid") == (0, 0.5, 1)


def test_a_wrong_line_is_found():
    found = one(task(1, 0, 0), reply(edited(COLON), (6, SAYS_COLON[1])))
    assert reasons(found) == {"wrong-line", "hidden-change", "construct-not-named"}
    assert values(found, "lines_right", "recoverable", "counts_exact") == (0, 0, 1)


def test_a_line_that_is_named_twice_for_one_change_is_found():
    found = one(task(1, 0, 0), reply(edited(COLON), SAYS_COLON, SAYS_COLON))
    assert (reasons(found), values(found, "lines_right", "recoverable")) == ({"wrong-line"}, (0, 1))


def test_a_change_without_effect_is_not_an_error():
    harmless = ("total < 100", "total < 101")
    found = one(task(0, 0, 1), reply(edited(harmless), (7, "The limit is 101 instead of 100.")))
    assert reasons(found) == {"logical-count", "no-effect"}
    assert found.found == ((7, None),)
    found = one(task(1, 0, 0), reply(edited(COLON, harmless), SAYS_COLON, (7, "The limit is 101.")))
    assert (reasons(found), values(found, "syntax_exact", "counts_exact")) == ({"no-effect"}, (1, 0))


def test_the_correct_program_given_back_is_worth_nothing():
    found = one(task(1, 0, 0), reply(PROGRAM, SAYS_COLON))
    assert {"nothing-changed", "syntax-count", "wrong-line"} <= reasons(found)
    assert values(found, "recoverable", "lines_right", "construct_named", "counts_exact") == (0, 0, 0, 0)


@pytest.mark.parametrize("comment", ["  # error: no colon", "  #: was here"])
def test_a_comment_that_gives_the_error_away_is_found(comment):
    """Beside a syntax error it is part of the one change."""
    found = one(task(1, 0, 0), reply(edited((COLON[0], COLON[1] + comment)), SAYS_COLON))
    assert reasons(found) == {"added-comment"}
    assert values(found, "syntax_exact", "counts_exact") == (1, 0)


def test_code_that_is_commented_out_is_an_error_like_others():
    line = "        total = total + prices[name]"
    for program in (edited((line, "        pass  # total = total + prices[name]")), PROGRAM + "\n# total = 0"):
        assert "added-comment" not in reasons(one(task(0, 0, 1), reply(program, (8, "`total` is not updated."))))


def test_a_reply_with_other_line_ends_is_as_good():
    text = reply(edited(COLON, PLUS, NAME), SAYS_COLON, SAYS_PLUS, SAYS_NAME)
    assert one(task(1, 1, 1), text.replace("\n", "\r\n")).faults == ()


def test_an_explanation_of_something_else_is_found():
    found = one(task(1, 0, 0), reply(edited(COLON), (5, "The variable was never given a value.")))
    assert (reasons(found), values(found, "construct_named")) == ({"construct-not-named"}, (0,))


def test_a_program_that_breaks_off_is_no_exercise():
    """What is missing is one change, on a line that is named, and it does not compile."""
    found = one(task(1, 0, 0), reply(PROGRAM[:99], SAYS_COLON))
    assert "large-change" in reasons(found)
    assert values(found, "syntax_exact", "counts_exact") == (0, 0)


def test_a_rewritten_program_is_not_run_change_by_change():
    other = "\n\n".join(f"value{number} = {number}" for number in range(EXTRA_CHANGES + 8))
    program = "\n".join(f"{line}  + {n} * q{n}" for n, line in enumerate(PROGRAM.split("\n")))
    for text in (program, program + "\n" + other):
        found = one(task(1, 0, 0), reply(text, SAYS_COLON))
        assert "rewritten" in reasons(found)
        assert values(found, "counts_exact", "recoverable") == (0, 0)


@pytest.mark.parametrize("text", ["", "I cannot do that.", "<root></root>", PROGRAM, "<incorrect-program>\n"])
def test_a_reply_that_is_none_has_a_value_of_every_measure(text):
    found = one(task(1, 0, 0), text)
    assert found.faults[0][0] == "malformed"
    assert found.values == {measure.name: 0.0 for measure in MEASURES}


def test_a_malformed_reply_is_still_judged_by_its_program():
    text = reply(edited(COLON), SAYS_COLON).replace("<root>", "")
    found = one(task(1, 0, 0), text)
    assert (found.passed, *values(found, "format_valid", "counts_exact", "lines_right")) == (False, 0, 1, 1)


def test_replies_are_judged_in_order():
    good, bad = reply(edited(COLON), SAYS_COLON), reply(edited(NAME), SAYS_NAME)
    found = grade_replies([(task(1), good), (task(1), bad), (task(0, 1), bad), (task(1), "no")], limits=LIMITS)
    assert [item.passed for item in found] == [True, False, True, False]


@pytest.mark.parametrize("old", ["<", "&", "]]>"])
def test_marks_in_the_program_do_no_harm(old):
    program = f"limit = 3\n\nword = 'a{old}b'\nif 2 < limit and 6 & 2:\n    print(word)"
    bugged = program.replace("limit = 3", "limit = 1")
    asked = task(0, 0, 1, of=type(MATERIAL)("m", "d", program, ("",)))
    assert one(asked, reply(bugged, (1, "The limit is 1 instead of 3."))).passed


ODD = (
    "\x00",
    "\ud800",
    "\u2028",
    "\r",
    "\x0c",
    "\ufeff",
    "\\",
    "'''",
    "\t",
    '"' * 7,
    "é" * 50,
    "\n" * 5_000,
    "#" * 9_000,
)
DEEP = ("-" * 50_000 + "1", "(" * 3_000, "1+" * 9_000 + "1", "lambda: " * 3_000 + "1", "if 1:\n" * 120, "x" * 60_000)


def test_whatever_a_model_writes_is_judged():
    programs = [text for odd in ODD for text in (PROGRAM + "\n" + odd, odd + PROGRAM, PROGRAM[:100] + odd)]
    programs += [f"{PROGRAM}\n{odd}" for odd in DEEP]
    found = grade_replies([(task(1), reply(program, SAYS_COLON)) for program in programs], limits=LIMITS)
    assert not any(item.passed for item in found)
