"""Where students' work comes from, in each form that users bring; and pseudonyms."""

import pytest

from codekiln.errors import InputError, InputErrors
from codekiln.recipes.student.course import Course, write_streams
from codekiln.recipes.student.questions import write_questions
from codekiln.recipes.student.schema import write_rows
from codekiln.recipes.student.source import CourseData, file_digests, pseudonymise, read_source
from codekiln.recipes.student.variants import Variant, VariantRow, build_rows
from tests.recipes.student.small_course import DOUBLE, NO_COLON, QUESTIONS, RIGHT, WRONG, course, next_row, stage_row

NEXT = Variant(2, False, 1)


def read(path, variant=NEXT, problems=""):
    return read_source(str(path), problems, variant, 36, 0)


def rows_file(folder, rows, name="train_exp2_without_context_k1.json"):
    (folder / name).write_text(write_rows(rows))
    return folder / name


def test_a_folder_of_streams_and_problems_is_a_course(tmp_path):
    (tmp_path / "streams.jsonl").write_text(write_streams(course().streams))
    (tmp_path / "problems.json").write_text(write_questions(QUESTIONS))
    assert read(tmp_path).course == course()
    assert read(tmp_path / "streams.jsonl").has_streams
    assert set(file_digests(str(tmp_path), "", NEXT)) == {"student.source", "student.problems_file"}


@pytest.mark.parametrize("marked", ["streams.jsonl", "problems.json", "both"])
def test_files_may_start_with_a_byte_order_mark_and_have_crlf(tmp_path, marked):
    texts = {"streams.jsonl": write_streams(course().streams), "problems.json": write_questions(QUESTIONS)}
    for name, text in texts.items():
        data = text.replace("\n", "\r\n").encode()
        (tmp_path / name).write_bytes(b"\xef\xbb\xbf" * (marked in (name, "both")) + data)
    assert read(tmp_path).course == course()


def test_a_rows_file_may_start_with_a_byte_order_mark(tmp_path):
    path = rows_file(tmp_path, [next_row()])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read(path).rows) == 1


def test_streams_need_a_problems_file(tmp_path):
    (tmp_path / "streams.jsonl").write_text(write_streams(course().streams))
    with pytest.raises(InputError, match="needs the problems"):
        read(tmp_path)


def test_rows_are_taken_with_the_tests_of_the_problems_file(tmp_path):
    (tmp_path / "p.json").write_text(write_questions({"double": DOUBLE}))
    path = rows_file(tmp_path, [next_row(), next_row(prior=(RIGHT,)), next_row(question="other")])
    found = read(path, problems=str(tmp_path / "p.json"))
    assert [row.task_id for row in found.rows] == ["double/autumn/ann/0", "double/autumn/ann/1", "other/autumn/ann/0"]
    assert found.course.questions["double"].all_tests == DOUBLE.all_tests
    assert found.course.questions["other"].all_tests == ()
    assert found.rows[1].earlier == (RIGHT,)


def test_a_folder_is_searched_for_the_variants_file(tmp_path):
    rows_file(tmp_path, [stage_row()], "train_exp1_with_context.json")
    assert len(read(tmp_path, Variant(1, True)).rows) == 1
    with pytest.raises(InputError, match="no file of this variant") as caught:
        read(tmp_path)
    assert "train_exp2_without_context_k1.json" in caught.value.fix


def test_more_earlier_submissions_than_k_are_a_mistake_and_so_are_two_texts_of_a_problem(tmp_path):
    longer = next_row(prior=("a = 1", "b = 2"))
    other = next_row().model_copy(update={"INPUT": next_row().INPUT.model_copy(update={"instructions": "Else."})})
    path = rows_file(tmp_path, [next_row(), longer, other])
    with pytest.raises(InputErrors) as caught:
        read(path)
    assert [error.where for error in caught.value.errors] == [
        f"{path}: row 2.INPUT.curr_problem_prior_submissions",
        f"{path}: row 3.INPUT.question_name",
    ]


def in_semester(row, semester, **changes):
    return row.model_copy(update={"INPUT": row.INPUT.model_copy(update={"semester": semester, **changes})})


