"""Functions and methods of a file, as they stand alone."""

import ast
import textwrap

import pytest

from codekiln.recipes.corpus_tasks.functions import extract_functions, header, without_docstring
from codekiln.recipes.corpus_tasks.source import SourceFile

TEXT = '''
import functools


@functools.lru_cache(maxsize=None)
def cached(a, b=2, *rest, key=None, **more):
    """Return a.

    More about it.
    """

    # A comment.
    return a


class Box:
    @staticmethod
    def open(lid):
        """Open."""
        lid = not lid
        yield lid
        return lid

    async def close(self, lid):
        lid = not lid
        text = """several
lines"""
        return text, lid
'''


def functions(text, shortest=1, longest=60):
    return {
        function.qualname: (function, reason)
        for function, reason in extract_functions(SourceFile("f.py", text), shortest, longest)
    }


@pytest.fixture(scope="module")
def found():
    return functions(TEXT)


def test_top_level_functions_and_methods_are_found_with_their_place(found):
    cached, _ = found["cached"]
    assert list(found) == ["cached", "Box.open", "Box.close"]
    assert (cached.line, cached.first, cached.last, cached.indent) == (6, 5, 13, 0)
    assert found["Box.open"][0].indent == 4


def test_a_method_stands_alone_without_its_indentation(found):
    function, reason = found["Box.open"]
    assert reason is None
    assert function.text.startswith("@staticmethod\ndef open(lid):\n    ")
    assert function.is_generator


def test_text_that_does_not_parse_once_it_is_dedented_is_left_out(found):
    assert found["Box.close"][1] == "layout"


def test_parameters_are_told_without_self(found):
    told = [(item.kind + item.name, item.default, item.keyword_only) for item in found["cached"][0].parameters]
    assert told == [
        ("a", "", False),
        ("b", "2", False),
        ("*rest", "", False),
        ("key", "None", True),
        ("**more", "", False),
    ]
    assert [item.name for item in found["Box.open"][0].parameters] == ["lid"]


def test_the_docstring_goes_and_nothing_else(found):
    function = found["cached"][0]
    bare = without_docstring(function)
    assert "Return a." not in bare
    assert "# A comment." in bare
    assert ast.dump(ast.parse(bare).body[0].body[0]) == ast.dump(function.node.body[1])


def test_a_body_that_is_only_a_docstring_keeps_a_pass():
    function = functions('def f():\n    """Do nothing."""\n')["f"][0]
    assert without_docstring(function) == "def f():\n    pass"


def test_the_header_ends_where_the_body_begins(found):
    assert header(found["cached"][0]).endswith('More about it.\n    """')
    assert header(found["Box.open"][0]).endswith('"""Open."""')


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("    return 1", "too-short"),
        ("    x = 1\n" * 70 + "    return x", "too-long"),
        ('    """Text."""\n\n\n\n    raise NotImplementedError', "no-body"),
        ('    """Return the state of it."""\n\n\n\n    return 0', "no-body"),
        ("    # TODO: do it\n    x = 1\n    y = 2\n    z = 3\n    return x", "unfinished"),
        ("    x = 1\n    y = 2\n    z = 3\n    return x", None),
    ],
)
def test_what_makes_no_task_has_a_reason(body, reason):
    assert functions(f"def f():\n{body}\n", shortest=5)["f"][1] == reason


def test_lengths_count_from_def_to_the_last_line():
    text = "@decorated\n" + textwrap.dedent("""
        def f():
            a = 1
            b = 2
            c = 3
            return a
        """).strip()  # fmt: skip
    assert functions(text, shortest=5, longest=5)["f"][1] is None


@pytest.mark.parametrize("odd", ["\x0c", "\x1c", "\x85", "\u2028"])
def test_a_character_that_ends_no_line_in_python_shifts_nothing(odd):
    text = f'MARK = "a{odd}b"\n\ndef f(a):\n    """Return a and more."""\n    b = a + 1\n    return b\n'
    function, _ = functions(text)["f"]
    assert function.text == text[text.index("def f") :].rstrip("\n")
    assert without_docstring(function) == "def f(a):\n    b = a + 1\n    return b"
