import sys

import pytest

from benchmarks import preference_variants
from codekiln.evaluation.summary import evaluate_values

TASKS = [f"t{number}" for number in range(12)]


def evaluation(structures):
    """An evaluation whose contenders have these structures on every problem but one, which is a point better."""
    values = {
        name: {
            task: {"structural_maintainability": value + (task == "t0"), "pass@1": 0.5 + value / 1000} for task in TASKS
        }
        for name, value in structures.items()
    }
    return evaluate_values(values, 10)


def test_each_adapter_is_compared_with_what_it_was_trained_on_and_a_variant_with_plain_dpo():
    plain = evaluation({"base": 60, "sft": 61, "dpo": 65, "dpo_further": 70, "dpo_further_2": 72})
    lines = evaluation({"base": 60, "sft": 61, "dpo": 64, "dpo_further": 73, "champion": 70})
    joined = preference_variants.joined({"plain": plain, "lines": lines})
    rows = {row[1]: row for row in preference_variants.rows_of(3, joined)}
    compared = {name: (row[4], row[5].split()[0], row[6].split()[0]) for name, row in rows.items()}
    assert compared == {
        "sft": ("base", "+1.000", "+0.001"),
        "dpo": ("sft", "+4.000", "+0.004"),
        "dpo_further": ("dpo", "+5.000", "+0.005"),
        "dpo_further_2": ("dpo_further", "+2.000", "+0.002"),
        "lines: dpo": ("dpo", "-1.000", "-0.001"),
        "lines: dpo_further": ("dpo_further", "+3.000", "+0.003"),
    }
    assert rows["lines: dpo"][:4] == ("3", "lines: dpo", "64.083", "0.564")
    assert all(len(row) == len(preference_variants.HEAD) for row in rows.values())


def test_an_unknown_focus_is_named(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["preference_variants", "--focus", "lines,words"])
    with pytest.raises(SystemExit):
        preference_variants.main()
    assert "no focus 'words'" in capsys.readouterr().err
