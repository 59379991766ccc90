"""What happens around programs: processes killed or stopped from outside, and machines that lack something."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from codekiln.data.records import Problem, ReferenceTest, Verdict
from codekiln.sandbox import Limits, Sandbox, worker
from codekiln.sandbox.expected_results import ExpectedResults
from codekiln.sandbox.inside.messages import ProblemPlan
from codekiln.sandbox.verdict_cache import is_infrastructure_error
from tests.descriptors import nothing_left_open

CALLS = Problem(task_id="calls", prompt="", entry_point="f", tests=("assert f(1) == 2", "assert f(2) == 3"))
QUESTIONS = CALLS.model_copy(
    update={"task_id": "questions", "tests": ("for x in range(3):\n    assert f(x) == x + 1",)}
)
GOOD = "def f(x):\n    return x + 1\n"
WAITING = "import time\ntime.sleep(0.7)\ndef f(x):\n    time.sleep(0.1)\n    return x + 1\n"
LIMITS = Limits(cpu_seconds=1, wall_seconds=2.5)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files; afterwards it is empty, and no process and no descriptor is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(worker, "_GRACE_SECONDS", 0.5)
    this = psutil.Process()
    before = set(this.children(recursive=True))
    with nothing_left_open():
        yield tmp_path
        assert os.listdir(tmp_path) == []
        assert set(this.children(recursive=True)) == before


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


def running_testers() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "-P" in child.cmdline()]


def family(role: str) -> psutil.Process | None:
    """Return the process with a role of the worker whose program waits."""
    for tester in running_testers():
        with contextlib.suppress(psutil.NoSuchProcess, ValueError):
            server, *test_children = sorted(tester.children(), key=lambda process: process.pid)
            (program,) = server.children()
            if time.time() - program.create_time() > 0.3:
                return {"tester": tester, "fork server": server, "program": program,
                        "test child": test_children[0] if test_children else None}[role]  # fmt: skip
    return None


def signal_once(role: str, number: signal.Signals, done: list[int]) -> threading.Thread:
    def wait_and_send() -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end and not done:
            if (process := family(role)) is not None:
                done.append(process.pid)
                process.send_signal(number)
            time.sleep(0.005)

    thread = threading.Thread(target=wait_and_send)
    thread.start()
    return thread


@pytest.mark.parametrize("role", ["tester", "fork server"])
@pytest.mark.parametrize(
    ("problem", "number"),
    [
        pytest.param(CALLS, signal.SIGKILL, id="calls-killed"),
        pytest.param(CALLS, signal.SIGSTOP, id="calls-stopped"),
        pytest.param(QUESTIONS, signal.SIGKILL, id="questions-killed"),
        # The time limit of a server that is stopped is what it waits for: twice that of calls.
        pytest.param(QUESTIONS, signal.SIGSTOP, id="questions-stopped", marks=pytest.mark.slow),
    ],
)
def test_a_program_whose_server_is_gone_is_tried_again(
    folder: Path, problem: Problem, role: str, number: signal.Signals
) -> None:
    sent: list[int] = []
    jobs = [(problem, f"{WAITING if place == 2 else GOOD}# {place}") for place in range(6)]
    with Sandbox(workers=2, limits=LIMITS) as sandbox:
        thread = signal_once(role, number, sent)
        verdicts = dict(sandbox.grade(jobs))
    thread.join()
    assert sent
    assert [verdicts[place].status for place in range(6)] == ["passed"] * 6


@pytest.mark.parametrize(("role", "problem"), [("program", CALLS), ("program", QUESTIONS), ("test child", QUESTIONS)],
                         ids=["calls", "questions", "tests"])  # fmt: skip
def test_a_right_program_is_not_wrong_because_the_kernel_killed_it(folder: Path, role: str, problem: Problem) -> None:
    sent: list[int] = []
    program = WAITING.replace("time.sleep(0.1)", "time.sleep(0.4)")
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        thread = signal_once(role, signal.SIGKILL, sent)
        ((_, verdict),) = sandbox.grade([(problem, program)])
    thread.join()
    assert sent
    assert verdict.passed, verdict


def test_testers_live_as_long_as_the_sandbox(folder: Path) -> None:
    """Not as long as the thread that used them first: the kernel looks at threads, not at processes."""
    others = {process.pid for process in running_testers()}
    with Sandbox(workers=2, limits=LIMITS) as sandbox:
        seen = []
        for _ in range(3):
            assert all(verdict.passed for _, verdict in sandbox.grade([(CALLS, f"{GOOD}# {n}") for n in range(9)]))
            alive = {process.pid for process in running_testers() if process.status() != psutil.STATUS_ZOMBIE}
            seen.append(alive - others)
    assert len(set().union(*seen)) == len(seen[-1]) <= 2


def test_a_sandbox_is_left_at_once_while_programs_wait(folder: Path) -> None:
    start = time.monotonic()
    with Sandbox(workers=2, limits=LIMITS) as sandbox:
        for _ in sandbox.grade([(CALLS, GOOD)] + [(CALLS, f"import time\ntime.sleep(2.4)\n# {n}") for n in range(9)]):
            break
    assert time.monotonic() - start < 2.2


def test_a_start_that_fails_for_a_while_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [OSError(11, "no process"), OSError(24, "no descriptor"), RuntimeError("no thread")]
    start = worker._keep_running

    def fails_first(*arguments: object) -> object:
        if failures:
            raise failures.pop()
        return start(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "_keep_running", fails_first)
    monkeypatch.setattr(worker, "_PAUSES", (0.0, 0.0, 0.0))
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        ((_, verdict),) = sandbox.grade([(CALLS, GOOD)])
    assert verdict.passed


def reference_problem(reference: str, *inputs: str, comparison: str = "equal") -> Problem:
    test = ReferenceTest(suite="base", inputs=inputs, comparison=comparison)  # type: ignore[arg-type]
    return Problem(task_id="r", prompt="", entry_point="f", reference=reference, tests=(test,))


BROKEN = {
    "does not compile": "def f(x: return",
    "raises": "def f(x):\n    raise ValueError('no')",
    "ends": "import os\nos._exit(0)",
    "is no function": "f = 1",
    "returns no plain data": "def f(x):\n    return object()",
    "has no result that fits": "def f(x):\n    return bytearray(10**9)",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_reference_without_results_is_named_and_ends_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.setenv("CODEKILN_CACHE", str(folder.with_name("expected results")))
    broken = reference_problem(BROKEN[name], "[1]", "[2]")
    with Sandbox(workers=2, limits=LIMITS) as sandbox:
        verdicts = dict(sandbox.grade([(CALLS, GOOD), (broken, GOOD), (broken, GOOD + "#"), (CALLS, GOOD + "#")]))
    assert [verdicts[place].status for place in range(4)] == ["passed", "crashed", "crashed", "passed"]
    assert is_infrastructure_error(verdicts[1])
    assert "cannot be graded: r: the reference" in verdicts[1].detail
    assert capfd.readouterr().err.count("cannot be graded: r: the reference") == 1


def test_a_problem_that_is_not_python_ends_nothing(folder: Path) -> None:
    broken = CALLS.model_copy(update={"tests": ("assert f(1 == 2",)})
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        verdicts = dict(sandbox.grade([(broken, GOOD), (CALLS, GOOD)]))
    assert is_infrastructure_error(verdicts[0])
    assert verdicts[1].passed


def test_inputs_whose_results_are_too_large_are_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODEKILN_CACHE", str(folder.with_name("expected results")))
    reference = "def f(x):\n    return 'a' * x if x < 10**10 else [[i] for i in range(x)]\n"
    problem = reference_problem(reference, "[1]", f"[{10**11}]", f"[{70 << 20}]", "[20]")
    for _ in range(2):
        with Sandbox(workers=1, limits=LIMITS) as sandbox:
            verdicts = dict(sandbox.grade([(problem, reference), (problem, "def f(x):\n    return 'a'")]))
        assert verdicts[0].passed, verdicts[0]
        assert verdicts[0].tests_total == 2
        assert verdicts[1].status == "failed"
        assert "r: 2 of 4 inputs are left out" in capfd.readouterr().err


def test_a_result_that_is_only_asked_to_be_there_need_not_be_plain(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEKILN_CACHE", str(folder.with_name("expected results")))
    reference = "import re\ndef f(x):\n    return re.match('a+', x)\n"
    problem = reference_problem(reference, '["aa"]', '["b"]', comparison="not-none")
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        verdicts = dict(sandbox.grade([(problem, reference), (problem, "def f(x):\n    return 'a' in x or None"),
                                       (problem, "def f(x):\n    return object()")]))  # fmt: skip
    assert [verdicts[place].status for place in range(3)] == ["passed", "passed", "failed"]


def test_largest_results_are_left_out_until_the_rest_fits() -> None:
    runs = []

    def run(plan: ProblemPlan, program: str) -> dict[str, object]:
        runs.append(plan)
        count = len(plan["calls"]["calls"])
        if len(runs) == 1 or 1 < count > 5:
            return {"results": b'["large"]', "reason": "ended", "code": 0, "cpu_seconds": 0.0}
        lines = [b"v" + b"1" * 1000] * count
        return {"results": b"\n".join([b'["loaded"]', *lines]), "reason": "ended", "code": 0, "cpu_seconds": 0.0}

    problem = reference_problem("def f(x): ...", *(f'["number", {n}]' for n in range(20)))
    results = ExpectedResults(Path(os.devnull)).of(problem, run)
    kept = 20 - len(results.left_out)
    assert kept in (3, 4, 5)
    assert zlib.decompress(results.lines).count(b"v" + b"1" * 1000) == kept
    assert len(runs) < 30


KILLED_MIDWAY = """
import sys, time
from codekiln.data.records import Problem
from codekiln.sandbox import Sandbox
problem = Problem(task_id="t", prompt="", entry_point="f", tests=(sys.argv[1],))
with Sandbox(workers=2) as sandbox:
    program = "import time\\ndef f(x):\\n    time.sleep(600)"
    list(sandbox.grade([(problem, "import time\\ntime.sleep(600)"), (problem, program)]))
