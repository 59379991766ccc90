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
