"""Edit scripts: what changes between two programs, by numbered lines, and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codekiln.data.edit_scripts import Edit, apply, edits, in_triple_quotes, numbered, parsed, unnumbered

BEFORE = "total = 0\nfor n in range(3):\n    total += n\n\nprint(total)"
lines = st.lists(st.sampled_from(["a = 1", "    b = 2", "", "line 1: x", "delete line 2", "c:", " "]), min_size=1)
programs = lines.map("\n".join)


@settings(max_examples=100, deadline=None)
@given(programs, programs)
def test_the_edits_between_two_programs_make_one_of_the_other(before, after):
    script = [parsed(str(edit)) for edit in edits(before, after)]
    assert apply(before, script)[0] == after


quoted = st.lists(st.sampled_from(["a = 1", "    b = 2", "", '"""Say.', '"""', "'''One.'''", ">>> f()"]), min_size=1)


@settings(max_examples=200, deadline=None)
@given(quoted.map("\n".join), quoted.map("\n".join))
def test_code_never_replaces_a_line_in_triple_quotes_nor_the_other_way_round(before, after):
    script = edits(before, after, in_triple_quotes)
    written, places = apply(before, script)
    assert written == after
    old, new = in_triple_quotes(before.split("\n")), in_triple_quotes(after.split("\n"))
    for edit, place in zip(script, places, strict=True):
        assert edit.action != "replace" or old[edit.line - 1] == new[place - 1]


def test_lines_in_triple_quotes_are_found_in_code_that_does_not_parse():
    lines = ["def f(:", '    """Say.', "    it's ''' here", '    """', "    x = '''a'''", "    return ]"]
    assert in_triple_quotes(lines) == [False, True, True, True, True, False]


@settings(max_examples=40, deadline=None)
@given(programs)
def test_a_numbered_program_comes_back_as_it_was(program):
    assert unnumbered(numbered(program)) == program


def test_a_program_is_numbered_in_the_words_of_an_edit():
    assert numbered(BEFORE).split("\n")[2:4] == ["line 3:     total += n", "line 4:"]
    assert parsed("line 3:     total += n") == Edit("replace", 3, "    total += n")


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("line 2: x = 1", Edit("replace", 2, "x = 1")),
        ("line 2:", Edit("replace", 2)),
        ("line 2: ", Edit("replace", 2)),
        ("after line 0: import math", Edit("insert", 0, "import math")),
        ("delete line 12", Edit("delete", 12)),
        ("line 2:x = 1", None),
        ("delete line 2: x", None),
        ("Line 2: x", None),
        ("line two: x", None),
        ("x = 1", None),
    ],
)
def test_an_edit_is_read_or_is_none(text, edit):
    assert parsed(text) == edit


def test_edits_show_where_they_are_in_the_new_program():
    script = [
        Edit("insert", 0, "import math"),
        Edit("delete", 1),
        Edit("replace", 3, "    total = n"),
        Edit("delete", 5),
    ]
    program, places = apply(BEFORE, script)
    assert program == "import math\nfor n in range(3):\n    total = n\n"
    assert places == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("script", "what"),
    [
        ([Edit("replace", 6, "x")], "there is no line 6: the program has 5"),
        ([Edit("delete", 0)], "there is no line 0"),
        ([Edit("insert", 6, "x")], "there is no line 6"),
        ([Edit("replace", 2, "x"), Edit("delete", 2)], "line 2 is changed twice"),
    ],
)
def test_edits_that_cannot_be_made_are_refused(script, what):
    with pytest.raises(ValueError, match=what):
        apply(BEFORE, script)


@pytest.mark.parametrize("text", ["total = 0", "line 2: x", "delete line 1", "line 1: a\nline 3: b"])
def test_a_program_that_is_numbered_otherwise_is_refused(text):
    with pytest.raises(ValueError, match="is not 'line"):
        unnumbered(text)
