import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError, InputErrors
from codekiln.sandbox import Limits
from codekiln.sandbox.grading import grade_files, grade_samples, program_of

ADD = Problem(task_id="Own/1", prompt="Add one.", entry_point="f", tests=("assert f(1) == 2", "assert f(5) == 6"))
STUB = ADD.model_copy(update={"task_id": "Own/2", "prompt": 'def f(x):\n    """Add one."""\n'})
GOOD, BAD = "def f(x):\n    return x + 1\n", "def f(x):\n    return x\n"
SLOW = "import time\ntime.sleep(0.05)\n" + GOOD
GRADE = """
import sys
from pathlib import Path
from codekiln.sandbox.grading import grade_files
grade_files(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), workers=2, use_cache=False)
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Problems, forty samples (some equal, half of them wrong), and where the result goes."""
    problems, samples = tmp_path / "problems.jsonl", tmp_path / "samples.jsonl"
    problems.write_text("".join(problem.model_dump_json() + "\n" for problem in (ADD, STUB)))
    programs = [f"# {number // 2}\n{SLOW if number % 2 else BAD}" for number in range(36)] + [GOOD] * 4
    rows = [Sample(task_id=f"Own/{1 + number % 2}", solution=code, seed=number) for number, code in enumerate(programs)]
    samples.write_text("".join(row.model_dump_json(exclude_none=True) + "\n" for row in rows))
    return problems, samples, tmp_path / "out.jsonl"


def rows(path: Path) -> list[Graded]:
    """The graded rows without their times, which differ from run to run."""
    read = [Graded.model_validate_json(line) for line in path.read_text().splitlines()]
    return [row.model_copy(update={"verdict": row.verdict.model_copy(update={"cpu_seconds": 0.0})}) for row in read]


def test_solutions_stand_alone_and_completions_continue_a_prompt_that_is_code() -> None:
    assert program_of(STUB, Sample(task_id="Own/2", solution=GOOD)) == GOOD
    assert program_of(STUB, Sample(task_id="Own/2", completion="    return 1")) == STUB.prompt + "    return 1"
    assert program_of(ADD, Sample(task_id="Own/1", completion=GOOD)) == GOOD


def test_verdicts_come_in_order_and_equal_programs_run_once(capfd: pytest.CaptureFixture[str]) -> None:
    codes = [BAD, GOOD, "sys.exit(", GOOD, BAD, GOOD] * 5
    jobs = [(ADD, Sample(task_id="Own/1", solution=code)) for code in codes]
    verdicts = grade_samples(jobs, workers=2, label="try")
    statuses = {BAD: "failed", GOOD: "passed", "sys.exit(": "invalid"}
    assert [verdict.status for verdict in verdicts] == [statuses[code] for code in codes]
    assert len({id(verdict) for verdict in verdicts}) == 3
    assert "try: 30/30 samples" in capfd.readouterr().err
    assert grade_samples([]) == []


def test_files_are_graded_in_order_with_a_summary(files: tuple[Path, Path, Path]) -> None:
    problems, samples, out = files
    summary = grade_files(str(problems), samples, out, workers=2)
    assert summary.pop("protections")["file reads"]
    assert summary == {
        "samples": 40, "problems": 2, "pass@1": 0.55, "pass@10": 0.8816, "tests_run": 80, "forgeable": 0,
        "failed": 18, "passed": 22,
    }  # fmt: skip
    assert [row.sample.seed for row in rows(out)] == list(range(40))
    assert [row.verdict.task_id for row in rows(out)] == ["Own/1", "Own/2"] * 20
    before = out.stat().st_mtime_ns
    assert grade_files(str(problems), samples, out, workers=2).items() > summary.items()
    assert out.stat().st_mtime_ns == before


