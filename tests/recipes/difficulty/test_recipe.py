"""Data sets by difficulty, from runs whose outcome is known, and each way in which published ones were wrong."""

import csv
import io
import json
import shutil
from collections import Counter
from itertools import combinations

import pytest
from codekiln.recipes.difficulty.decontamination import apart
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from codekiln import demo, recipes, teachers
from codekiln.code.distance import pq_gram_distance
from codekiln.data import near_duplicates, prompts
from codekiln.data.files import sha256_file
from codekiln.data.folders import read_rows
from codekiln.data.normalise import fingerprint
from codekiln.data.readers import read_problems
from codekiln.data.records import Graded, Problem, Sample, Score, Verdict
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.recipes import publish
from codekiln.recipes.difficulty import summary, tables
from codekiln.recipes.difficulty.rates import BANDS, Rate
from codekiln.recipes.types import BuiltDataset
from codekiln.recipes.validate import validate_dataset
from codekiln.sandbox import Limits
from codekiln.settings.resolve import resolve
from tests.running import codekiln

KIND = recipes.get("difficulty")
WRONG = "def {name}(*args):\n    return None, {number}\n"
SAMPLES = 10


def recipe(seed=0, **fields):
    return KIND(KIND.Settings(**fields), metric="pass@1", seed=seed)


def solved(index):
    """Return how many of its ten samples solve the index-th problem: 9 easy, 5 medium, 2 hard, none unsolved."""
    return (9, 5, 2, 2, 2, 0)[index % 6]


def styles_of(problem):
    reference = teachers.get("reference")
    ((_, samples),) = reference(reference.Settings(), seed=0).solve([problem])
    return [sample.solution for sample in samples]


def samples_of(problem, correct, n=SAMPLES):
    """Return ``n`` samples, ``correct`` of them right in the styles there are, the others wrong."""
    right = styles_of(problem)
    wrong = [WRONG.format(name=problem.entry_point, number=number) for number in range(n - correct)]
    return [right[number % len(right)] for number in range(correct)] + wrong


@pytest.fixture(scope="module")
def train():
    return demo.problems("train", count=48)


@pytest.fixture(scope="module")
def judges():
    return demo.problems("eval", count=12)


@pytest.fixture(scope="module")
def graded(train):
    samples = [
        Sample(task_id=problem.task_id, solution=code, model=("alpha", "beta")[number % 2])
        for index, problem in enumerate(train)
        for number, code in enumerate(samples_of(problem, solved(index)))
    ]
    one = recipe()
    return one.score(train, one.grade(train, samples, workers=1, limits=Limits(), label="test"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory, train, judges, graded):
    path = tmp_path_factory.mktemp("difficulty") / "dataset"
    one = recipe()
    made = BuiltDataset(train, judges, graded, one.rows(train, graded), "filter", "tiny")
    publish.publish(path, one, made)
    return path


def read(folder, name):
    return list(csv.DictReader(io.StringIO((folder / name).read_text())))


def lines(folder, name):
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def errors(folder, **fields):
    one = recipe(**fields)
    return [str(error) for error in one.validate(folder)]


@pytest.fixture
def copy(folder, tmp_path):
    path = tmp_path / "dataset"
    shutil.copytree(folder, path)
    return path


def rewrite(path, change):
    """Change the rows of a JSON Lines or CSV file in place."""
    if path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in change(rows)))
    else:
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        path.write_text(tables.table(list(rows[0]), change(rows)))


def test_problems_are_rated_by_all_their_samples(folder):
    rows = read(folder, tables.PROBLEMS_CSV)
    assert Counter(row["difficulty"] for row in rows) == {"easy": 8, "medium": 8, "hard": 24, "unsolved": 8}
    for row in rows:
        rate = Rate(int(row["n"]), int(row["correct"]))
        assert rate.n == SAMPLES
        assert [float(row[f"pass@{k}"]) for k in (1, 5, 10)] == pytest.approx([rate.at(k) for k in (1, 5, 10)])


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


def test_what_is_trained_on_is_the_chosen_mix(train, graded, folder):
    examples = recipe().rows(train, graded).examples
    outputs = Counter(line["output"] for line in lines(folder, "dataset_balanced.jsonl"))
    assert Counter(prompts.extract_code(row.completion[0].content) for row in examples) == outputs
    hard = recipe(mix="hard_heavy").rows(train, graded).examples
    assert len(hard) == len(lines(folder, "dataset_hard_heavy.jsonl"))
    groups = {problem.task_id: problem.group for problem in train}
    assert all(row.group == groups[row.task_id] for row in examples)