def test_a_course_whose_texts_differ_by_semester_is_read_with_the_tests_of_its_skeletons(tmp_path):
    todo = 'def double({0}):\n    """\n    >>> double(2)\n    4\n    """'
    rows = [
        in_semester(next_row(RIGHT, student=f"{semester}-{number}"), semester, skeleton_code_todo=todo.format(name))
        for semester, name in (("sp21", "x"), ("fa21", "n"))
        for number in range(2)
    ]
    found = read(rows_file(tmp_path, rows))
    assert found.course.questions["double"].of("sp21").skeleton_code_todo == todo.format("x")
    assert found.course.questions["double"].of("fa21").skeleton_code_todo == todo.format("n")
    assert len(found.course.questions["double"].of("fa21").all_tests) == 1
    assert len({row.task_id for row in found.rows}) == 4


def test_skeletons_of_a_folder_are_found_for_rows_and_for_streams(tmp_path):
    skeletons = tmp_path / "skeletons"
    skeletons.mkdir()
    (skeletons / "autumn_double.py").write_text('def double(x):\n    """\n    >>> double(1)\n    2\n    """')
    found = read(rows_file(tmp_path, [next_row()]), problems=str(skeletons))
    assert len(found.course.questions["double"].all_tests) == 1
    assert found.course.questions["double"].skeleton_code_todo == "def double(x):"  # the text of a row is its own
    streams = [one for one in course().streams if one.question == "double"]
    (tmp_path / "streams.jsonl").write_text(write_streams(streams))
    found = read(tmp_path / "streams.jsonl", problems=str(skeletons))
    assert list(found.course.questions) == ["double"]
    assert len(found.course.questions["double"].all_tests) == 1
    digests = file_digests(str(tmp_path / "streams.jsonl"), str(skeletons), NEXT)
    assert set(digests) == {"student.source", "student.problems_file"}


def test_rows_of_one_student_and_problem_are_neighbours_in_the_order_of_their_stages(tmp_path):
    codes = {"submission_last": RIGHT, "submission_first": NO_COLON, "submission_mid": WRONG}
    path = rows_file(tmp_path, [stage_row(code, stage) for stage, code in codes.items()])
    last, first, middle = read(path, Variant(1, False)).rows
    assert first.neighbours == (WRONG, RIGHT)
    assert middle.neighbours == (RIGHT, NO_COLON)
    assert (last.attempt, last.neighbours) == (2, (WRONG, NO_COLON))


def test_one_row_per_line_is_told_from_streams(tmp_path):
    path = tmp_path / "inside.jsonl"
    path.write_text("".join(one.model_dump_json(exclude_none=True) + "\n" for one in (next_row(), next_row(WRONG))))
    assert [row.row.code for row in read(path).rows] == [RIGHT, WRONG]


def test_a_source_that_is_not_there_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read(tmp_path / "nothing.json")


@pytest.mark.parametrize("variant", [Variant(1, True), Variant(2, True, 3)])
def test_rows_written_from_streams_are_read_back_the_same(tmp_path, variant):
    known = course()
    rows = [located.row for located in build_rows(known, variant, known.streams, known.streams, 1)]
    rows_file(tmp_path, rows, f"train_{variant.name}.json")
    (tmp_path / "problems.json").write_text(write_questions(QUESTIONS))
    found = read(tmp_path, variant)
    assert [located.row for located in found.rows] == rows
    assert found.course.questions == QUESTIONS


def test_the_embedded_class_has_no_files():
    assert file_digests("embedded", "", NEXT) == {}


def located(row, number=0):
    return VariantRow(f"t{number}", row, number, ())


def test_pseudonyms_replace_every_id_alike_and_change_nothing_else():
    named = course()
    hidden = pseudonymise(CourseData(named), 3).course
    pairs = {(one.student, other.student) for one, other in zip(named.streams, hidden.streams, strict=True)}
    assert len(pairs) == len({stream.student for stream in named.streams})
    assert not {old for old, _ in pairs} & {new for _, new in pairs}
    assert [stream.submissions for stream in hidden.streams] == [stream.submissions for stream in named.streams]


def test_pseudonyms_of_rows_are_in_their_ids_too():
    source = CourseData(Course(QUESTIONS), (located(next_row(student="ann.smith")),))
    (row,) = pseudonymise(source, 0).rows
    assert "ann.smith" not in row.task_id + row.row.model_dump_json()
