"""Mistakes of settings and of the data that they name come together."""

import pytest

from codekiln.errors import InputErrors
from codekiln.stages.resolved import resolve_and_read


def test_settings_problems_benchmarks_and_files_are_read_at_once(tmp_path):
    path = tmp_path / "p.jsonl"
    path.write_text('{"task_id": "a", "promt": "x"}\n{\n{"task_id": "b", "prompt": "x"}\n')
    benchmark = f'evaluation.benchmark=[{{name="x", source="{tmp_path}/none.jsonl"}}]'
    wrong = ["sft.epoch=2", f"problems.source={path}", benchmark]
    with pytest.raises(InputErrors) as raised:
        resolve_and_read("laptop", {}, wrong)
    assert [error.where for error in raised.value.errors] == [
        "profile laptop with overrides: sft.epoch", f"{path}:1.promt", f"{path}:2", f"{tmp_path}/none.jsonl",
    ]  # fmt: skip
    files = f'recipes.dataset.files=["{tmp_path}/rows.jsonl"]'
    with pytest.raises(InputErrors) as raised:
        resolve_and_read("laptop", {"recipe": "dataset"}, ["sft.epoch=2", files, f"problems.source={path}"])
    assert [error.where for error in raised.value.errors][1] == f"{tmp_path}/rows.jsonl"
    assert len(raised.value.errors) == 4