def test_outputs_are_what_a_model_wrote_and_passed(train, graded, folder):
    passed = {(row.sample.task_id, row.sample.solution.strip("\n")) for row in graded if row.verdict.passed}
    for name in ("balanced", "hard_heavy"):
        for line, row in zip(lines(folder, f"dataset_{name}.jsonl"), read(folder, f"dataset_{name}.csv"), strict=True):
            assert (line["mbpp_id"], line["output"]) in passed
            assert (row["response"], row["passed"]) == (line["output"], "True")
            assert row["run_id"] in ("alpha", "beta")
            assert "\r" not in line["output"]


def test_solutions_of_one_problem_are_built_differently(folder):
    found = {}
    for line in lines(folder, "dataset_hard_heavy.jsonl") + lines(folder, "dataset_balanced.jsonl"):
        found.setdefault(line["mbpp_id"], set()).add(line["output"])
    several = [codes for codes in found.values() if len(codes) > 1]
    assert several
    for codes in several:
        for one, other in combinations(codes, 2):
            assert fingerprint(one) != fingerprint(other)
            assert pq_gram_distance(one, other) >= 0.2


def test_the_first_solution_of_a_problem_is_its_best_by_the_metric(train, graded):
    examples = recipe(solutions_per_problem=1).rows(train, graded).examples
    for example in examples:
        scores = [
            (row.score("structural_maintainability"), row.sample.solution.strip("\n"))
            for row in graded
            if row.sample.task_id == example.task_id and row.verdict.passed
        ]
        best = max(score for score, _ in scores if score is not None)
        code = prompts.extract_code(example.completion[0].content)
        assert next(score for score, text in scores if text == code) == best


def test_the_summary_has_every_statistic_and_says_how_data_sets_overlap(folder):
    rows = {row["dataset"]: row for row in read(folder, tables.SUMMARY_CSV)}
    texts = {
        name: {(line["mbpp_id"], line["output"]) for line in lines(folder, f"dataset_{name}.jsonl")} for name in rows
    }
    for name, row in rows.items():
        assert row["status"] == summary.MADE
        assert (row["trained_on"] == "yes") == (name == "balanced")
        assert float(row["success_rate_easy"]) == 0.9
        assert float(row["success_rate_medium"]) == 0.5
        assert float(row["success_rate_hard"]) == 0.2
        assert int(row["verified"]) == int(row["total_examples"])
        for column in ("average_problem_length", "average_complexity", "average_lines", "average_pass@5"):
            assert float(row[column]) > 0 or column == "average_complexity"
        assert float(row["average_structural_maintainability"]) > 20
        for other in rows:
            assert int(row[f"shared_with_{other}"]) == len(texts[name] & texts[other])


def test_success_rates_leave_no_doubt_about_a_data_set_of_one_band(train, graded):
    one = recipe(mixes={"only_hard": {"hard": 1}}, mix="only_hard")
    made = BuiltDataset(train, (), graded, one.rows(train, graded))
    rows = csv.DictReader(io.StringIO(one.files(made)[tables.SUMMARY_CSV]))
    (row,) = [row for row in rows if row["dataset"] == "only_hard"]
    assert (row["actual_ratio"], row["success_rate_easy"], row["success_rate_hard"]) == ("0:0:1", "", "0.2")


def test_runs_are_listed_with_what_they_achieved(folder):
    rows = read(folder, tables.RUNS_CSV)
    assert [row["run_id"] for row in rows] == ["alpha", "beta"]
    assert sum(int(row["samples"]) for row in rows) == 48 * SAMPLES
    assert all(float(row["pass@1"]) == int(row["passed"]) / int(row["samples"]) for row in rows)


def test_the_pictures_are_pictures_and_the_same_each_time(train, judges, graded, folder):
    one = recipe()
    files = one.files(BuiltDataset(train, judges, graded, one.rows(train, graded)))
    for name in ("difficulty.png", "pass_at_1.png"):
        assert files[name].startswith(b"\x89PNG")
        assert files[name] == (folder / name).read_bytes()


