import json
import sys

import pytest

from benchmarks import demos
from codekiln.recipes import names

CHECK = {"against": "base", "benchmark": None, "low": 0.04, "high": 0.16, "n": 60}
RESULTS = {
    "contenders": {"base": {"valid": {"mean": 0.05}}, "sft": {"valid": {"mean": 0.15}}},
    "gate": {
        "promoted": False,
        "metric": "valid",
        "candidate": "sft",
        "checks": [
            {**CHECK, "role": "target", "measure": "valid, all samples", "difference": 9.0},
            {**CHECK, "role": "target", "measure": "valid", "difference": 0.1, "against": "champion"},
            {**CHECK, "role": "target", "measure": "valid", "difference": 0.1},
            {**CHECK, "role": "critical", "measure": "pass@1", "difference": 12.34},
        ],
    },
}


def test_a_row_has_what_the_gate_decided_by():
    table = demos.table([demos.Demo("student", 1, RESULTS, 90, 100)]).split("\n")
    assert len({line.count("|") for line in table}) == 1
    row = table[-1].strip("| ").split(" | ")
    assert row[:5] == ["student", "1", "valid", "0.050", "0.150"]
    assert row[5:] == ["0.100 [0.040, 0.160], 60 problems", "pass@1 12.3", "no", "1.5", "100"]


def test_every_recipe_that_makes_its_own_data_has_a_demo():
    assert set(demos.PIPELINES) == set(names()) - {"dataset"}


def test_an_unknown_recipe_is_named(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["demos", "--recipes", "student,teacher"])
    with pytest.raises(SystemExit):
        demos.main()
    assert "no such recipe: teacher" in capsys.readouterr().err


def test_a_run_that_is_not_promoted_is_a_row_and_one_that_fails_ends_with_its_code(tmp_path, monkeypatch):
    class Ended:
        returncode = demos.NOT_PROMOTED

    def run(command):
        work = tmp_path / "student-0"
        work.mkdir(exist_ok=True)
        (work / "results.json").write_text(json.dumps(RESULTS))
        assert command[-1] == str(work)
        return Ended()

    monkeypatch.setattr(demos.subprocess, "run", run)
    assert demos.run("student", 0, tmp_path).results == RESULTS
    Ended.returncode = 3
    with pytest.raises(SystemExit) as ended:
        demos.run("student", 0, tmp_path)
    assert ended.value.code == 3
