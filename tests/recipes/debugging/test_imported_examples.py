"""Examples of others in the layout of the text: read with patience, and one that cannot be read is one less."""

import pytest

from codekiln.errors import InputErrors
from codekiln.recipes.debugging.imported_examples import read_examples
from codekiln.recipes.debugging.material import ErrorCounts, ExerciseMaterial
from codekiln.recipes.debugging.tags import ExerciseRequest, Explanation, read_reply, read_request
from tests.recipes.debugging.making import PROGRAM, edited, reply, request, write_example

BUGGED = edited(("range(count):", "range(count)"))
SAID = (5, "The colon is missing.")
USER, ASSISTANT = request(ErrorCounts(syntax=1)), reply(BUGGED, SAID)


def only(folder, **options):
    [found], unreadable = read_examples(folder, **options)
    assert unreadable == []
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
    named = [(item.split, item.number) for item in read_examples(tmp_path)[0]]
    assert named == [("training", 1), ("training", 2), ("training", 10), ("test", 7)]
    assert [item.number for item in read_examples(tmp_path, training=2, test=1)[0]] == [1, 2, 7]
    assert [item.split for item in read_examples(tmp_path, training=0)[0]] == ["test"]


def test_more_examples_than_there_are_is_an_error_with_both_numbers(tmp_path):
    write_example(tmp_path, "training", 1, USER, ASSISTANT)
    with pytest.raises(InputErrors, match="53 training examples are asked for, and there are 1"):
        read_examples(tmp_path, training=53)


def test_what_cannot_be_read_is_one_example_less_with_its_reason(tmp_path):
    wrong = {
        1: (USER, ASSISTANT.replace("</incorrect-program>", ""), "<incorrect-program> comes 0 times"),
        2: (USER.replace("<syntax>1", "<syntax>one"), ASSISTANT, "<syntax> is not a number"),
        3: (USER.replace("<syntax>1", "<syntax>0"), ASSISTANT, "no error is asked for"),
        4: (USER, ASSISTANT.replace("<error-location>5</error-location>\n", ""), "<error-location> names no line"),
        5: (USER, ASSISTANT.replace("Line 5: The colon is missing.", "\n"), "no <explanation> says"),
        6: (USER.replace("<description>", ""), ASSISTANT, "<description> comes 0 times"),
        7: (USER + USER, ASSISTANT, "<syntax> comes 2 times"),
        11: (USER.replace(PROGRAM, "  "), ASSISTANT, "<correct-program> is empty"),
        12: (USER, ASSISTANT.replace(BUGGED, ""), "<incorrect-program> is empty"),
        13: (USER.replace("<syntax>1", "<syntax>-1"), ASSISTANT, "<syntax> is not a number"),
    }
    for number, (user, assistant, _) in wrong.items():
        write_example(tmp_path, "training", number, user, assistant)
    write_example(tmp_path, "training", 8, USER, ASSISTANT)
    write_example(tmp_path, "test", 9, USER, ASSISTANT)
    (tmp_path / "test/user/9.txt").unlink()
    write_example(tmp_path, "test", 10, USER, ASSISTANT)
    (tmp_path / "test/user/10.xml").write_text(USER)
    (tmp_path / "test/user/two.txt").write_text(USER)
    read, unreadable = read_examples(tmp_path)
    assert [(item.split, item.number) for item in read] == [("training", 8), ("test", 10)]
    found = {item.name: item for item in unreadable}
    assert len(found) == len(wrong) + 3
    for number, (*_, what) in wrong.items():
        assert what in found[f"examples/training/{number}"].why
        assert found[f"examples/training/{number}"].source.endswith(f"assistant/{number}.txt")
    assert "has no user file beside it" in found["examples/test/9"].why
    assert "has the number of" in found["examples/test/10.xml"].why
    assert "has no number in its name" in found["examples/test/two.txt"].why


def test_files_beside_the_examples_are_no_examples(tmp_path):
    write_example(tmp_path, "training", 1, USER, ASSISTANT)
    (tmp_path / "training/user/.DS_Store").write_bytes(b"\xff")
    (tmp_path / "training/README.md").write_text("about")
    assert only(tmp_path).number == 1


@pytest.mark.parametrize(
    ("user", "assistant"),
    [
        (USER.replace("<runtime>0", "<runtime>-0"), ASSISTANT),
        (USER.replace("<runtime>0</runtime>", "<runtime>\n  0\n</runtime>"), ASSISTANT),
        (USER, ASSISTANT.replace("Line 5: ", "")),
        (USER, ASSISTANT.replace("Line 5: ", "Line 5 of the program: ")),
        (USER, ASSISTANT.replace("Line 5: ", "1. Line 5: ")),
    ],
)
def test_an_example_is_read_as_people_write_it(tmp_path, user, assistant):
    write_example(tmp_path, "training", 1, user, assistant)
    found = only(tmp_path)
    assert (found.request.counts, found.lines, found.explanations) == (ErrorCounts(1), (5,), (Explanation(*SAID),))


def test_explanations_without_lines_have_those_of_their_locations(tmp_path):
    text = ASSISTANT.replace("<error-location>5</error-location>", "<error-location>5\n7</error-location>")
    text = text.replace("Line 5: The colon is missing.", "- The colon is missing.\n- The name\n is wrong.")
    write_example(tmp_path, "training", 1, USER, text)
    assert only(tmp_path).explanations == (Explanation(*SAID), Explanation(7, "The name is wrong."))


def test_indentation_that_is_an_error_stays(tmp_path):
    code = "\n".join(f"    {line}" for line in (f" {BUGGED}").split("\n"))
    tagged = f"<root>\n    <incorrect-program>\n{code}\n    </incorrect-program>"
    write_example(tmp_path, "training", 1, USER, tagged + ASSISTANT.partition("</incorrect-program>")[2])
    assert only(tmp_path).program == f" {BUGGED}"


def test_changes_of_layout_alone_are_left_out_and_lines_are_counted_anew(tmp_path):
    correct = "# Ask\n\nprice = 2\n# Show it\nprint(price - 1)"
    program = "\nprice = 2\nprint( price - 2)"
    user = request(ErrorCounts(logical=1), of=ExerciseMaterial("m", "d", correct))
    write_example(tmp_path, "training", 1, user, reply(program, (2, "The number 2 is wrong.")))
    found = only(tmp_path)
    assert found.program == correct.replace("- 1", "- 2")
    assert found.lines == (5,)


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
