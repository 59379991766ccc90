"""A planted reward hack: labels that pay for comments, and a teacher whose worse structures are the commented ones."""

import json

import pytest

from tests.running import codekiln

pytestmark = pytest.mark.slow

HACK = [
    "metric=maintainability_index",
    'teachers.reference.styles=["concise", "loop-commented", "staged", "indexed-commented", "nested-commented"]',
    'filters=["placeholder", "length", "contaminated"]',
    "teachers.reference.bugs=0",
]


def test_the_gate_refuses_an_index_that_was_bought_with_comments(tmp_path):
    done = codekiln("run", "align", "--workdir", str(tmp_path), settings=HACK)
    assert done.returncode == 4, done.stdout + done.stderr
    found = json.loads((tmp_path / "results.json").read_text())
    change = {
        item["measure"]: item
        for item in found["comparisons"]
        if (item["contender"], item["against"]) == ("dpo_further", "base")
    }
    assert change["maintainability_index"]["low"] > 0
    assert change["structural_maintainability"]["low"] <= 0
    assert not found["gate"]["promoted"]
    assert "structural_maintainability" in found["gate"]["sentence"]
