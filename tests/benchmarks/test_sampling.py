"""The parts of ``python -m benchmarks.sampling`` that are not about time; what it measures is no test."""

import json

import pytest

from benchmarks import sampling
from benchmarks.sampling import Row


def test_tokens_per_second_leave_loading_out_and_ratios_are_to_the_first_row():
    rows = [Row("transformers", 2.0, 19.0, 12.0, 20, 5000), Row("vllm", 30.0, 4.0, 32.0, 20, 4000)]
    _, first, second = sampling.table(rows).splitlines()
    assert first.split() == ["transformers", "2.0s", "12.0s", "5,000", "500", "1.00x", "19.0s"]
    assert second.split() == ["vllm", "30.0s", "32.0s", "4,000", "2,000", "4.00x", "4.0s"]


@pytest.mark.slow
def test_an_engine_runs_twice_in_a_process_of_its_own_and_a_failure_is_said(capsys):
    sampling.main(["--engines", "transformers", "--problems", "2", "--n", "2", "--max-new-tokens", "8"])
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (row["engine"], row["replies"]) == ("transformers", 4)
    assert 4 <= row["tokens"] <= 32
    assert row["loading"] > 0
    with pytest.raises(SystemExit, match="transformers failed"):
        sampling.main(["--engines", "transformers", "--model", "missing"])
