"""A summary says what a function does; remarks, references, signatures and bare nouns are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codekiln.recipes.corpus_tasks import reference_answers
from codekiln.recipes.corpus_tasks.docstring_facts import extract_facts
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.source import SourceFile
from codekiln.recipes.corpus_tasks.summaries import breaks_off, is_remark, is_summary


def function_of(docstring, head="value", body="return value + value", name="scale", decorator=""):
    text = f'{decorator}def {name}({head}):\n    """{docstring}"""\n    {body}\n'
    return next(extract_functions(SourceFile("f.py", text), 1, 99))[0]


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Return the middle path of a tree.", "middle"),
        ("Closes the file and frees its lock.", "close"),
        ("Recursively yield all existing files.", "rglob"),
        ("This method reads lines until the end.", "read"),
        ("Helper to split the netmask.", "_split"),
        ("A decorator that counts calls.", "counted"),
        ("True if the stream can be read.", "readable"),
        ("Whether this path is a socket.", "is_socket"),
        ("Given integers c, e and p, compute an approximation to c.", "_dlog"),
        ("If the keyed message exists, remove it.", "discard"),
        ("Test whether a path is absolute.", "isabs"),
        ("Returns the name, e.g. 'Linux' or 'Java'.", "system"),
        ("Modifies the list in place.", "shuffle"),
    ],
)
def test_what_a_function_does_or_gives_is_a_summary(sentence, name):
    assert is_summary(sentence, name)


@pytest.mark.parametrize(
    ("sentence", "name"),
    [
        ("Note that this is slow but effective.", "clear"),
        ("This is slow (creates iterators!) but effective.", "clear"),
        ("Deprecated, use read_file instead.", "readfp"),
        ("New in version 3.2 of the library.", "readfp"),
        ("Used by pickle protocol 4, instead of the other one.", "__newobj__"),
        ("Called when an empty line is entered.", "emptyline"),
        ("Use module.name instead of class.name.", "global_str"),
        ("Like read() but the argument must be a file.", "read_file"),
        ("Same as a + b, for a and b sequences.", "concat"),
        ("See the class for what this does.", "run"),
        ("Returns the list that is described below.", "entries"),
        ("Internal: read lines until EOF.", "read_lines"),
        ("D.pop(k[,d]) removes the key and returns the value.", "pop"),
        ("year, month -> number of days in that month.", "_days"),
        ("x.__hash__() <==> hash(x) for all x.", "__hash__"),
        ("Probability density function of this.", "pdf"),
        ("Dictionary style indexing of values.", "__getitem__"),
        ("Log normal distribution of numbers.", "lognormvariate"),
        ("Values must already be of type str.", "__new__"),
        ("Returns the name of the system, e.g.", "system"),
        ("Registers a callback for the following.", "on"),
        ("Closest integer to the root of n. a is an approximation.", "_sqrt"),
        ("Verify the request.", "verify_request"),
        ("Initialize a new instance.", "__init__"),
        ("Registers an archive format.", "register_archive_format"),
        ("When you compile a tree, the compiler expects attributes.", "fix"),
    ],
)
def test_what_is_no_summary_makes_no_task(sentence, name):
    assert not is_summary(sentence, name)
    function = function_of(
        f"{sentence}\n\n    Args:\n        value: A number.\n\n    Returns:\n        The sum.\n", name=name
    )
    assert extract_facts(function).summary == ""
    assert reference_answers.docstring(function) is None
    assert reference_answers.explanation(function) is None


def test_a_noun_describes_a_property_alone():
    assert is_summary("The final path component, if any.", "name", is_property=True)
    assert not is_summary("The final path component, if any.", "name")
    told = function_of("The final path component, if any.", "self", decorator="@property\n")
    assert extract_facts(told).summary == "The final path component, if any."


@given(st.sampled_from(["register_hook", "getFileName", "close", "process_2_items", "__init__"]))
def test_words_of_the_name_alone_are_no_summary(name):
    words = " ".join(part for part in name.strip("_").replace("N", "_n").replace("F", "_f").split("_") if part)
    assert not is_summary(f"Return the {words}.", name)
    assert is_summary(f"Return the {words} of the oldest caller.", name)


@pytest.mark.parametrize(
    ("docstring", "breaks"),
    [
        ("p expression\nPrint the value of the expression.", True),
        ("Return the options:\n- one\n- two", True),
        (
            "Return the value of a single variable using the dictionary that is returned by\nEurope's first function.",
            False,
        ),
        ("Return a value.\nThe value is new.", False),
        ("Return a value\nof the table.", False),
        ("Return a value\n\nSomething else.", False),
    ],
)
def test_a_usage_line_or_a_list_is_not_joined_to_a_sentence(docstring, breaks):
    assert breaks_off(docstring) == breaks


@pytest.mark.parametrize(
    ("sentence", "remark"),
    [
        ("We remove the first item because it is our own code.", True),
        ("The output is written by self.write(), below.", True),
        ("See also the module docstring.", True),
        ("Note that the file is closed.", True),
        ("Reads everything without blocking in I/O.", False),
        ("Stops if the frame is below the starting frame.", False),
    ],
)
def test_remarks_are_no_facts_about_the_behaviour(sentence, remark):
    assert is_remark(sentence) == remark
    function = function_of(f"Return the sum of two things.\n\n    {sentence}\n    ", head="")
    assert (sentence in extract_facts(function).behaviour) == (not remark)
