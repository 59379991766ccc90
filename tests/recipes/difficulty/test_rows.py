"""The mix that is trained on, and mixes that cannot be made."""

import csv
import io
from collections import Counter

import pytest

from codekiln.data import replies
from codekiln.errors import InputError
from codekiln.recipes.difficulty import tables
from codekiln.recipes.types import BuiltDataset
from tests.recipes.difficulty.making import graded_as, lines, recipe, solved


def test_what_is_trained_on_is_the_chosen_mix(train, graded, folder):
    examples = recipe().rows(train, graded).examples
    outputs = Counter(line["output"] for line in lines(folder, "dataset_balanced.jsonl"))
    assert Counter(replies.extract_code(row.completion[0].content) for row in examples) == outputs
    hard = recipe(mix="hard_heavy").rows(train, graded).examples
    assert len(hard) == len(lines(folder, "dataset_hard_heavy.jsonl"))
    groups = {problem.task_id: problem.group for problem in train}
    assert all(row.group == groups[row.task_id] for row in examples)


def test_the_first_solution_of_a_problem_is_its_best_by_the_metric(train, graded):
    examples = recipe(solutions_per_problem=1).rows(train, graded).examples
    for example in examples:
        scores = [
            (row.score("structural_maintainability"), row.sample.solution.strip("\n"))
            for row in graded
            if row.sample.task_id == example.task_id and row.verdict.passed
        ]
        best = max(score for score, _ in scores if score is not None)
        code = replies.extract_code(example.completion[0].content)
        assert next(score for score, text in scores if text == code) == best


def test_a_mix_that_cannot_be_says_the_numbers_and_another_is_still_made(train, evaluation, graded):
    few = [problem for index, problem in enumerate(train) if solved(index) != 9 or index == 0]
    rows = [row for row in graded if row.sample.task_id in {problem.task_id for problem in few}]
    one = recipe(solutions_per_problem=1)
    files = one.files(BuiltDataset(few, evaluation, rows, one.rows(few, rows)))
    assert "dataset_easy_heavy.jsonl" not in files
    assert "dataset_balanced.jsonl" in files
    (row,) = [row for row in csv.DictReader(io.StringIO(files[tables.SUMMARY_CSV])) if row["dataset"] == "easy_heavy"]
    assert row["status"] == "7 : 2 : 1 (easy : medium : hard) needs at least 7 easy (there are 1)"
    assert row["total_examples"] == "0"
    with pytest.raises(InputError, match=r"needs at least 7 easy \(there are 1\).*8 medium.*8 unsolved"):
        recipe(mix="easy_heavy", solutions_per_problem=1).rows(few, rows)


def test_when_nothing_was_solved_the_message_says_what_to_do(train):
    rows = [row for problem in train for row in graded_as(problem.task_id, [False] * 5)]
    with pytest.raises(InputError) as error:
        recipe().rows(train, rows)
    assert "48 unsolved" in str(error.value)
    assert "recipes.difficulty.runs" in str(error.value)
