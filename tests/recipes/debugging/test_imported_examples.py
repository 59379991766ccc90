"""ImportedExample examples in the layout of the text: read with patience, and what is malformed is told all at once."""

import pytest

from codekiln.errors import InputErrors
from codekiln.recipes.debugging.imported_examples import read_examples
from codekiln.recipes.debugging.material import ErrorCounts
from codekiln.recipes.debugging.tags import ExerciseRequest, Explanation, read_reply, read_request
from tests.recipes.debugging.making import PROGRAM, edited, reply, request, write_example

BUGGED = edited(("range(count):", "range(count)"))
SAID = (5, "The colon is missing.")
USER, ASSISTANT = request(ErrorCounts(syntax=1)), reply(BUGGED, SAID)


def only(folder, **options):
    [found] = read_examples(folder, **options)
    return found


def indented(text):
    return "\n".join(f"    {line}" for line in text.split("\n"))


@pytest.mark.parametrize(
    ("user", "assistant"),
    [
        (USER, ASSISTANT),
        (USER, ASSISTANT.replace(BUGGED, indented(BUGGED))),
        (
            USER.replace(PROGRAM, f"\n```python\n{PROGRAM}\n```\n"),
            ASSISTANT.replace(BUGGED, f"<![CDATA[\n{BUGGED}\n]]>"),
        ),
        (USER, ASSISTANT.replace(BUGGED, BUGGED.replace("&", "&amp;").replace("<", "&lt;"))),
        (USER.replace("\n", "\r\n"), ASSISTANT.replace("\n", "\r\n")),
        ("﻿" + USER, ASSISTANT.replace("<root>", "<root>\n<thinking>for 1 < 2 & 3</thinking>")),
        (USER, ASSISTANT.replace("Line 5: ", "\n  - Line 5: ")),
        (USER, ASSISTANT.replace("Line 5: ", "line 5 - ")),
    ],
)
def test_an_example_is_read_however_its_code_is_wrapped(tmp_path, user, assistant):
    write_example(tmp_path, "training", 1, user, assistant)
    found = only(tmp_path)
    assert found.request.program == PROGRAM
    assert found.program == BUGGED
    assert (found.request.counts, found.lines, found.explanations) == (ErrorCounts(1), (5,), (Explanation(*SAID),))


def test_what_was_read_is_written_in_the_one_form(tmp_path):
    write_example(tmp_path, "training", 1, USER, ASSISTANT.replace(BUGGED, indented(BUGGED)))
    found = only(tmp_path)
    assert read_reply(found.reply).faults == ()
    assert read_reply(found.reply).program == BUGGED
    assert found.material.program == PROGRAM
    assert read_request(USER) == found.request


def test_one_tag_may_hold_several_lines_and_explanations(tmp_path):
    text = ASSISTANT.replace("<error-location>5</error-location>", "<error-location>5, 7\n9</error-location>")
    text = text.replace(
        "Line 5: The colon is missing.", "Line 5: The colon\n is missing.\nLines 7-8: That.\nLine 9) This."
    )
    write_example(tmp_path, "test", 3, USER, text)
    found = only(tmp_path)
    assert found.lines == (5, 7, 9)
    assert found.explanations == (
        Explanation(5, "The colon is missing."),
        Explanation(7, "That."),
        Explanation(9, "This."),
    )


@pytest.mark.parametrize(
    "layout",
    [
        "training/user/{}.txt",
        "user/training/{}.txt",
        "train/user_examples/user{}.xml",
        "Training/User/ex-{}.md",
        "fine-tuning-examples/training/user/{}",
        "training/user/{}.TXT",
        "training/user/{}.prompt",
    ],
)
def test_folders_may_be_named_and_nested_in_several_ways(tmp_path, layout):
    for role, text in (("user", USER), ("assistant", ASSISTANT)):
        path = tmp_path / layout.replace("user", role).replace("User", role.title()).format(4)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = only(tmp_path)
    assert (found.split, found.number) == ("training", 4)


