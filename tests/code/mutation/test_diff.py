import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.code.mutation import Mutation, apply, mutations
from codekiln.code.mutation.diff import Change, changes, is_layout, with_change
from codekiln.code.mutation.lexing import rows
from tests.code.mutation.programs import ACCENTS, AVERAGE, WORDS, everything
from tests.small_programs import functions

LINES = st.lists(
    st.sampled_from(
        ["x = 1", "    y = x + 2", "if x:", "else:", "", 'print("a, b")', "  return x", 'print("a', "# no"]
    ),
    max_size=8,
)


def plain(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    kept = [line.rstrip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    while kept and not kept[0]:
        kept.pop(0)
    return "\n".join(kept)


def together(correct: str, found: list[Change]) -> str:
    for change in reversed(found):
        correct = with_change(correct, change)
    return correct


def line_of(code: str, mutation: Mutation) -> int:
    """Return the line on which a mutation shows when nothing above it changes."""
    changed = plain(apply(code, [mutation]))
    return min(code.count("\n", 0, mutation.start) + 1, changed.count("\n") + 1)


def only(correct: str, changed: str) -> Change:
    (change,) = changes(correct, changed)
    assert plain(with_change(correct, change)) == plain(changed)
    return change


@pytest.mark.parametrize(
    ("correct", "changed", "line", "old", "new"),
    [
        ("x = 1\ny = 2\n", "x = 1\ny = 3\n", 2, "2", "3"),
        ("a\nb\nc\n", "a\nc\n", 2, "b\n", ""),
        ("a\nb\nc\n", "a\nb\n", 2, "\nc", ""),
        ("a\nb\nc", "b\nc", 1, "a\n", ""),
        ("a\nc\n", "a\nb\nc\n", 2, "", "b\n"),
        ("a\n", "a\nb\n", 2, "", "\nb"),
        ("if a:\n    b\n", "if a:\n  b\n", 2, "    ", "  "),
        ("if a:\n    b\n\n    c\nd\n", "if a:\n  b\n\n  c\nd\n", 2, "    b\n\n    ", "  b\n\n  "),
        ("f(a, b)\n", "f(b, a)\n", 1, "a, b", "b, a"),
        ("y = a - b\n", "y = b - a\n", 1, "a - b", "b - a"),
        ("x[i] + 1\n", "x(i) + 1\n", 1, "[i]", "(i)"),
        ("n = int(input())\n", "n = input()\n", 1, "int(input()", "input("),
        ("n = len(xs)\n", "n = xs.len()\n", 1, "len(xs", "xs.len("),
        ('print("a, b", c)\n', 'print(a, b", c)\n', 1, '"a, b", c)', 'a, b", c)'),
        ('print("a, b", "c")\n', 'print("a, b, "c")\n', 1, '"a, b", "c")', '"a, b, "c")'),
        ("a = 1\nb = 2\n", "b = 2\na = 1\n", 1, "a = 1\nb = 2", "b = 2\na = 1"),
        ("n = 0\nfor x in y:\n    z\n", "for x in y:\n    n = 0\n    z\n", 2, None, "for x in y:\n    n = 0\n"),
        ("if a:\n    b\n    c\nd\n", "b\nc\nd\n", 1, "if a:\n    b\n    ", "b\n"),
        ("b\nc\nd\n", "if a:\n    b\n    c\nd\n", 1, "b\n", "if a:\n    b\n    "),
    ],
)
def test_one_difference_is_one_change_on_its_line(
    correct: str, changed: str, line: int, old: str | None, new: str
) -> None:
    change = only(correct, changed)
    assert (change.line, change.new) == (line, new)
    assert old is None or change.old == old


@pytest.mark.parametrize(
    ("correct", "changed", "lines"),
    [
        ("a = 1\nb = 2\nc = 3\n", "a = 2\nb = 2\nc = 4\n", [1, 3]),
        ("a\nb\nc\nd\ne\n", "b\nc\nd\n", [1, 3]),
        ("if x < 1:\n    return a\n", "if x < 1\n    retrun a\n", [1, 2]),
        ("f(a + b) < c\n", "f(a - b) <= c\n", [1, 1]),
        ("for i in range(9):\n    print(i)\n", "fro i range(9)\n    print(i)\n", [1, 1, 1]),
        ("if a:\n    b\nc\nd\n", "if a:\n  b\nc\n d\n", [2, 4]),
    ],
)
def test_several_differences_are_several_changes(correct: str, changed: str, lines: list[int]) -> None:
    found = changes(correct, changed)
    assert [change.line for change in found] == lines
    assert plain(together(correct, found)) == plain(changed)


@pytest.mark.parametrize("changed", ["x = 1\ny = 2", "x = 1  \r\ny = 2\t\r\n\r\n", "\n\nx = 1\ny = 2\n \n"])
def test_line_ends_trailing_space_and_blank_lines_at_the_ends_do_not_count(changed: str) -> None:
    assert changes("x = 1\ny = 2\n", changed) == []
    assert changes(changed, "x = 1\ny = 2\n") == []


def test_line_ends_of_the_correct_program_are_kept() -> None:
    correct = "if a:\r\n    b\r\n    c\r\n"
    change = only(correct, "if a:\n  b\n  c\n")
    assert with_change(correct, change) == "if a:\r\n  b\r\n  c\r\n"


def test_line_numbers_count_the_lines_of_the_changed_program() -> None:
    correct = "a = 1\nb = 2\nc = 3\nd = 4\n"
    assert [change.line for change in changes(correct, "new\n\na = 1\nc = 3\nd = 5\n")] == [1, 4, 5]
    assert [change.line for change in changes(correct, "\n\n\na = 0\nb = 2\nc = 3\nd = 4\n")] == [4]


@pytest.mark.parametrize(("correct", "changed"), [("", ""), ("", "x\n"), ("x\n", ""), ("\n", "\n\n"), ("x", "\ufeffy")])
def test_programs_that_are_empty(correct: str, changed: str) -> None:
    assert plain(together(correct, changes(correct, changed))) == plain(changed)


def test_layout_is_told_from_errors() -> None:
    correct = "x = (1+2)  # sum\nif x:\n    y = 1\n"
    changed = "x = (1 + 2)  # total\nif (x):\n    y = 2\n"
    assert [is_layout(correct, change) for change in changes(correct, changed)][-1] is False
    assert all(is_layout(correct, change) for change in changes(correct, changed)[:-1])
    assert not is_layout(correct, only(correct, "x = (1+2)  # sum\nif x:\n  y = 1\n z = 2\n"[:-7] + "\n    y = 1\n"))
    with pytest.raises(SyntaxError):
        is_layout("x = (", Change(0, 1, "y", 1, "x", "y"))


@settings(max_examples=150, deadline=None)
@given(LINES, LINES)
def test_all_changes_together_give_the_changed_text(one: list[str], other: list[str]) -> None:
    correct, changed = "\n".join(one), "\n".join(other)
    found = changes(correct, changed)
    assert plain(together(correct, found)) == plain(changed)
    assert all(left.end <= right.start for left, right in itertools.pairwise(found))
    assert bool(found) == (plain(correct) != plain(changed))
    assert all(1 <= change.line <= max(len(changed.split("\n")), 1) for change in found)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_have_changes(correct: str, changed: str) -> None:
    found = changes(correct, changed)
    assert rows(together(correct, found)) is not None
    assert [row.text for row in rows(together(correct, found))] == [row.text for row in rows(changed)]


@pytest.mark.parametrize("code", [AVERAGE, WORDS, *everything()[3::6]])
def test_one_mutation_is_one_change_on_its_line(code: str) -> None:
    for mutation in mutations(code):
        changed = apply(code, [mutation])
        (change,) = changes(code, changed)
        assert change.line == line_of(code, mutation), (mutation, change)
        assert plain(with_change(code, change)) == plain(changed)


def test_one_mutation_is_one_change_with_other_line_ends() -> None:
    for mutation in mutations(ACCENTS):
        (change,) = changes(ACCENTS, apply(ACCENTS, [mutation]).replace("\r\n", "\n"))
        assert plain(with_change(ACCENTS, change)) == plain(apply(ACCENTS, [mutation]))


def apart(code: str, rng: random.Random, count: int) -> list[Mutation]:
    """Return mutations whose lines have at least one line between them, none of which adds, drops or moves lines."""
    found = [item for item in mutations(code) if "\n" not in code[item.start : item.end] + item.text]
    rng.shuffle(found)
    chosen: dict[int, Mutation] = {}
    for item in found:
        line = code.count("\n", 0, item.start)
        if not {line - 1, line, line + 1} & set(chosen):
            chosen[line] = item
    return list(chosen.values())[:count]


@pytest.mark.parametrize("seed", range(20))
def test_several_mutations_on_different_lines_are_as_many_changes(seed: int) -> None:
    rng = random.Random(seed)
    for code in (AVERAGE, WORDS):
        chosen = apart(code, rng, rng.randint(2, 6))
        changed = apply(code, chosen)
        found = changes(code, changed)
        assert len(found) == len(chosen), (chosen, found)
        assert [change.line for change in found] == sorted(line_of(code, item) for item in chosen)
        alone = {plain(apply(code, [item])) for item in chosen}
        assert {plain(with_change(code, change)) for change in found} == alone


@settings(max_examples=25, deadline=None)
@given(functions, st.randoms(use_true_random=False))
def test_generated_programs_with_one_error_have_one_change(code: str, rng: random.Random) -> None:
    found = mutations(code)
    for mutation in rng.sample(found, min(len(found), 15)):
        (change,) = changes(code, apply(code, [mutation]))
        assert change.line == line_of(code, mutation)