def test_the_same_inputs_and_seed_give_the_same_files(train, judges, graded, folder):
    again = recipe()
    shuffled = list(reversed(graded))
    rows = again.rows(train, shuffled)
    assert rows.examples == recipe().rows(train, graded).examples
    files = again.files(BuiltDataset(train, judges, graded, rows))
    assert {name: sha256_file(folder / name) for name in files} == {
        name: sha256_file(folder / name) for name in files if _bytes(files[name]) == (folder / name).read_bytes()
    }
    assert recipe(seed=1).rows(train, graded).examples != rows.examples


def _bytes(content):
    return content.encode() if isinstance(content, str) else content


def test_a_folder_that_was_made_here_is_proven(folder):
    assert list(validate_dataset(folder)) == []
    assert errors(folder) == []


# What was wrong with the published data sets, each in one file of a folder that is otherwise right.


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


def test_no_column_of_the_summary_is_there_twice():
    names = summary.columns(["balanced"])
    assert len(set(names)) == len(names)


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


# Verdicts.


@pytest.mark.parametrize(
    "code",
    [
        "print('Test 1 PASS')\nprint('Test 2 PASS')\ndef f(x):\n    return 0\n",
        "import sys\nprint('assert ')\nsys.exit(0)\n",
        "import os\nprint('PASS')\nos._exit(0)\n",
        "def f(x):\n    raise ValueError('PASS')\n",
        "class Yes:\n    def __eq__(self, other):\n        return True\ndef f(x):\n    return Yes()\n",
    ],
)
def test_a_program_that_says_pass_or_ends_early_is_no_solution(code):
    tests = ("assert f([1, 2]) == 3", "assert f([]) == 0")
    problem = Problem(task_id="t1", prompt="Add up x.", entry_point="f", tests=tests)
    one = recipe(least_samples=1)
    samples = [Sample(task_id="t1", solution=code, model="m")] * 5
    (row, *_) = found = one.score([problem], one.grade([problem], samples, workers=1, limits=Limits(), label="test"))
    assert not row.verdict.passed
    with pytest.raises(InputError, match="1 unsolved"):
        one.rows([problem], found)


def test_a_verdict_in_a_run_file_is_not_believed(tmp_path, train):
    problem = train[0]
    verdict = Verdict(task_id=problem.task_id, status="passed", tests_total=1, tests_run=1, tests_passed=1)
    row = Graded(sample=Sample(task_id=problem.task_id, solution="def f():\n    pass\n"), verdict=verdict)
    path = tmp_path / "run.jsonl"
    path.write_text(row.model_dump_json() + "\n")
    one = recipe(runs=(str(path),))
    samples = [sample for _, found in one.generate([problem], None) for sample in found]
    (again,) = one.grade([problem], samples, workers=1, limits=Limits(), label="test")
    assert not again.verdict.passed


# Where samples come from.


def test_the_reference_teacher_is_refused_because_it_says_nothing_about_difficulty(train):
    reference = teachers.get("reference")
    with pytest.raises(InputError, match="says nothing about how hard"):
        list(recipe().generate(train[:1], reference(reference.Settings(), seed=0)))


def test_what_a_model_writes_says_how_it_was_really_drawn(train):
    drawn = []

    class Fake(teachers.Teacher):
        def solve(self, problems):
            for problem in problems:
                drawn.append(self.settings.sampling.temperature)
                yield problem, [Sample(task_id=problem.task_id, solution="x = 1", model="m", seed=1)]

    class Drawn(teachers.TeacherSettings):
        sampling: Sampling = Sampling(temperature=0.2)

    ((_, (sample,)),) = recipe().generate(train[:1], Fake(Drawn(sampling=Sampling(temperature=1.0)), seed=0))
    assert drawn == [1.0]
    assert sample.model == "m (temperature 1, top_p 0.95)"


