"""Near-duplicates stay together, and groups stay whole."""

from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.debugging.material import ExerciseMaterial
from codekiln.recipes.debugging.source import embedded
from codekiln.recipes.debugging.split import evaluation_groups, groups

LONG = "total = 0\nfor number in [1, 2, 3, 4]:\n    if number > 2:\n        total = total + number\n"


def of(name, program, description=""):
    return ExerciseMaterial(name, description or f"The exercise that is called {name} and nothing else at all", program)


def test_exercises_with_nearly_the_same_program_are_one_group():
    other = LONG + "print('the total of them is', total)\n"
    found = groups(
        [of("a", LONG + "print(total)\n"), of("b", "print('hello')"), of("c", "# mine\n" + LONG + "print(total)")]
    )
    assert found == ["a", "b", "a"]
    assert len(set(groups([of("a", LONG + "print(total)\n"), of("b", other + other.replace("total", "sum"))]))) == 2


def test_links_of_links_count():
    words = [f"word{number}" for number in range(60)]
    texts = [" ".join(words[start : start + 50]) for start in (0, 4, 8)]
    alike = [of(str(number), f"print({number})", text) for number, text in enumerate(texts)]
    assert groups(alike) == ["0", "0", "0"]
    assert groups([alike[0], alike[2]]) == ["0", "2"]


def test_the_shipped_exercises_are_all_different():
    assert len(set(groups(embedded()))) == len(embedded())


names = st.lists(st.sampled_from("abcdefghij"), min_size=2)


@given(names, st.floats(0.05, 0.95), st.integers(0, 5))
def test_some_judge_and_fixed_groups_stay_where_they_are(found, fraction, seed):
    fixed = {found[0]: True, found[-1]: found[0] == found[-1]}
    chosen = evaluation_groups(found, fraction, seed, fixed)
    assert chosen <= set(found)
    assert {name for name in fixed if name in chosen} == {name for name, judges in fixed.items() if judges}
    assert len(evaluation_groups(found, fraction, seed, {})) == max(1, round(fraction * len(set(found))))
    assert evaluation_groups(found, fraction, seed, {}) == evaluation_groups(found[::-1], fraction, seed, {})
