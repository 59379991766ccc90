import re

import pytest

from codekiln.code.mutation import apply, compiles, kinds, mutations
from codekiln.code.mutation.diff import changes
from tests.code.mutation.examples import EXAMPLES


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_family_makes_its_error(kind: str) -> None:
    code, wanted = EXAMPLES[kind]
    made = {apply(code, [mutation]): mutation for mutation in mutations(code, kinds=[kind])}
    assert wanted in made
    assert compiles(wanted) == (kinds()[kind].intended != "syntax")
    assert len(changes(code, wanted)) == 1


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_family_says_what_it_does_and_who_reported_it(kind: str) -> None:
    family = kinds()[kind]
    assert family.name == kind
    assert family.describe.endswith(".")
    assert family.describe[0].isupper()
    assert family.source


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_explanations_are_one_sentence_that_uses_a_keyword_and_names_no_line(kind: str) -> None:
    for mutation in mutations(EXAMPLES[kind][0], kinds=[kind]):
        assert mutation.explanation.endswith(".")
        assert mutation.explanation[0].isupper()
        assert " line 1" not in mutation.explanation
        assert mutation.construct.strip()
        assert mutation.construct[0].islower()
        assert any(word in mutation.explanation.lower() for word in mutation.keywords), mutation
        assert all(word == word.lower() for word in mutation.keywords)


def test_there_is_an_example_for_every_family_and_no_other() -> None:
    assert set(EXAMPLES) == set(kinds())


def test_every_class_has_many_families() -> None:
    counts = {
        name: sum(kind.intended == name for kind in kinds().values()) for name in ("syntax", "runtime", "logical")
    }
    assert min(counts.values()) > 25, counts


RANGES = {
    "for _ in range(3):\n    print('x')\n": ("one round too few", "one round too many"),
    "for i in range(3):\n    print(i)\n": ("leaves out the first value", "misses the last value"),
    "print(sum(range(3)))\n": ("so it leaves out the first value", "so it misses the last value"),
    "n = [0 for k in range(3)]\n": ("one round too few",),
    "for i in range(9, 0, -1):\n    print(i)\n": (),
    "for i in range(0, 9, 2):\n    print(i)\n": (),
}


@pytest.mark.parametrize("program", RANGES)
def test_what_is_said_of_a_range_is_true_of_its_loop(program):
    found = mutations(program, kinds=("wrong-range-start", "wrong-range-stop"))
    said = " ".join(item.explanation for item in found)
    assert all(text in said for text in RANGES[program])
    assert bool(found) == bool(RANGES[program])
    assert ("value" in said) == any("value" in text for text in RANGES[program])


def test_no_pass_tells_where_a_statement_is_missing():
    for program, _ in EXAMPLES.values():
        assert not [item for item in mutations(program) if "pass" in item.text and "pass" not in program]


def test_explanations_are_read_with_ease():
    """Up to grade 8 of Kincaid et al. (1975), with code as one short word, and no sentence of more than 30 words."""
    by_kind = {}
    for kind, (program, _) in EXAMPLES.items():
        for item in mutations(program, kinds=[kind]):
            by_kind.setdefault(item.kind, item.explanation)
    hard = {kind: text for kind, text in by_kind.items() if grade_of(text) > 8}
    assert hard == {}
    assert sum(map(grade_of, by_kind.values())) / len(by_kind) < 5


def grade_of(text):
    words = re.findall(r"[A-Za-z']+", re.sub(r"`[^`]*`|\"[^\"]*\"", "it", text))
    sentences = max(1, len(re.findall(r"[.:;](?:\s|$)", text)))
    assert len(words) <= 30, text
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", re.sub(r"(?:e|es|ed)$", "", word.lower())))) for word in words)
    return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59


def test_a_value_of_many_lines_is_named_by_how_it_starts() -> None:
    (long,) = mutations("def f(x):\n    return (x +\n            1)\n", kinds=["missing-return"])
    (short,) = mutations("def f(x):\n    return x + 1\n", kinds=["missing-return"])
    assert long.explanation.startswith("The value that starts with `x +` is calculated")
    assert short.explanation.startswith("The value `x + 1` is calculated")


def test_a_print_for_a_return_claims_nothing_of_what_follows() -> None:
    (early, _) = mutations("def f(x):\n    if x:\n        return 1\n    return 2\n", kinds=["print-for-return"])
    assert early.explanation == "The function prints `1` where it must return it, so its caller does not get it."
