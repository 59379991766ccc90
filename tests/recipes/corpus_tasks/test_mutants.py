"""Bugs: from the syntax tree and not from the text, of every published family, and proven."""

import ast
import io
import tokenize

import pytest

from codekiln.recipes.corpus_tasks.functions import functions_of
from codekiln.recipes.corpus_tasks.mutants import Bug, balanced, possible, prove
from codekiln.recipes.corpus_tasks.slicing import Slice
from codekiln.recipes.corpus_tasks.source import Source
from codekiln.recipes.corpus_tasks.trials import try_out
from codekiln.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=2, wall_seconds=8.0)
TRAPS = '''
def f(items, n, flag=True):
    """Return True when a <= b and not n == 3, otherwise return False."""
    # return items <= n and True == False
    text = "return a == b and not c <= d, True or False"
    if items is not None and n == 3 or not flag:
        n = n + 1
    if n not in items:
        return False, text
    if n <= 4 and n >= -4:
        n = n - 1
    return items[n], True
'''
PUBLISHED = {
    "off by one": {"swapped-offset", "missing-offset", "wrong-constant"},
    "== and !=": {"flipped-equality"},
    "is not": {"flipped-identity"},
    "not in": {"flipped-membership"},
    "commented-out return": {"commented-out-return"},
    "True and False": {"flipped-truth"},
    "<= and >=": {"wrong-boundary"},
    "removed not": {"missing-not"},
    "and and or": {"wrong-connective"},
}


def function(text):
    return next(item for item, _ in functions_of(Source("f.py", text), 1, 99))


@pytest.fixture(scope="module")
def traps():
    return function(TRAPS)


@pytest.fixture(scope="module")
def all_bugs(traps):
    return possible(traps, 0, 1000)


@pytest.mark.parametrize("family", PUBLISHED, ids=str)
def test_every_published_family_of_bugs_is_there(all_bugs, family):
    assert PUBLISHED[family] & {bug.kind for bug in all_bugs}


def test_there_are_more_families_than_were_published(all_bugs):
    assert len({bug.kind for bug in all_bugs}) > 2 * len(PUBLISHED)


def texts_and_comments(code):
    tokens = list(tokenize.generate_tokens(io.StringIO(code + "\n").readline))
    return [token.string for token in tokens if token.type in (tokenize.COMMENT, tokenize.STRING)]


def test_comments_strings_docstring_and_signature_are_never_touched(traps, all_bugs):
    before = texts_and_comments(traps.text)
    for bug in all_bugs:
        after = texts_and_comments(bug.text)
        assert [text for text in before if text in after or bug.kind != "commented-out-return"] == before, bug
        assert set(before[:3]) <= set(after), bug
        assert bug.text.split("\n")[0] == traps.text.split("\n")[0], bug


def test_every_mutant_parses_and_is_another_program(traps, all_bugs):
    original = ast.dump(ast.parse(traps.text))
    for bug in all_bugs:
        assert ast.dump(ast.parse(bug.text)) != original


def test_the_line_is_where_the_mutant_differs(traps, all_bugs):
    before = traps.text.split("\n")
    for bug in all_bugs:
        after = bug.text.split("\n")
        if len(after) == len(before):
            differing = [
                number for number, pair in enumerate(zip(before, after, strict=True), start=1) if pair[0] != pair[1]
            ]
            assert bug.line in differing, bug


def test_families_take_turns(traps):
    few = possible(traps, 0, 8)
    assert len({bug.kind for bug in few}) == 8


def test_mutants_are_the_same_every_time_and_depend_on_the_seed(traps):
    assert possible(traps, 3, 8) == possible(traps, 3, 8)
    assert possible(traps, 3, 8) != possible(traps, 4, 8)


def test_families_can_be_chosen(traps):
    chosen = possible(traps, 0, 50, families=("wrong-boundary", "misspelt-variable"))
    assert {bug.kind for bug in chosen} == {"wrong-boundary", "misspelt-variable"}


def runnable(text):
    return try_out(
        [(function(text), Slice("", "", 0), None)], outcomes=2, most=8, seed=0, workers=1, limits=LIMITS, label=""
    )[0]


def test_only_mutants_that_behave_differently_are_proven():
    text = "def f(n: int):\n    unused = n + 1\n    if n == 3:\n        unused = 2\n    return n * 2\n"
    item = runnable(text)
    (proven,) = prove([item], seed=0, most=50, workers=1, limits=LIMITS, label="")
    tried = possible(item.function, 0, 50)
    assert 0 < len(proven) < len(tried)
    assert {bug.effect for bug in proven} <= {"runtime", "logical"}
    assert not [bug for bug in proven if "unused = n - 1" in bug.text or "n != 3" in bug.text]


def test_a_mutant_that_never_ends_proves_nothing():
    item = runnable("def f(n: int):\n    while n > 0:\n        n -= 1\n    return n, 5\n")
    (proven,) = prove([item], seed=0, most=50, workers=1, limits=Limits(cpu_seconds=1, wall_seconds=3.0), label="")
    assert not [bug for bug in proven if "n += 1" in bug.text]


def test_families_that_were_used_least_come_first():
    found = [[Bug("", kind, 1, "") for kind in kinds] for kinds in ("ab", "ab", "ba", "abc", "", "a")]
    assert ["".join(bug.kind for bug in bugs) for bugs in balanced(found)] == ["ab", "ba", "ba", "cab", "", "a"]
