import json
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.data.records import Graded, Problem, ReferenceTest, Sample, Verdict
from codekiln.errors import InputError, InputErrors
from codekiln.sandbox import Limits, grading
from codekiln.sandbox.grading import grade_files, grade_samples, program_of
from codekiln.sandbox.grading_summary import summary_text
from codekiln.sandbox.verdict_cache import VerdictCache, context_digest, default_folder, problem_digest, verdict_key

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


class FakeSandbox:
    """Gives verdicts without running anything, and remembers the programs."""

    def __init__(self, verdict_on: Callable[[str], Verdict], reads: str = "Landlock") -> None:
        self._verdict_on, self._reads = verdict_on, reads
        self.programs: list[str] = []

    def __enter__(self) -> "FakeSandbox":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def protections(self) -> dict[str, str]:
        return {"network": "seccomp", "file reads": self._reads}

    def grade(self, jobs: Iterable[tuple[Problem, str]]) -> Iterator[tuple[int, Verdict]]:
        for number, (_, program) in enumerate(jobs):
            self.programs.append(program)
            yield number, self._verdict_on(program)


def verdict(status: str = "passed", **more: object) -> Verdict:
    return Verdict.model_validate(
        {"task_id": "?", "status": status, "tests_total": 2, "tests_run": 2, "tests_passed": 2, **more}
    )


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeSandbox], FakeSandbox]:
    """Have programs graded by a fake sandbox."""

    def chosen(sandbox: FakeSandbox) -> FakeSandbox:
        monkeypatch.setattr(grading, "open_sandbox", lambda *_: sandbox)
        return sandbox

    return chosen


def write(path: Path, rows: Iterable[Problem | Sample]) -> Path:
    path.write_text("".join(row.model_dump_json(exclude_none=True) + "\n" for row in rows))
    return path


DIED = verdict("crashed", tests_run=0, tests_passed=0, detail="infrastructure: the server died twice")