def test_a_run_that_changes_changes_the_sources(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text('{"task_id": "a", "solution": "x"}\n')
    before = recipe(runs=(str(path),)).sources()
    path.write_text('{"task_id": "a", "solution": "y"}\n')
    assert before["run"] != recipe(runs=(str(path),)).sources()["run"]
    assert recipe().sources() == {}


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


def test_problems_near_the_evaluation_side_train_nothing():
    smallest = "Write a function to add the smallest of all the given numbers to one of them."
    doubled = "def f(items):\n    return [item * 2 for item in items if item is not None and item % 2 == 0]\n"

    def one(name, prompt, reference):
        return Problem(task_id=name, prompt=prompt, reference=reference)

    train = [one("a", smallest, "x = 1"), one("b", "Double them.", doubled), one("c", "Halve them.", "y = 2")]
    judges = [one("d", smallest + " now", "z = 3"), one("e", "Twice each.", doubled.replace("== 0", "== 1"))]
    kept, rejected = apart(train, judges, 0.8)
    assert [problem.task_id for problem in kept] == ["c"]
    assert [item.reason for item in rejected] == ["near-evaluation-prompt", "near-evaluation-reference"]


def test_evaluation_problems_are_reported_by_the_difficulty_that_the_source_states():
    settings = resolve(overrides=["recipe=difficulty", "problems.train=3", "problems.evaluation=4"])
    made = recipe().problems(settings)
    assert [problem.stratum for problem in made.evaluation] == [problem.difficulty for problem in made.evaluation]
    assert {problem.stratum for problem in made.train} == {None}


# What cannot be.


def test_a_mix_that_cannot_be_says_the_numbers_and_another_is_still_made(train, judges, graded):
    few = [problem for index, problem in enumerate(train) if solved(index) != 9 or index == 0]
    rows = [row for row in graded if row.sample.task_id in {problem.task_id for problem in few}]
    one = recipe(solutions_per_problem=1)
    files = one.files(BuiltDataset(few, judges, rows, one.rows(few, rows)))
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


def test_too_few_samples_tell_no_band(train, graded):
    one, rest = (train[0].task_id, [row for row in graded if row.sample.task_id != train[0].task_id])
    few = [row for row in graded if row.sample.task_id == one][:4]
    few = [*(row.model_copy(update={"scores": row.scores[:-2]}) for row in few), *rest]
    made = BuiltDataset(train, (), few, recipe().rows(train, few))
    table = list(csv.DictReader(io.StringIO(recipe().files(made)[tables.PROBLEMS_CSV])))
    assert (table[0]["difficulty"], table[0]["pass@5"], table[0]["pass@10"]) == ("too-few-samples", "", "")
    assert table[0]["pass@1"] == "1.0"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"easy": 0.3}, "must be below"),
        ({"mix": "tricky"}, "is none of"),
        ({"mixes": {"a/b": {"easy": 1}}}, "file names"),
        ({"best_by": "comment_ratio"}, "must be one of"),
        ({"mixes": {"mine": {}}}, "above 0"),
    ],
)
def test_settings_that_cannot_work_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        KIND.Settings(**fields)


def test_a_ratio_of_ones_own_stands_beside_the_four_and_may_replace_one():
    own = {"mine": {"easy": 0.5, "hard": 0.5}, "balanced": {"easy": 33, "medium": 33, "hard": 34}}
    mixes = KIND.Settings(mixes=own).mixes
    assert list(mixes) == ["balanced", "easy_heavy", "medium_heavy", "hard_heavy", "mine"]
    assert mixes["mine"].parts() == {"easy": 1, "medium": 0, "hard": 1}
    assert mixes["balanced"].parts() == {"easy": 33, "medium": 33, "hard": 34}
    assert KIND.Settings(**KIND.Settings(mixes=mixes).model_dump()).mixes == mixes


# Invariants over any outcome.


@given(
    st.lists(st.integers(0, 10), min_size=6, max_size=24),
    st.sampled_from([(0.75, 0.3), (0.5, 0.2), (1.0, 0.9)]),
    st.integers(1, 3),
    st.none() | st.integers(3, 20),
)
@hypothesis_settings(max_examples=40, deadline=None)
def test_every_mix_is_exact_largest_deterministic_and_verified(outcomes, thresholds, per_problem, size):
    problems = [Problem(task_id=f"Mbpp/{i}", prompt=f"Task {'x' * i} number {i}.") for i in range(len(outcomes))]
    graded = [row for index, correct in enumerate(outcomes) for row in outcome(index, correct)]
    one = recipe(easy=thresholds[0], medium=thresholds[1], solutions_per_problem=per_problem, size=size)
    pool, mixes = one._mixes(problems, graded)
    passed = {(row.sample.task_id, row.sample.solution.strip("\n")) for row in graded if row.verdict.passed}
    for mix in mixes:
        found = Counter(pool.bands[row.problem.task_id] for row in mix.rows)
        parts = mix.ratio.parts()
        available = {band: len(rows) for band, rows in pool.solutions.items()}
        times = len(mix.rows) // sum(parts.values())
        assert [found[band] for band in BANDS] == [times * parts[band] for band in BANDS]
        larger = {band: (times + 1) * part for band, part in parts.items()}
        assert any(larger[band] > available[band] for band in BANDS) or (size and sum(larger.values()) > size)
        assert bool(mix.rows) != bool(mix.impossible)
        assert all((row.problem.task_id, row.code) in passed for row in mix.rows)
        assert max(Counter(row.problem.task_id for row in mix.rows).values(), default=0) <= per_problem
        codes = [row.code for row in mix.rows]
        assert near_duplicates.first_of_each(codes) == list(range(len(codes)))
    assert one._mixes(problems, list(reversed(graded)))[1] == mixes


