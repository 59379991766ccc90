"""Docstrings of all styles give the author's words, and nothing is said that the author does not say."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codekiln.recipes.corpus_tasks import reference_answers
from codekiln.recipes.corpus_tasks.docstring_facts import extract_facts
from codekiln.recipes.corpus_tasks.docstrings import parse_docstring, plain
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.module_context import unstated_constants, unstated_members
from codekiln.recipes.corpus_tasks.source import SourceFile

STYLES = {
    "google": """Moves a number.

    Args:
        value (int): The number that
            is moved.
        low: The least number.

    Returns:
        int: The number in its range.

    Raises:
        ValueError: If there is no range.""",
    "numpy": """Moves a number.

    Parameters
    ----------
    value : int
        The number that
        is moved.
    low : number, optional (default=3)
        The least number.

    Returns
    -------
    int
        The number in its range.

    Raises
    ------
    ValueError
        If there is no range.""",
    "sphinx": """Moves a number.

    :param int value: The number that
        is moved.
    :param low: The least number.
    :return: The number in its range.
    :rtype: int
    :raises ValueError: If there is no range.""",
}
# What earlier versions wrote where the source said nothing.
FILLER = (
    "Part of the result", "In the case the body tests for", "Used by the body", "Passed to `", "Iterated over",
    "The value the body computes", "Tested by `", "Its items are", "Used in `", "Called by the function",
)  # fmt: skip


def function_of(
    docstring, body="    if low > value:\n        raise ValueError(value)\n    return value", head="value, low=3"
):
    text = f'def f({head}):\n    """{docstring}"""\n{body}\n'
    return next(extract_functions(SourceFile("f.py", text), 1, 99))[0]


@pytest.mark.parametrize("style", STYLES)
def test_each_style_gives_the_same_facts(style):
    facts = extract_facts(function_of(STYLES[style]))
    assert facts.summary == "Moves a number."
    assert [item.text for item in facts.parameters] == ["The number that is moved.", "The least number."]
    assert [(item.type, item.text) for item in facts.results] == [("int", "The number in its range.")]
    assert facts.raises == (("ValueError", "If there is no range."),)
    reply = reference_answers.docstring(function_of(STYLES[style]))
    assert "low (number, optional): The least number. Defaults to `3`." in reply or "low: The least number." in reply


@pytest.mark.parametrize(
    ("docstring", "head"),
    [
        ("Moves a number by some amount.", "value"),
        ("Moves a number by some amount.\n\n    :param value: A number.\n    ", "value, low"),
        ("", "value"),
        ("Moves.\n\n    :param value: :math:`\\\\alpha`\n    ", "value"),
    ],
)
def test_where_the_author_says_nothing_there_is_no_docstring(docstring, head):
    assert reference_answers.docstring(function_of(docstring, "    return value", head)) is None


WORDS = st.lists(
    st.sampled_from(
        ["the", "number", "text", "of", "a", "list", "that", "each", "item", "holds", "value", "low", "high"]
    ),
    min_size=3,
    max_size=9,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(WORDS, min_size=2, max_size=5),
    st.booleans(),
    st.sampled_from(["return value", "yield low", "low.add(value)"]),
)
def test_no_reply_has_a_filler_or_words_that_are_not_the_sources(sentences, has_parameters, body):
    said = [" ".join(words).capitalize() + "." for words in sentences]
    said[0] = f"Count {said[0].lower()}"
    documented = (
        f"\n\n    Args:\n        value: {said[0]}\n        low: {said[1]}\n    " if has_parameters else "\n    "
    )
    function = function_of("\n\n    ".join(said) + documented, f"    for low in value:\n        {body}")
    for reply in (reference_answers.docstring(function), reference_answers.explanation(function)):
        assert not reply or not any(phrase in reply for phrase in FILLER)
    reply = reference_answers.docstring(function)
    if reply:
        source = " ".join(function.text.split())
        lines = [line.strip().removesuffix(" Defaults to `3`.") for line in reply.split("\n")]
        words = [line.partition(": ")[2] or line for line in lines if line and not line.startswith("```")]
        for line in words:
            text = line.strip('"').rstrip(".")
            assert text in ("Args:", "Returns:", "Yields:") or text.lower() in source.lower()


def test_facts_are_said_once_and_code_is_none_of_them():
    told = (
        "Move a number.\n\n    Typical use:\n\n        t = Timer(...)       # outside\n        t.move(1)\n\n"
        "    Move a number.\n    It always stays small.\n    It always stays small.\n    Aliases: move | mv.\n    "
    )
    assert extract_facts(function_of(told)).behaviour == ("It always stays small.",)


@pytest.mark.parametrize(
    ("sentence", "is_about"),
    [
        ("If size is negative, all is read.", True),
        ("The size must be a number.", True),
        ("The optional size argument says where it ends.", False),
        ("The optional size argument directs where it ends.", True),
        ("The text has *size* random letters.", True),
        ("Returns the number of lines, which is the size in bytes.", False),
        ("Raise ValueError if a file of the size exists.", False),
        ("An exception may occur when the size changes.", False),
        ("If the path has no size, it is added.", False),
    ],
)
def test_a_sentence_describes_a_parameter_where_it_is_about_it(sentence, is_about):
    facts = extract_facts(function_of(f"Read a file.\n\n    {sentence}\n    ", "    return size", "size"))
    assert facts.parameters[0].text == (sentence if is_about else "")


@pytest.mark.parametrize(
    ("sentence", "body", "result"),
    [
        ("Return b'' if the file is at its end.", "    return value", ""),
        ("Return None when nothing is left.", "    return value", ""),
        ("Return True if it is new.", "    return value", "True if it is new."),
        ("Return 1 if it is new, otherwise 0.", "    return value", "1 if it is new, otherwise 0."),
        ("Return b'abc' in capitals.", "    return value", "b'abc' in capitals."),
        ("Returns an iterable of nodes.", "    yield value", ""),
        ("Yields each node in order.", "    yield value", "Each node in order."),
    ],
)
def test_a_result_is_described_as_a_whole(sentence, body, result):
    facts = extract_facts(function_of(f"Walk over the tree.\n\n    {sentence}\n    ", body))
    assert [item.text for item in facts.results] == ([result] if result else [])


@pytest.mark.parametrize(
    ("head", "body", "prompt", "unstated"),
    [
        ("self, x", "    self.buffer = x", "class Box:\n    def get(self):\n        return self.buffer", set()),
        ("self, x", "    self.buffer = x", "class Box: holds x", {"buffer"}),
        ("self, x", "    return self.d[x]", "class Box: d = {}", set()),
        ("self, x", "    return self.d[x][1]", "class Box: d = {}", {"d"}),
        ("self, x", "    x.buffer = self.__class__", "class Box: holds x", set()),
        ("x", "    return _state.lineno()", "_state = None\n\ndef lineno(x):", {"lineno"}),
        ("x", "    return _state.lineno()", "_state = State()\n\ndef lineno(x):", set()),
    ],
)
def test_members_that_a_completion_needs_stand_in_the_prompt(head, body, prompt, unstated):
    function = replace(function_of("", body, head), owner="Box" if head.startswith("self") else "")
    assert unstated_members(function, prompt) == unstated


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (":func:`~pack.mod.go` runs", "`go` runs"), ("see :class:`Box <pack.Box>`", "see `Box`"), ("``x`` [1]_", "`x`"),
        ("`text <http://a.b>`_ is", "text is"), ("C{x} is", "`x` is"),
    ],
)  # fmt: skip
def test_markup_becomes_plain(markup, text):
    assert plain(markup) == text


def test_sections_of_other_underlines_and_code_blocks_are_no_prose():
    parsed = parse_docstring(
        "Adds.\n\nExplanation\n===========\n\nIt adds two numbers.\n\nExamples\n========\n\n>>> 1\n1\n"
    )
    assert parsed.sentences == ("Adds.", "It adds two numbers.")


@pytest.mark.parametrize(
    ("body", "prompt", "unstated"),
    [
        ("return x + 977", "Add.", [977]), ("return x + 977", "Add 977.", []), ("return 'key' + x", "Put it.", ["key"]),
        ("return 'key' + x", "Put 'key' first.", []), ("return ', '.join(x)", "Join.", [", "]),
        ("return ','.join(x)", "Join by commas, a comma each.", []), ("raise ValueError('no ' + x)", "Refuse.", []),
        ("return x[0] + x[-1]", "Add.", []), ("return x // 2", "Halve.", [2]), ("return x // 2", "The half of x.", []),
    ],
)  # fmt: skip
def test_constants_that_the_prompt_does_not_give(body, prompt, unstated):
    assert unstated_constants(function_of("Does it.", f"    {body}", "x"), prompt) == unstated
