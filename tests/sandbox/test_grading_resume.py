import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codekiln.data.records import Graded
from codekiln.errors import InputError
from codekiln.sandbox.grading import grade_files
from tests.sandbox.graded_files import GOOD, FakeSandbox, rows, verdict

GRADE = """
import sys
from pathlib import Path
from codekiln.sandbox.grading import grade_files
grade_files(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), workers=2, use_cache=False)
"""


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
    "in the middle of the new file": ("GradingJournal.verdict_text", 20),
    "before the new file is named": ("os.fsync", 1),
    "before the new file appears": ("os.replace", 1),
    "after the new file appeared": ("Tally.summary", 1),
}
KILLED = """
import os, signal, sys
from codekiln.sandbox import grading, grading_journal
name, count = sys.argv[4], int(sys.argv[5])
*holder, attribute = name.split(".")
journal, tally = grading_journal.GradingJournal, grading.Tally
holder = {"GradingJournal": journal, "Tally": tally, "os": os}[holder[0]] if holder else grading
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


def test_a_full_disk_is_one_message_and_the_same_command_goes_on(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    problems, samples, out = files
    arguments = ["--problems", str(problems), "--samples", str(samples), "--out", str(out), "--no-cache"]
    command = [sys.executable, "-m", "codekiln", "grade", *arguments]
    room = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))  # noqa: E731
    full = subprocess.run(command, preexec_fn=room, capture_output=True, text=True)
    assert full.returncode == 1
    assert "the file is larger than this process or file system allows" in full.stderr
    assert "give the same command again: what is done is kept" in full.stderr
    assert "Traceback" not in full.stderr
    kept = (tmp_path / "out.jsonl.journal").read_bytes().count(b"\n") - 1
    assert kept > 3
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    grade_files(str(problems), samples, tmp_path / "whole.jsonl", workers=2, use_cache=False)
    assert rows(out) == rows(tmp_path / "whole.jsonl")


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
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, thread.read_text().split())
    return found


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


DIED = verdict("crashed", tests_run=0, tests_passed=0, detail="infrastructure: the server died twice")


def test_a_sandbox_that_failed_is_counted_apart_and_its_program_is_graded_again(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = files
    use(FakeSandbox(lambda program: DIED if program == GOOD else verdict()))
    summary = grade_files(str(problems), samples, out)
    assert (summary["samples"], summary["passed"], summary["infrastructure errors"]) == (40, 36, 4)
    assert summary["pass@1"] == 0.9  # a program that ends its sandbox does not improve the figures
    assert "crashed" not in summary
    assert [row.verdict.status for row in rows(out)] == ["passed"] * 36 + ["crashed"] * 4
    again = use(FakeSandbox(lambda program: verdict("failed")))
    summary = grade_files(str(problems), samples, out)
    assert again.programs == [GOOD]
    assert (summary["passed"], summary["failed"]) == (36, 4)
    assert "infrastructure errors" not in summary
    assert [row.verdict.status for row in rows(out)] == ["passed"] * 36 + ["failed"] * 4


def test_a_kill_while_failed_programs_are_graded_again_leaves_a_file_that_is_known(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = files
    use(FakeSandbox(lambda program: DIED))
    grade_files(str(problems), samples, out)
    first, journal = out.read_bytes(), out.with_name("out.jsonl.journal")
    use(FakeSandbox(lambda program: verdict()))
    grade_files(str(problems), samples, out)
    second = out.read_bytes()
    out.write_bytes(first)  # as after a kill before the new file appeared
    assert grade_files(str(problems), samples, out)["passed"] == 40
    assert out.read_bytes() == second
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:-1]))
    assert grade_files(str(problems), samples, out)["passed"] == 40
