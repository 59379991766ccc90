"""The files of a data set by difficulty: ratios, columns, tables and plots."""

import json
from collections import Counter
from itertools import combinations

import pytest

from codekiln.code.distance import pq_gram_distance
from codekiln.data import prompts
from codekiln.data.files import sha256_file
from codekiln.data.normalise import fingerprint
from codekiln.recipes.difficulty import tables
from codekiln.recipes.difficulty.rates import BANDS, SolveRate
from codekiln.recipes.types import BuiltDataset
from tests.recipes.difficulty.making import SAMPLES, lines, read, recipe


def test_problems_are_rated_by_all_their_samples(folder):
    rows = read(folder, tables.PROBLEMS_CSV)
    assert Counter(row["difficulty"] for row in rows) == {"easy": 8, "medium": 8, "hard": 24, "unsolved": 8}
    for row in rows:
        rate = SolveRate(int(row["n"]), int(row["correct"]))
        assert rate.n == SAMPLES
        assert [float(row[f"pass@{k}"]) for k in (1, 5, 10)] == pytest.approx([rate.pass_at(k) for k in (1, 5, 10)])


def test_every_data_set_has_the_ratio_of_its_name_exactly(folder):
    shares = {"balanced": (1, 1, 1), "easy_heavy": (7, 2, 1), "medium_heavy": (1, 7, 2), "hard_heavy": (1, 2, 7)}
    for row in read(folder, tables.SUMMARY_CSV):
        assert row["requested_ratio"] == row["actual_ratio"] == ":".join(map(str, shares[row["dataset"]]))
        found = Counter(line["difficulty"] for line in lines(folder, f"dataset_{row['dataset']}.jsonl"))
        assert [found[band] for band in BANDS] == [int(row[f"{band}_count"]) for band in BANDS]
        assert sum(found.values()) == int(row["total_examples"]) > 0


def test_the_columns_are_those_of_the_text_and_of_the_card(folder):
    card = (folder / "README.md").read_text()
    for mix in ("balanced", "easy_heavy", "medium_heavy", "hard_heavy"):
        for line in lines(folder, f"dataset_{mix}.jsonl"):
            assert list(line) == ["instruction", "input", "output", "difficulty", "mbpp_id"]
        (head, *_) = (folder / f"dataset_{mix}.csv").read_text().splitlines()
        assert head == "mbpp_id,prompt,response,difficulty,passed,run_id"
    assert "`instruction`, `input`, `output`, `difficulty`, `mbpp_id`" in card
    assert "`mbpp_id`, `prompt`, `response`, `difficulty`, `passed`, `run_id`" in card
    assert ", ".join(f"`{column}`" for column in read(folder, tables.PROBLEMS_CSV)[0]) in card
    assert ", ".join(f"`{column}`" for column in read(folder, tables.RUNS_CSV)[0]) in card


def test_outputs_are_what_a_model_wrote_and_passed(train, graded, folder):
    passed = {(row.sample.task_id, row.sample.solution.strip("\n")) for row in graded if row.verdict.passed}
    for name in ("balanced", "hard_heavy"):
        for line, row in zip(lines(folder, f"dataset_{name}.jsonl"), read(folder, f"dataset_{name}.csv"), strict=True):
            assert (line["mbpp_id"], line["output"]) in passed
            assert (row["response"], row["passed"]) == (line["output"], "True")
            assert row["run_id"] in ("alpha", "beta")
            assert "\r" not in line["output"]


def test_a_problem_has_one_solution_unless_more_are_asked_for(folder):
    for row in read(folder, tables.SUMMARY_CSV):
        assert row["problems"] == row["total_examples"]
        assert row["problem_ratio"] == row["actual_ratio"]


def test_solutions_of_one_problem_are_built_differently_and_keep_the_ratio_of_problems(train, evaluation, graded):
    one = recipe(solutions_per_problem=2)
    files = one.files(BuiltDataset(train, evaluation, graded, one.rows(train, graded)))
    found = {}
    for line in map(json.loads, files["dataset_balanced.jsonl"].splitlines()):
        found.setdefault((line["mbpp_id"], line["difficulty"]), set()).add(line["output"])
    several = [codes for codes in found.values() if len(codes) > 1]
    assert several
    assert len(set(Counter(band for _, band in found).values())) == 1
    for codes in several:
        for one, other in combinations(codes, 2):
            assert fingerprint(one) != fingerprint(other)
            assert pq_gram_distance(one, other) >= 0.2


def test_runs_are_listed_with_what_they_achieved(folder):
    rows = read(folder, tables.RUNS_CSV)
    assert [row["run_id"] for row in rows] == ["alpha", "beta"]
    assert sum(int(row["samples"]) for row in rows) == 48 * SAMPLES
    assert all(float(row["pass@1"]) == int(row["passed"]) / int(row["samples"]) for row in rows)


def test_the_pictures_are_pictures_and_the_same_each_time(train, evaluation, graded, folder):
    one = recipe()
    files = one.files(BuiltDataset(train, evaluation, graded, one.rows(train, graded)))
    for name in ("difficulty.png", "pass_at_1.png"):
        assert files[name].startswith(b"\x89PNG")
        assert files[name] == (folder / name).read_bytes()


def test_the_same_inputs_and_seed_give_the_same_files(train, evaluation, graded, folder):
    again = recipe()
    shuffled = list(reversed(graded))
    rows = again.rows(train, shuffled)
    assert rows.examples == recipe().rows(train, graded).examples
    files = again.files(BuiltDataset(train, evaluation, graded, rows))
    assert {name: sha256_file(folder / name) for name in files} == {
        name: sha256_file(folder / name) for name in files if _bytes(files[name]) == (folder / name).read_bytes()
    }
    assert recipe(seed=1).rows(train, graded).examples != rows.examples


def _bytes(content):
    return content.encode() if isinstance(content, str) else content


def test_the_tests_that_grade_are_never_shown(train, folder):
    hidden = {json.dumps(test.model_dump()["call"]) for problem in train for test in problem.tests}
    assert hidden
    for problem in train:
        shown = prompts.messages(problem)[-1].content
        for test in problem.tests:
            assert prompts._show(test, problem.entry_point) not in shown
    for line in lines(folder, "dataset_balanced.jsonl"):
        problem = next(problem for problem in train if problem.task_id == line["mbpp_id"])
        assert line["instruction"] == prompts.messages(problem)[-1].content