"""
QUESTION = "for x in range(3):\n    assert f(x) == x + 1"


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nothing_outlives_the_command(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", KILLED_MIDWAY, QUESTION], env=environment)
    # Of each worker: tester, fork server and program; and the process in which the tests of one run.
    wait_for(lambda: len(descendants(process.pid)) == 7)
    started = descendants(process.pid)
    process.send_signal(number)
    process.wait()
    _, alive = psutil.wait_procs(started, timeout=5)
    assert not [left for left in alive if left.status() != psutil.STATUS_ZOMBIE]
    assert number != signal.SIGINT or os.listdir(tmp_path) == []


def test_a_program_does_not_outlive_a_server_that_is_killed(folder: Path) -> None:
    command = subprocess.Popen([sys.executable, "-c", KILLED_MIDWAY, QUESTION], env=os.environ)
    wait_for(lambda: len(descendants(command.pid)) == 7)
    tester = descendants(command.pid)[0]
    server, *_ = sorted(tester.children(), key=lambda child: child.pid)
    (program,) = server.children()
    server.kill()
    _, alive = psutil.wait_procs([program], timeout=5)
    command.send_signal(signal.SIGINT)
    command.wait()
    assert not [left for left in alive if left.status() != psutil.STATUS_ZOMBIE]


def test_folders_of_killed_commands_are_removed_by_the_next(folder: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(folder)}
    process = subprocess.Popen([sys.executable, "-c", KILLED_MIDWAY, QUESTION], env=environment)
    wait_for(lambda: len(descendants(process.pid)) == 7)
    others = folder / "codekiln-of-somebody-else"
    others.mkdir()
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        assert len(os.listdir(folder)) == 4  # two are in use by the other command
        process.kill()
        process.wait()
        assert len(os.listdir(folder)) == 4
        assert [verdict.passed for _, verdict in sandbox.grade([(CALLS, GOOD)])] == [True]
    with Sandbox(workers=1, limits=LIMITS):
        assert len(os.listdir(folder)) == 2
    others.rmdir()


CALLERS = {
    "no standard input": "exec <&-",
    "no standard error": "exec 2>&-",
    "no descriptors": "exec <&- >&- 2>&-",
    "a mask that takes everything": "umask 0777",
    "signals ignored": "trap '' INT TERM CHLD PIPE XCPU ALRM USR1",
    "few descriptors": "ulimit -n 32",
    "small files": "ulimit -f 200",
    "little address space": "ulimit -v 1500000",
    "a small stack": "ulimit -s 256",
    "no working directory": "mkdir gone && cd gone && rmdir ../gone",
}
GRADE = """
import os, sys
from codekiln.data.records import Problem
from codekiln.sandbox import Sandbox
problem = Problem(task_id="t", prompt="", entry_point="f", tests=("assert f(1) == 2",))
looped = Problem(task_id="u", prompt="", entry_point="f", tests=(sys.argv[1],))
jobs = [(row, "def f(x): return x + " + add) for row in (problem, looped) for add in "121"]
with Sandbox(workers=2) as sandbox:
    verdicts = dict(sandbox.grade(jobs))