def test_a_killed_run_goes_on_and_gives_the_same_file(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    problems, samples, out = files
    grade_files(str(problems), samples, tmp_path / "whole.jsonl", workers=2, use_cache=False)
    journal = tmp_path / "out.jsonl.journal"
    assert any(killed_midway(problems, samples, out, journal) for _ in range(5)), "it was always done before"
    done = journal.read_bytes()
    journal.write_bytes(done[:-5])
    kept = {line["verdict"]["cpu_seconds"] for line in map(json.loads, done.splitlines()[1:-1])}
    grade_files(str(problems), samples, out, workers=2, use_cache=False)
    assert rows(out) == rows(tmp_path / "whole.jsonl")
    times = {Graded.model_validate_json(line).verdict.cpu_seconds for line in out.read_text().splitlines()}
    assert kept <= times


# What is killed (a function, and at which of its calls), before it does anything.
KILLS = {
    "after one verdict": ("GradingJournal.add", 2),
    "after the last verdict": ("GradingJournal.write_out", 1),
    "in the middle of the new file": ("Graded", 20),
    "before the new file is named": ("os.fsync", 1),
    "before the new file appears": ("os.replace", 1),
    "after the new file appeared": ("Tally.summary", 1),
}
KILLED = """
import os, signal, sys
from codekiln.sandbox import grading, grading_journal
name, count = sys.argv[4], int(sys.argv[5])
holder = {"GradingJournal": grading_journal.GradingJournal, "Graded": grading, "Tally": grading.Tally, "os": os}[name.split(".")[0]]
attribute = name.split(".")[-1]
real = getattr(holder, attribute)
def killed(*arguments, **named):
    global count
    count -= 1
    if not count:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments, **named)
setattr(holder, attribute, killed)
"""


@pytest.mark.parametrize("point", KILLS)
def test_a_run_goes_on_wherever_it_was_killed(files: tuple[Path, Path, Path], tmp_path: Path, point: str) -> None:
    problems, samples, out = files
    name, count = KILLS[point]
    arguments = [str(problems), str(samples), str(out), name, str(count)]
    killed = subprocess.run([sys.executable, "-c", KILLED + GRADE, *arguments])
    assert killed.returncode == -signal.SIGKILL
    summary = grade_files(str(problems), samples, out, workers=2)
    assert summary == grade_files(str(problems), samples, tmp_path / "whole.jsonl", workers=2)
    assert rows(out) == rows(tmp_path / "whole.jsonl")
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.jsonl", "out.jsonl.journal"]


def killed_midway(problems: Path, samples: Path, out: Path, journal: Path) -> bool:
    """Start grading, kill it after a few lines, and tell whether that was before it was done."""
    for left in (out, journal):
        left.unlink(missing_ok=True)
    process = subprocess.Popen([sys.executable, "-c", GRADE, str(problems), str(samples), str(out)])
    wait_for(lambda: out.exists() or (journal.exists() and len(journal.read_bytes().splitlines()) > 6))
    process.kill()
    process.wait()
    return not out.exists()


def test_two_runs_at_once_are_refused(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    problems, samples, out = files
    samples.write_text(json.dumps({"task_id": "1", "solution": "import time\ntime.sleep(600)"}))
    process = subprocess.Popen([sys.executable, "-c", GRADE, str(problems), str(samples), str(out)])
    journal = tmp_path / "out.jsonl.journal"
    wait_for(lambda: journal.exists() and journal.read_bytes())
    before = journal.read_bytes()
    with pytest.raises(InputError, match="another run is writing it"):
        grade_files(str(problems), samples, out)
    assert journal.read_bytes() == before
    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_result_of_other_inputs_is_not_taken_for_this_one(files: tuple[Path, Path, Path]) -> None:
    problems, samples, out = files
    samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:2]))
    grade_files(str(problems), samples, out)
    with pytest.raises(InputError, match="belongs to other problems"):
        grade_files(str(problems), samples, out, limits=Limits(cpu_seconds=3))
    out.write_text(out.read_text() + "\n")
    with pytest.raises(InputError, match="was changed after it was written"):
        grade_files(str(problems), samples, out)
    (out.parent / "out.jsonl.journal").unlink()
    with pytest.raises(InputError, match="was not written by this command"):
        grade_files(str(problems), samples, out)


def test_unknown_problems_are_all_named_with_a_suggestion(files: tuple[Path, Path, Path]) -> None:
    problems, samples, out = files
    lines = [
        {"task_id": "Own/1", "solution": ""},
        {"task_id": "Own/3", "solution": ""},
        {"task_id": "x", "solution": ""},
    ]
    samples.write_text("\n\n".join(json.dumps(line) for line in lines))
    with pytest.raises(InputErrors) as raised:
        grade_files(str(problems), samples, out)
    assert [error.where for error in raised.value.errors] == [f"{samples}:3.task_id", f"{samples}:5.task_id"]
    assert "did you mean 'Own/" in raised.value.errors[0].fix
    assert not out.exists()


@pytest.mark.parametrize("name", ["Own/1", "own/1", "1"])
def test_names_of_problems_as_people_write_them(files: tuple[Path, Path, Path], name: str) -> None:
    problems, samples, out = files
    samples.write_text(json.dumps({"task_id": name, "solution": GOOD}))
    assert grade_files(str(problems), samples, out)["passed"] == 1


def wait_for(condition, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def test_a_dead_grader_leaves_no_process(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    problems, samples, out = files
    samples.write_text(json.dumps({"task_id": "1", "solution": "while True: pass"}))
    process = subprocess.Popen([sys.executable, "-c", GRADE, str(problems), str(samples), str(out)])
    wait_for(lambda: len(children(process.pid)) == 1 and children(children(process.pid)[0]))
    server = children(process.pid)[0]
    family = [server, *children(server)]
    process.kill()
    process.wait()
    wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") and "Z" not in state(pid) for pid in family))


def children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"