def test_a_sandbox_that_failed_is_counted_apart_and_its_program_is_graded_again(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = files
    use(FakeSandbox(lambda program: DIED if program == GOOD else verdict()))
    summary = grade_files(str(problems), samples, out)
    assert (summary["samples"], summary["passed"], summary["infrastructure errors"]) == (40, 36, 4)
    assert summary["pass@1"] == 1.0
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


def test_known_verdicts_are_reused_under_other_names_and_not_under_other_limits(
    use: Callable[[FakeSandbox], FakeSandbox],
) -> None:
    first = use(FakeSandbox(lambda program: verdict("failed" if program == BAD else "passed")))
    other = ADD.model_copy(update={"task_id": "Own/9", "prompt": "Add 1.", "group": "g"})
    jobs = [(ADD, Sample(task_id="Own/1", solution=code)) for code in (GOOD, BAD)]
    assert [found.status for found in grade_samples(jobs)] == ["passed", "failed"]
    assert first.programs == [GOOD, BAD]
    renamed = [(other, sample.model_copy(update={"task_id": "Own/9"})) for _, sample in jobs]
    assert [(found.task_id, found.status) for found in grade_samples(renamed)] == [
        ("Own/9", "passed"),
        ("Own/9", "failed"),
    ]
    assert first.programs == [GOOD, BAD]
    grade_samples(jobs, limits=Limits(cpu_seconds=3))
    changed = ADD.model_copy(update={"tests": (*ADD.tests, "assert f(2) == 3")})
    grade_samples([(changed, sample) for _, sample in jobs])
    assert first.programs == [GOOD, BAD] * 3


def test_equal_tests_of_two_problems_run_once_and_keep_their_names(use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    sandbox = use(FakeSandbox(lambda program: verdict()))
    jobs = [(problem, Sample(task_id=problem.task_id, solution=GOOD)) for problem in (ADD, STUB)]
    assert [found.task_id for found in grade_samples(jobs)] == ["Own/1", "Own/2"]
    assert sandbox.programs == [GOOD]


def test_without_the_cache_every_program_runs(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox], tmp_path: Path
) -> None:
    problems, samples, out = files
    counts = []
    for name, use_cache in (("1", True), ("2", True), ("3", False)):
        sandbox = use(FakeSandbox(lambda program: verdict()))
        grade_files(str(problems), samples, tmp_path / name, use_cache=use_cache)
        counts.append(len(sandbox.programs))
    assert counts == [37, 0, 37]


def test_timeouts_by_cpu_are_kept_and_others_are_not() -> None:
    codes = ["while True: pass", "import time\ntime.sleep(60)", "import os\nos._exit(3)"]
    jobs = [(ADD, Sample(task_id="Own/1", solution=code)) for code in codes]
    limits = Limits(cpu_seconds=1, wall_seconds=3.0)
    first = grade_samples(jobs, limits=limits)
    assert [found.status for found in first] == ["timeout", "timeout", "crashed"]
    with VerdictCache(default_folder()) as cache:
        keys = [verdict_key(context_digest(limits), problem_digest(ADD), code) for code in codes]
        assert list(cache.find(keys)) == keys[:1]


def test_memory_is_flat_in_the_number_of_samples(tmp_path: Path, use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    sandbox = use(FakeSandbox(lambda program: verdict()))
    problems = write(tmp_path / "problems.jsonl", [ADD])
    peaks = []
    for count in (500, 4500):
        codes = (f"{GOOD}# {number:5}{' ' * 2000}" for number in range(count))
        samples = write(tmp_path / "samples", (Sample(task_id="1", solution=code) for code in codes))
        tracemalloc.start()
        grade_files(str(problems), samples, tmp_path / str(count))
        peaks.append(tracemalloc.get_traced_memory()[1] - sum(map(sys.getsizeof, sandbox.programs)))
        sandbox.programs.clear()
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) / 4000 < 250  # a sample has more than 2,000 bytes


def test_samples_that_change_while_they_are_graded_are_refused(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = files

    def change(program: str) -> Verdict:
        samples.write_text(samples.read_text().replace("x + 1", "x + 2"))
        return verdict()

    use(FakeSandbox(change))
    with pytest.raises(InputError, match="changed while it was graded"):
        grade_files(str(problems), samples, out)
    assert not out.exists()


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


def test_problems_that_lack_packages_are_named_and_left_out(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    problems, samples, out = files
    use(FakeSandbox(lambda program: verdict()))
    monkeypatch.setattr(
        grading, "missing_packages", lambda problem, allowed: {"numpy"} if problem.task_id == "Own/2" else set()
    )
    said: list[str] = []
    summary = grade_files(str(problems), samples, out, say=said.append)
    assert (summary["samples"], summary["problems"], summary["left_out"]) == (20, 1, {"Own/2": ["numpy"]})
    assert {row.verdict.task_id for row in rows(out)} == {"Own/1"}
    assert "left out: 1 problems that need packages, with 20 samples: Own/2;" in said[-1]


def test_the_command_says_what_protects_and_refuses_open_reads(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = map(str, files)
    arguments = ["grade", "--problems", problems, "--samples", samples, "--out", out]
    use(FakeSandbox(lambda program: verdict(), reads="not confined (no Landlock)"))
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "--allow-weaker" in refused.stderr
    assert not files[2].exists()
    weaker = CliRunner().invoke(main, [*arguments, "--allow-weaker", "--json"])
    assert json.loads(weaker.stdout)["protections"]["file reads"] == "not confined (no Landlock)"
    assert "file reads: not confined (no Landlock)\n" in weaker.stderr
    use(FakeSandbox(lambda program: verdict()))
    files[2].unlink()
    files[2].with_name("out.jsonl.journal").unlink()
    text = CliRunner().invoke(main, [*arguments, "--no-cache"]).stdout
    assert text.splitlines() == [
        "samples      40", "problems     2", "pass@1       1.0", "pass@10      1.0", "tests_run    80",
        "forgeable    0", "passed       40",
    ]  # fmt: skip
