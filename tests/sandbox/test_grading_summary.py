from collections.abc import Callable
from pathlib import Path

from codekiln.data.records import ReferenceTest, Sample
from codekiln.sandbox.grading import grade_files
from codekiln.sandbox.grading_summary import summary_text
from tests.sandbox.graded_files import ADD, FakeSandbox, verdict, write

PLUS = ReferenceTest(inputs=("[1]",), suite="plus")


def test_suites_are_reported_as_evalplus_prints_them(tmp_path: Path, use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    problems = [
        ADD.model_copy(update={"task_id": f"HumanEval/{number}", "tests": (ReferenceTest(inputs=("[1]",)), PLUS)})
        for number in range(2)
    ]
    ends = {
        "both": verdict(suites={"base": "passed", "plus": "passed"}, forgeable=1),
        "base": verdict("failed", tests_run=1, suites={"base": "passed", "plus": "failed"}),
        "none": verdict("invalid", tests_run=0),
    }
    use(FakeSandbox(lambda program: ends[program.split()[1]]))
    codes = [(0, "both")] * 3 + [(0, "base")] * 4 + [(0, "none")] * 3 + [(1, "base")] * 10
    write(tmp_path / "problems.jsonl", problems)
    samples = (
        Sample(task_id=f"HumanEval/{number}", solution=f"# {end} {place}") for place, (number, end) in enumerate(codes)
    )
    write(tmp_path / "samples.jsonl", samples)
    summary = grade_files(str(tmp_path / "problems.jsonl"), tmp_path / "samples.jsonl", tmp_path / "out.jsonl")
    assert summary["pass_at_k"] == {
        "base": {"pass@1": 0.85, "pass@10": 1.0},
        "plus": {"pass@1": 0.15, "pass@10": 0.5},
    }
    assert (summary["tests_run"], summary["forgeable"], summary["pass@1"]) == (3 * 2 + 14, 3, 0.15)
    assert summary_text(summary).endswith(
        "humaneval (base tests)\npass@1:\t0.850\npass@10:\t1.000\n"
        "humaneval+ (base + extra tests)\npass@1:\t0.150\npass@10:\t0.500"
    )
