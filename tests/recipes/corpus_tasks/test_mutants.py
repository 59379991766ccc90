"""Bugs: from the syntax tree and not from the text, of every published family, and proven."""

import ast
import io
import tokenize

import pytest

from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.io_examples import SlicedFunction, collect_io_examples
from codekiln.recipes.corpus_tasks.mutants import Mutant, balance_families, generate_mutants, prove_mutants
from codekiln.recipes.corpus_tasks.slicing import ProgramSlice
from codekiln.recipes.corpus_tasks.source import SourceFile
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
    return next(item for item, _ in extract_functions(SourceFile("f.py", text), 1, 99))


@pytest.fixture(scope="module")
def traps():
    return function(TRAPS)


@pytest.fixture(scope="module")
def all_mutants(traps):
    return generate_mutants(traps, 0, 1000)


@pytest.mark.parametrize("family", PUBLISHED, ids=str)
def test_every_published_family_of_mutants_is_there(all_mutants, family):
    assert PUBLISHED[family] & {mutant.family for mutant in all_mutants}


def test_there_are_more_families_than_were_published(all_mutants):
    assert len({mutant.family for mutant in all_mutants}) > 2 * len(PUBLISHED)


def texts_and_comments(code):
    tokens = list(tokenize.generate_tokens(io.StringIO(code + "\n").readline))
    return [token.string for token in tokens if token.type in (tokenize.COMMENT, tokenize.STRING)]


def test_comments_strings_docstring_and_signature_are_never_touched(traps, all_mutants):
    before = texts_and_comments(traps.text)
    for mutant in all_mutants:
        after = texts_and_comments(mutant.text)
        assert [text for text in before if text in after or mutant.family != "commented-out-return"] == before, mutant
        assert set(before[:3]) <= set(after), mutant
        assert mutant.text.split("\n")[0] == traps.text.split("\n")[0], mutant


def test_every_mutant_parses_and_is_another_program(traps, all_mutants):
    original = ast.dump(ast.parse(traps.text))
    for mutant in all_mutants:
        assert ast.dump(ast.parse(mutant.text)) != original


def test_the_line_is_where_the_mutant_differs(traps, all_mutants):
    before = traps.text.split("\n")
    for mutant in all_mutants:
        after = mutant.text.split("\n")
        if len(after) == len(before):
            differing = [
                number for number, pair in enumerate(zip(before, after, strict=True), start=1) if pair[0] != pair[1]
            ]
            assert mutant.line in differing, mutant


CALLS = """
def f(self, items, limit):
    Base.__init__(self, limit)
    items.append(limit)
    self.total = len(items)
"""


def test_no_fix_needs_a_name_that_the_mutant_does_not_show():
    mutants = generate_mutants(function(CALLS), 0, 99)
    assert mutants
    assert all("Base" in mutant.text and "total" in mutant.text for mutant in mutants)
    assert any("append" not in mutant.text for mutant in mutants)  # every list has it


def test_families_take_turns(traps):
    few = generate_mutants(traps, 0, 8)
    assert len({mutant.family for mutant in few}) == 8


def test_mutants_are_the_same_every_time_and_depend_on_the_seed(traps):
    assert generate_mutants(traps, 3, 8) == generate_mutants(traps, 3, 8)
    assert generate_mutants(traps, 3, 8) != generate_mutants(traps, 4, 8)


def test_families_can_be_chosen(traps):
    chosen = generate_mutants(traps, 0, 50, families=("wrong-boundary", "misspelt-variable"))
    assert {mutant.family for mutant in chosen} == {"wrong-boundary", "misspelt-variable"}


def runnable(text):
    return collect_io_examples(
        [SlicedFunction(function(text), ProgramSlice("", "", 0), None)],
        min_outcomes=2, max_examples=8, seed=0, workers=1, limits=LIMITS, label="",
    )[0]  # fmt: skip


def test_only_mutants_that_behave_differently_are_proven():
    text = "def f(n: int):\n    unused = n + 1\n    if n == 3:\n        unused = 2\n    return n * 2\n"
    item = runnable(text)
    (proven,) = prove_mutants([item], seed=0, count=50, workers=1, limits=LIMITS, label="")
    tried = generate_mutants(item.function, 0, 50)
    assert 0 < len(proven) < len(tried)
    assert {mutant.effect for mutant in proven} <= {"runtime", "logical"}
    assert not [mutant for mutant in proven if "unused = n - 1" in mutant.text or "n != 3" in mutant.text]


def test_a_mutant_that_never_ends_proves_nothing():
    item = runnable("def f(n: int):\n    while n > 0:\n        n -= 1\n    return n, 5\n")
    (proven,) = prove_mutants(
        [item], seed=0, count=50, workers=1, limits=Limits(cpu_seconds=1, wall_seconds=3.0), label=""
    )
    assert not [mutant for mutant in proven if "n += 1" in mutant.text]


def test_families_that_were_used_least_come_first():
    found = [[Mutant("", kind, 1, "") for kind in kinds] for kinds in ("ab", "ab", "ba", "abc", "", "a")]
    assert ["".join(mutant.family for mutant in mutants) for mutants in balance_families(found)] == [
        "ab",
        "ba",
        "ba",
        "cab",
        "",
        "a",
    ]