SHAPES = (
    "def f{i}(a{i}):\n    b{i} = 0\n    for c{i} in a{i}:\n        b{i} += c{i}\n    return b{i}\n",
    "def f{i}(a{i}):\n    return sum(a{i}) + {i}\n",
    "def f{i}(a{i}):\n    while a{i}:\n        a{i} = a{i}[1:]\n    return [a{i}, {i}]\n",
)


def outcome(index, correct):
    codes = [SHAPES[number % 3].format(i=index) for number in range(10)]
    return graded_as(f"Mbpp/{index}", [number < correct for number in range(10)], codes)


def graded_as(task_id, outcomes, codes=()):
    """Return samples with these outcomes; passing ones have the codes, and scores."""
    rows = []
    for number, passed in enumerate(outcomes):
        code = codes[number] if passed else "def f():\n    pass\n"
        status = "passed" if passed else "failed"
        verdict = Verdict(task_id=task_id, status=status, tests_total=1, tests_run=1, tests_passed=int(passed))
        scores = (Score(metric="structural_maintainability", value=float(number % 3)),) if passed else ()
        rows.append(Graded(sample=Sample(task_id=task_id, solution=code, model="m"), verdict=verdict, scores=scores))
    return rows


# The whole of it, as commands.


@pytest.mark.slow
def test_the_laptop_rates_trains_and_judges_end_to_end(tmp_path):
    small = ["problems.train=120", "problems.evaluation=30", "evaluate.n=2", "evaluation.k=[1, 2]"]
    small += ["sft.epochs=1", "evaluation.resamples=500", "recipes.difficulty.least_samples=5"]
    run = codekiln("run", "instruct", "--recipe", "difficulty", "--workdir", str(tmp_path), settings=small)
    assert run.returncode in (0, 1), run.stdout + run.stderr  # 1: the gate refused
    results = json.loads((tmp_path / "results.json").read_text())
    for contender in ("base", "sft"):
        values = results["contenders"][contender]["pass@1"]
        assert values["low"] <= values["mean"] <= values["high"]
    proof = codekiln("validate", str(tmp_path / "filter" / "dataset"), settings=[])
    assert proof.returncode == 0, proof.stdout + proof.stderr
    rows = read(tmp_path / "filter" / "dataset", tables.RUNS_CSV)
    assert [row["run_id"] for row in rows] == ["tiny (temperature 1, top_p 1)"]


@pytest.mark.slow
def test_runs_on_mbpp_make_every_mix(tmp_path, data_dir):
    problems = read_problems(str(data_dir / "mbpp.jsonl"))
    for run in range(2):
        rows = [
            Sample(task_id=problem.task_id, solution=code).model_dump_json(exclude_none=True) + "\n"
            for index, problem in enumerate(problems)
            for code in samples_of(problem, (6, 5, 3, 1)[index % 4], n=6)
        ]
        (tmp_path / f"run-{run}.jsonl").write_text("".join(rows))
    chosen = [f"problems.source={data_dir / 'mbpp.jsonl'}", f'recipes.difficulty.runs=["{tmp_path}/run-*.jsonl"]']
    run = codekiln("run", "data", "--recipe", "difficulty", "--workdir", str(tmp_path / "work"), settings=chosen)
    assert run.returncode == 0, run.stdout + run.stderr
    folder = tmp_path / "work" / "filter" / "dataset"
    assert all(row["requested_ratio"] == row["actual_ratio"] for row in read(folder, tables.SUMMARY_CSV))
    assert all(line["mbpp_id"].isdigit() for line in lines(folder, "dataset_balanced.jsonl"))