def test_examples_come_by_number_and_as_many_as_are_asked_for(tmp_path):
    for number in (10, 2, 1):
        write_example(tmp_path, "training", number, USER, ASSISTANT)
    write_example(tmp_path, "test", 7, USER, ASSISTANT)
    named = [(item.split, item.number) for item in read_examples(tmp_path)]
    assert named == [("training", 1), ("training", 2), ("training", 10), ("test", 7)]
    assert [item.number for item in read_examples(tmp_path, training=2, test=1)] == [1, 2, 7]
    assert [item.split for item in read_examples(tmp_path, training=0)] == ["test"]


def test_more_examples_than_there_are_is_an_error_with_both_numbers(tmp_path):
    write_example(tmp_path, "training", 1, USER, ASSISTANT)
    with pytest.raises(InputErrors, match="53 training examples are asked for, and there are 1"):
        read_examples(tmp_path, training=53)


def test_everything_malformed_is_reported_with_its_file_at_once(tmp_path):
    wrong = {
        1: (USER, ASSISTANT.replace("</incorrect-program>", ""), "<incorrect-program> comes 0 times"),
        2: (USER.replace("<syntax>1", "<syntax>one"), ASSISTANT, "<syntax> is not a number"),
        3: (USER.replace("<syntax>1", "<syntax>0"), ASSISTANT, "no error is asked for"),
        4: (USER, ASSISTANT.replace("<error-location>5</error-location>\n", ""), "<error-location> names no line"),
        5: (USER, ASSISTANT.replace("Line 5: ", ""), "no <explanation> says"),
        6: (USER.replace("<description>", ""), ASSISTANT, "<description> comes 0 times"),
        7: (USER + USER, ASSISTANT, "<syntax> comes 2 times"),
    }
    for number, (user, assistant, _) in wrong.items():
        write_example(tmp_path, "training", number, user, assistant)
    write_example(tmp_path, "training", 8, USER, ASSISTANT)
    write_example(tmp_path, "test", 9, USER, ASSISTANT)
    (tmp_path / "test/user/9.txt").unlink()
    write_example(tmp_path, "test", 10, USER, ASSISTANT)
    (tmp_path / "test/user/10.xml").write_text(USER)
    with pytest.raises(InputErrors) as caught:
        read_examples(tmp_path)
    found = {error.where: str(error) for error in caught.value.errors}
    assert len(found) == len(wrong) + 2
    for number, (*_, what) in wrong.items():
        assert what in found[str(tmp_path / f"training/assistant/{number}.txt")]
    assert "has no user file beside it" in found[str(tmp_path / "test/assistant/9.txt")]
    assert "has the number of" in found[str(tmp_path / "test/user/10.xml")]


def test_a_file_among_the_examples_that_is_none_is_not_passed_over(tmp_path):
    write_example(tmp_path, "training", 1, USER, ASSISTANT)
    (tmp_path / "training/user/.DS_Store").write_bytes(b"\xff")
    (tmp_path / "training/README.md").write_text("about")
    assert only(tmp_path).number == 1
    (tmp_path / "training/user/two.txt").write_text(USER)
    with pytest.raises(InputErrors, match=r"two\.txt: has no number in its name"):
        read_examples(tmp_path)


def test_a_folder_without_examples_is_refused(tmp_path):
    (tmp_path / "readme.txt").write_text("nothing")
    for folder, what in ((tmp_path, "holds no examples"), (tmp_path / "no", "no such folder")):
        with pytest.raises(InputErrors, match=what):
            read_examples(folder)


def test_a_description_and_counts_are_what_the_user_gave(tmp_path):
    write_example(tmp_path, "training", 1, request(ErrorCounts(2, 0, 1)), ASSISTANT)
    assert only(tmp_path).request == ExerciseRequest(
        "Read orders & print the total (< 100) and the average.", PROGRAM, ErrorCounts(2, 0, 1)
    )
