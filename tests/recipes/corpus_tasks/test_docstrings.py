"""Docstrings of all styles give the author's words, and nothing is said that the author does not say."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from codekiln.recipes.corpus_tasks import reference_answers
from codekiln.recipes.corpus_tasks.docstring_facts import extract_facts
from codekiln.recipes.corpus_tasks.docstrings import parse_docstring, plain
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.module_context import unstated_constants
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