os._exit(0 if [verdicts[n].status for n in range(6)] == ["passed", "failed", "passed"] * 2 else 3)
"""


@pytest.mark.parametrize("name", CALLERS)
def test_verdicts_do_not_depend_on_how_the_command_was_started(folder: Path, name: str) -> None:
    script = CALLERS[name] + '\nexec "$0" -c "$1" "$2"\n'
    environment = {**os.environ, "TMPDIR": str(folder)}
    command = ["sh", "-c", script, sys.executable, GRADE, QUESTION]
    done = subprocess.run(command, env=environment, cwd=folder.parent)
    assert done.returncode == 0


def readable_by_others(path: str) -> bool:
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (Path(path).parent, *Path(path).parents))


@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(readable_by_others, (os.path.dirname(os.__file__), sys.prefix, __file__))),
    reason="only root becomes another user, who has to be able to read the interpreter and the checkout",
)
def test_another_user_grades(folder: Path) -> None:
    script = f"import os\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n{GRADE}"
    with tempfile.TemporaryDirectory(dir="/tmp") as own:
        os.chown(own, 65534, 65534)
        environment = {**os.environ, "TMPDIR": own, "HOME": "/nonexistent"}
        done = subprocess.run([sys.executable, "-c", script, QUESTION], env=environment)
    assert done.returncode == 0


def test_a_large_result_is_judged_like_a_small_one(folder: Path) -> None:
    """It is judged in a process of its own, and need not be written as the test has it."""
    problem = CALLS.model_copy(update={"tests": ("assert sorted(f(1)) == list(f(2))", "assert len(f(1)) == 20000")})
    programs = ["def f(x):\n    return list(range(20000))[:: (-1) ** x]", "def f(x):\n    return list(range(30000))"]
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        verdicts = dict(sandbox.grade([(problem, program) for program in programs]))
    assert [verdicts[place].status for place in range(2)] == ["passed", "failed"], verdicts


@pytest.mark.parametrize(
    ("test", "program"),
    [
        ("assert sum(f(1)) == 3", "def f(x):\n    return range(10**11)"),
        ("assert max(f(1)) == 3", "def f(x):\n    return range(10**11)"),
        ("assert 3 in [sum(f(1)), f(2)]", "def f(x):\n    return range(10**11)"),
        ("assert round(f(1), f(2)) == 3", "def f(x):\n    return -(10**9) if x == 2 else 5"),
    ],
)
def test_a_short_result_cannot_keep_the_tester_busy(folder: Path, test: str, program: str) -> None:
    problem = CALLS.model_copy(update={"tests": (test,)})
    with Sandbox(workers=1, limits=LIMITS) as sandbox:
        verdicts = dict(sandbox.grade([(problem, program), (CALLS, GOOD)]))
    assert verdicts[0].status in ("timeout", "memory", "failed"), verdicts[0]
    assert not is_infrastructure_error(verdicts[0])
    assert verdicts[1].passed


def test_programs_may_take_a_multiple_of_what_the_inputs_of_their_reference_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = "import time\ndef f(x):\n    end = time.process_time() + 0.55\n    while time.process_time() < end: pass\n"
    slow += "    return x"
    inputs = ReferenceTest(inputs=("[1]", "[2]"))
    problem = Problem(task_id="t", prompt="", entry_point="f", tests=(inputs,), reference=slow)
    limits: list[int] = []
    run = Sandbox._run

    def noted(self: Sandbox, worker: worker.Worker, planned: Any, program: str, cpu_seconds: int) -> Verdict:
        limits.append(cpu_seconds)
        return run(self, worker, planned, program, cpu_seconds)

    monkeypatch.setattr(Sandbox, "_run", noted)
    with Sandbox(workers=1, limits=Limits(cpu_seconds=1, wall_seconds=30.0)) as sandbox:
        right = dict(sandbox.grade([(problem, slow), (problem, f"{slow}\n")]))
        assert len(limits) == 2  # what the reference takes is known, so no program is run with less first
        ((_, endless),) = sandbox.grade([(problem, "def f(x):\n    while True: pass")])
    assert right[0].passed
    assert right[1].passed
    assert right[0].cpu_seconds > 1
    assert endless.status == "timeout"
    assert min(limits) >= 3 * 1.1
