"""The summary of the mixes: every statistic, and how mixes overlap."""

import csv
import io

from codekiln.recipes.difficulty import summary, tables
from codekiln.recipes.types import BuiltDataset
from tests.recipes.difficulty.making import lines, read, recipe


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


def test_no_column_of_the_summary_is_there_twice():
    names = summary.columns(["balanced"])
    assert len(set(names)) == len(names)
