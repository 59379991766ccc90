"""What was wrong with published data sets, each fault in one file of a folder that is otherwise right."""

import pytest

from codekiln.data.folders import read_rows
from codekiln.data.records import Problem
from codekiln.recipes.difficulty import tables
from codekiln.recipes.validate import validate_dataset
from tests.recipes.difficulty.making import WRONG, lines, recipe, rewrite, solved


def errors(folder, **fields):
    one = recipe(**fields)
    return [str(error) for error in one.validate(folder)]


def test_a_folder_that_was_made_here_is_proven(folder):
    assert list(validate_dataset(folder)) == []
    assert errors(folder) == []


def test_a_name_that_does_not_say_what_is_in_it_is_found(copy):
    def one_less(rows):
        easy = [row for row in rows if row["difficulty"] == "easy"]
        return [row for row in rows if row is not easy[0]]

    rewrite(copy / "dataset_easy_heavy.jsonl", one_less)
    found = errors(copy)
    assert any("easy_heavy" in error and "its ratio" in error for error in found)
    assert any("does not have the rows of dataset_easy_heavy.jsonl" in error for error in found)


def test_a_label_that_the_rate_does_not_bear_out_is_found(copy):
    rewrite(copy / tables.PROBLEMS_CSV, lambda rows: [row | {"difficulty": "hard"} for row in rows])
    found = errors(copy)
    assert any("is called hard, and 9 of 10 is easy" in error for error in found)
    assert any("is called hard, and 0 of 10 is unsolved" in error for error in found)


@pytest.mark.parametrize(
    ("file", "column", "value"),
    [
        (tables.PROBLEMS_CSV, "n", "ten"),
        (tables.PROBLEMS_CSV, "correct", ""),
        (tables.PROBLEMS_CSV, "pass@5", "often"),
        (tables.SUMMARY_CSV, "easy_available", "some"),
        (tables.SUMMARY_CSV, "hard_count", "few"),
    ],
)
def test_a_cell_without_its_number_is_named(copy, file, column, value):
    rewrite(copy / file, lambda rows: [rows[0] | {column: value}, *rows[1:]])
    assert any(f"{file}:2.{column}" in error and f"is {value!r}, and no number" in error for error in errors(copy))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("total_examples", "999"),
        ("requested_ratio", "9:9:9"),
        ("actual_ratio", "9:9:9"),
        ("easy_available", "900"),
        ("verified", "0"),
    ],
)
def test_a_figure_of_the_summary_that_the_files_do_not_give_is_found(copy, column, value):
    rewrite(copy / tables.SUMMARY_CSV, lambda rows: [rows[0] | {column: value}, *rows[1:]])
    assert any(f"{tables.SUMMARY_CSV}.{column}" in error and f"to have {value}" in error for error in errors(copy))


def test_more_solved_than_tried_is_found(copy):
    rewrite(copy / tables.PROBLEMS_CSV, lambda rows: [rows[0] | {"correct": "99"}, *rows[1:]])
    assert any("is 99 of 10" in error for error in errors(copy))


def test_a_prompt_of_another_problem_in_the_csv_is_found(copy):
    rewrite(copy / "dataset_balanced.csv", lambda rows: [rows[0] | {"prompt": "Do nothing."}, *rows[1:]])
    assert any("does not have the rows of dataset_balanced.jsonl" in error for error in errors(copy))


def test_an_estimate_that_the_counts_do_not_give_is_found(copy):
    rewrite(copy / tables.PROBLEMS_CSV, lambda rows: [row | {"pass@10": "0.5"} for row in rows])
    assert any("pass@10" in error and "9 of 10 gives 1.0" in error for error in errors(copy))


def test_the_best_of_runs_that_all_fail_is_in_no_data_set(train, graded, copy):
    unsolved = {problem.task_id for index, problem in enumerate(train) if not solved(index)}
    assert not unsolved & {row.task_id for row in recipe().rows(train, graded).examples}
    output = WRONG.format(name="f", number=1)
    rewrite(copy / "dataset_balanced.jsonl", lambda rows: [rows[0] | {"output": output}, *rows[1:]])
    assert any("its output does not pass: " in error for error in errors(copy))


