"""Rows of LeetCodeDataset: a method, the code that its program may take for granted, and its checks."""

import json
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputErrors
from codekiln.sandbox.grading import grade_samples

PREAMBLE = (
    "from typing import *\n\nclass ListNode:\n    def __init__(self, val=0, next=None):\n        self.val = val\n"
    "        self.next = next\n\ndef list_node(values: list):\n    head = None\n    for value in reversed(values):\n"
    "        head = ListNode(value, head)\n    return head\n\ndef is_same_list(p, q):\n    while p and q:\n"
    "        if p.val != q.val:\n            return False\n        p, q = p.next, q.next\n    return p is q is None\n"
)
REST = (
    "class Solution:\n    def rest(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        return head.next\n"
)
ROW: dict[str, Any] = {
    "task_id": "rest-of-list", "question_id": 1, "difficulty": "Easy", "tags": ["Linked List"],
    "problem_description": "Return the list without its first node.", "estimated_date": "2020-01-01",
    "starter_code": "class Solution:\n    def rest(self, head: Optional[ListNode]) -> Optional[ListNode]:\n        ",
    "prompt": PREAMBLE, "completion": REST, "entry_point": "Solution().rest", "query": "q", "response": "r",
    "input_output": [{"input": "head = [1]", "output": "[]"}],
    "test": (
        "def check(candidate):\n    assert is_same_list(candidate(head = list_node([1, 2])), list_node([2]))\n"
        "    assert is_same_list(candidate(head = list_node([1])), list_node([]))\n"
    ),
}  # fmt: skip


def read(tmp_path: Path, **changes: Any) -> Problem:
    path = tmp_path / "leet.jsonl"
    path.write_text(json.dumps({**ROW, **changes}) + "\n")
    (problem,) = read_problems(str(path))
    return problem


def test_a_method_is_asked_for_and_checked(tmp_path):
    problem = read(tmp_path)
    assert problem.prompt.startswith("Return the list without its first node.\n\nComplete this starter code:")
    assert (problem.preamble, problem.reference, len(problem.tests)) == (PREAMBLE, REST, 2)
    programs = (REST, REST.replace("head.next", "head"))
    jobs = [(problem, Sample(task_id=problem.task_id, solution=program)) for program in programs]
    assert [verdict.status for verdict in grade_samples(jobs, workers=1)] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("test", "said"),
    [("def check(candidate)", r"\.test: not Python"), ("def check(candidate):\n    pass\n", r"\.test: checks nothing")],
)
def test_a_row_that_cannot_be_graded_is_refused(tmp_path, test, said):
    with pytest.raises(InputErrors, match=rf"leet\.jsonl:1{said}"):
        read(tmp_path, test=test)
