"""What is excluded from the analysis has a reason."""

from collections import defaultdict


def test_what_is_left_out_has_a_reason_and_is_kept(sets):
    reasons = defaultdict(set)
    for item in sets.rejected:
        reasons[item.reason].add(item.row.task_id)
    assert "broken.py" in reasons["not-python"]
    assert "tests/helpers.py" in reasons["test-file"]
    assert "more.py:54:asks_nobody_knows_whom" in reasons["cannot-run-unknown-name"]
    assert reasons["near-duplicate"] < {"more.py:78:shift", "codes/shift.py:1:shift"}
    assert len(reasons["near-duplicate"]) == 1
    assert "more.py:6:unfinished" in reasons["unfinished"]
    assert "more.py:62:always_one" in reasons["cannot-run-one-outcome"]
