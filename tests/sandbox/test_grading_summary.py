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


def test_a_problem_without_plus_tests_counts_in_both_suites_and_other_tests_in_none(
    tmp_path: Path, use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    tests = {"Mbpp/2": (ReferenceTest(inputs=("[1]",)), PLUS), "Mbpp/793": (ReferenceTest(inputs=("[1]",)),)}
    problems = [ADD, *(ADD.model_copy(update={"task_id": name, "tests": value}) for name, value in tests.items())]
    write(tmp_path / "problems.jsonl", problems)
    write(tmp_path / "samples.jsonl", [Sample(task_id=row.task_id, solution=row.task_id) for row in problems])
    use(FakeSandbox(lambda program: verdict("passed" if program == "Mbpp/793" else "failed")))
    summary = grade_files(str(tmp_path / "problems.jsonl"), tmp_path / "samples.jsonl", tmp_path / "out.jsonl")
    assert summary["pass_at_k"] == {"base": {"pass@1": 0.5}, "plus": {"pass@1": 0.5}}
    assert (summary["dataset"], summary["pass@1"]) == ("mbpp", 0.3333)


def test_only_the_suites_that_there_are_are_shown(tmp_path: Path, use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    use(FakeSandbox(lambda program: verdict()))
    samples = write(tmp_path / "samples.jsonl", [Sample(task_id="1", solution="")])
    for suite, titles in (("plus", ["Own+ (base + extra tests)"]), ("base", [])):
        test = ReferenceTest(inputs=("[1]",), suite=suite)
        problems = write(tmp_path / f"{suite}.jsonl", [ADD.model_copy(update={"tests": (test,)})])
        text = summary_text(grade_files(str(problems), samples, tmp_path / f"{suite}.out"))
        assert [line for line in text.splitlines() if "tests)" in line] == titles
