import ast
import io
import random
import tokenize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.code.mutation import Mutation, apply, compiles, kinds, mutations
from codekiln.errors import InputError
from tests.code.mutation.programs import ACCENTS, AVERAGE, WORDS, everything
from tests.small_programs import commented, functions


def edit(start: int, end: int, text: str) -> Mutation:
    return Mutation("k", "logical", start, end, text, "c", "E.", ("e",))


def comments(code: str) -> list[str]:
    lines = io.StringIO(code, newline="")
    return [token.string for token in tokenize.generate_tokens(lines.readline) if token.type == tokenize.COMMENT]


def test_mutations_are_in_source_order_and_always_the_same() -> None:
    found = mutations(AVERAGE)
    assert found == mutations(AVERAGE)
    assert [item.start for item in found] == sorted(item.start for item in found)
    assert len({apply(AVERAGE, [item]) for item in found}) == len(found) > 200


def test_classes_and_kinds_narrow_what_comes_back() -> None:
    assert {item.intended for item in mutations(WORDS, classes=["runtime"])} == {"runtime"}
    assert {item.kind for item in mutations(WORDS, kinds={"missing-colon", "wrong-key"})} == {"missing-colon"}
    assert mutations(WORDS, classes=["logical"], kinds=["missing-colon"]) == []


def test_every_class_is_found_in_small_programs_with_many_kinds() -> None:
    found = {(item.intended, item.kind) for code in (AVERAGE, WORDS) for item in mutations(code)}
    for name in ("syntax", "runtime", "logical"):
        assert sum(intended == name for intended, _ in found) >= 20


def test_unknown_classes_and_kinds_are_all_named_at_once() -> None:
    with pytest.raises(InputError) as error:
        mutations(WORDS, classes=["logic"], kinds=["missing-colons", "wrong-key"])
    assert "no classes 'logic'" in str(error.value)
    assert "did you mean 'missing-colon'?" in str(error.value)


@pytest.mark.parametrize("code", ["def f(:\n", "x = (", "\0"])
def test_what_does_not_parse_is_refused(code: str) -> None:
    with pytest.raises(SyntaxError):
        mutations(code)


@pytest.mark.parametrize("code", ["", "\n\n", "# only\n", '"""Doc."""\n'])
def test_programs_without_anything_to_break_have_no_mutations(code: str) -> None:
    assert mutations(code) == []


@pytest.mark.parametrize(
    "code", ["async def f(xs):\n    n = 0\n    async for x in xs:\n        n = n + x\n    return n\n", "x = sum()\n"]
)
def test_code_that_families_seldom_meet_has_mutations(code: str) -> None:
    assert mutations(code)


def test_apply_makes_all_edits_and_refuses_those_that_overlap() -> None:
    code = "abcdef"
    assert apply(code, [edit(4, 5, "X"), edit(0, 2, ""), edit(3, 3, "--")]) == "c--dXf"
    assert apply(code, []) == code
    assert apply(code, [edit(0, 2, "1"), edit(2, 2, "2"), edit(2, 3, "3")]) == "123def"
    for one, other in [(edit(0, 2, ""), edit(1, 3, "")), (edit(1, 1, "a"), edit(1, 1, "b"))]:
        with pytest.raises(ValueError, match="overlap"):
            apply(code, [one, other])


def test_comments_docstrings_and_text_in_strings_are_left_alone() -> None:
    code = 'def f(x):\n    """Return x <= 1 and not True: (or x)."""\n    return x  # is x == 1, not in [2]?\n'
    for item in mutations(code, classes=["runtime", "logical"]):
        changed = apply(code, [item])
        assert '"""Return x <= 1 and not True: (or x)."""' in changed
        assert "# is x == 1, not in [2]?" in changed
    assert not any("print(" in item.text for item in mutations('x = "return 1"\n'))


def test_line_ends_tabs_and_letters_beyond_ascii_stay() -> None:
    found = mutations(ACCENTS)
    made = {item.kind: apply(ACCENTS, [item]) for item in found}
    assert 'if größe == "π":\r\n\tprint("ß", größe[1:3], len(größe) + 1)\r\n' in made["flipped-equality"]
    assert made["missing-offset"].endswith("len(größe))\r\n")
    assert all(ACCENTS[: item.start] + item.text + ACCENTS[item.end :] == apply(ACCENTS, [item]) for item in found)
    assert all("\n" not in apply(ACCENTS, [item]).replace("\r\n", "") for item in found)


def test_brackets_around_operands_and_odd_spacing_are_understood() -> None:
    code = "y = ((a))  <=  ( b )\nz = (a)not  in(b)\n"
    made = {apply(code, [item]) for item in mutations(code, classes=["logical"])}
    assert "y = ((a))  <  ( b )\nz = (a)not  in(b)\n" in made
    assert "y = ((a))  <=  ( b )\nz = (a)in(b)\n" in made


def test_the_inside_of_f_strings_annotations_and_the_main_test_are_left_alone() -> None:
    code = 'x: "int" = 1\nif __name__ == "__main__":\n    print(f"{x + 1 == 2}")\n'
    for text in (': "int"', '__name__ == "__main__"', 'f"{x + 1 == 2}"'):
        first, last = code.index(text), code.index(text) + len(text)
        for item in mutations(code, classes=["logical", "runtime"]):
            assert item.end <= first or item.start >= last or item.start < first, item


@pytest.mark.parametrize("code", everything()[::2])
def test_syntax_errors_never_compile_and_all_others_always_do(code: str) -> None:
    for item in mutations(code):
        changed = apply(code, [item])
        assert changed != code
        assert compiles(changed) == (item.intended != "syntax"), (item, changed)


@settings(max_examples=20, deadline=None)
@given(functions, st.integers())
def test_generated_programs_keep_their_comments_whatever_goes_wrong(code: str, seed: int) -> None:
    noted = commented(code)
    found = mutations(noted, classes=["runtime", "logical"])
    for item in random.Random(seed).sample(found, min(len(found), 20)):
        changed = apply(noted, [item])
        lost = noted[item.start : item.end].count("#")
        assert compiles(changed)
        assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(noted))
        if item.kind != "commented-out-return":
            assert set(comments(changed)) <= set(comments(noted))
            assert len(comments(changed)) >= len(comments(noted)) - lost


def test_most_kinds_occur_in_real_programs() -> None:
    found = {item.kind for code in everything() for item in mutations(code)}
    assert len(found) > 0.75 * len(kinds())
