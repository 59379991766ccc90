import sys

import pytest

from benchmarks import scale
from codekiln.data.folders import Dataset
from codekiln.data.records import Problem, Sample


def test_samples_are_of_all_programs_of_their_problem_and_equal_to_none_of_another(tmp_path):
    scale.make_data(tmp_path, 120)
    problems = Dataset(tmp_path / "train", Problem).rows()
    samples = Dataset(tmp_path / "samples" / "samples", Sample).rows()
    assert (len(problems), len(samples)) == (3, 120)
    programs = [{row.solution for row in samples if row.task_id == problem.task_id} for problem in problems]
    assert all(len(found) > 3 for found in programs)
    assert len(set.union(*programs)) == sum(map(len, programs))
    assert all(f"def {problem.entry_point}(" in (problem.reference or "") for problem in problems)
    halves = [Dataset(tmp_path / name, Sample).rows() for name in scale.CONTENDERS]
    assert [len(rows) for rows in halves] == [60, 60]


def test_the_table_has_the_growth_between_two_sizes():
    small, large = ({"seconds": 1.0, "cpu_seconds": cpu, "peak_mib": 90} for cpu in (2.0, 20.0))
    first = {"stage": "filter", "rows": 1000, **small, "exponent": scale._exponent(None, 1000, small)}
    second = {"stage": "filter", "rows": 10_000, **large, "exponent": scale._exponent(first, 10_000, large)}
    assert second["exponent"] == 1.0
    assert scale.table([first, second]).splitlines()[2:] == [
        "| filter | 1,000 | 1 | 2 | 2.00 | 90 | - |",
        "| filter | 10,000 | 1 | 20 | 2.00 | 90 | 1.00 |",
    ]


def test_an_unknown_stage_is_named(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["scale", "--stages", "filter,sort"])
    with pytest.raises(SystemExit):
        scale.main()
    assert "no stage 'sort'" in capsys.readouterr().err