def test_a_cell_that_says_passed_proves_nothing(copy):
    broken = "def f(*args):\n    return 'PASS'\n\n\nprint('Test 1 PASS')\n"
    rewrite(copy / "dataset_balanced.jsonl", lambda rows: [rows[0] | {"output": broken}, *rows[1:]])
    rewrite(copy / "dataset_balanced.csv", lambda rows: [rows[0] | {"response": broken}, *rows[1:]])
    found = errors(copy)
    assert any("dataset_balanced.jsonl:1.output" in error and "does not pass" in error for error in found)
    assert any("runs-on-import" in error for error in found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda code: code + "\nassert True\n", "pasted-asserts"),
        (lambda code: code.replace("\n", "\r\n"), "carriage-return"),
        (lambda code: code + "\ndef (", "not-python"),
    ],
)
def test_outputs_with_pasted_asserts_foreign_line_ends_or_no_program_are_found(copy, change, reason):
    def first(rows):
        return [rows[0] | {"output": change(rows[0]["output"])}, *rows[1:]]

    rewrite(copy / "dataset_medium_heavy.jsonl", first)
    assert any(f"its output is no solution: {reason}" in error for error in errors(copy))


def test_columns_that_are_not_those_of_the_card_are_found(copy):
    wrong = copy / tables.PROBLEMS_CSV
    wrong.write_text(wrong.read_text().replace("mbpp_id,", "id,", 1))
    assert any("has the columns id, task_id" in error for error in errors(copy))


def test_rows_without_a_field_of_the_text_are_found(copy):
    def two_fields(rows):
        return [{key: row[key] for key in ("instruction", "output")} for row in rows]

    rewrite(copy / "dataset_balanced.jsonl", two_fields)
    assert any("has the fields instruction, output, not instruction, input" in error for error in errors(copy))


def test_an_overlap_that_was_not_removed_is_found(copy):
    rewrite(copy / "dataset_balanced.jsonl", lambda rows: [*rows, rows[0]])
    found = errors(copy)
    assert any("nearly repeats the output of line 1" in error for error in found)
    assert any("is built like another solution" in error for error in found)


def test_a_row_of_an_evaluation_problem_is_found(copy):
    problems = read_rows(copy / tables.PROBLEMS_JSONL, Problem)
    used = lines(copy, "dataset_balanced.jsonl")[0]["mbpp_id"]
    leaked = next(problem for problem in problems if problem.task_id == used)
    rewrite(copy / "evaluation.jsonl", lambda rows: [*rows, leaked.model_dump(mode="json")])
    assert any(f"{used} is an evaluation problem" in error for error in errors(copy))
    renamed = leaked.model_copy(update={"task_id": "other/1", "group": "other"})
    rewrite(copy / "evaluation.jsonl", lambda rows: [*rows[:-1], renamed.model_dump(mode="json")])
    assert any("like the evaluation problem other/1" in error for error in errors(copy))


def test_a_stale_train_file_is_found(copy):
    rewrite(copy / "train.jsonl", lambda rows: rows[1:])
    assert any("does not hold the rows of the mix 'balanced'" in error for error in errors(copy))


def test_another_mix_than_the_one_stated_is_found(folder):
    assert any("does not hold the rows of the mix 'hard_heavy'" in error for error in errors(folder, mix="hard_heavy"))


@pytest.mark.parametrize(
    "name",
    [tables.SUMMARY_CSV, tables.PROBLEMS_CSV, tables.PROBLEMS_JSONL, "train.jsonl", "evaluation.jsonl"]
    + ["dataset_balanced.jsonl", "dataset_balanced.csv"],
)
def test_a_missing_file_is_named(copy, name):
    (copy / name).unlink()
    assert any(name in error for error in errors(copy))
