"""What holds where less is available, and what happens when the server itself goes away."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codekiln.data.records import Problem
from codekiln.errors import SandboxError
from codekiln.sandbox import Limits, Sandbox
from codekiln.sandbox.inside import landlock
from codekiln.sandbox.worker import EncodedPlan, ServerDied, Worker
from tests.sandbox.readable import python_in

ADD = Problem(task_id="t", prompt="", entry_point="f", tests=("assert f(1) == 2",))
GOOD = "def f(x): return x + 1"
# Refuses system calls as a container's own filter does, then grades programs named on the command line.
WITHOUT = """
import ctypes, struct, sys
from codekiln.errors import SandboxError
from codekiln.data.records import Problem
from codekiln.sandbox import Sandbox
from codekiln.sandbox.inside.seccomp import _op
import platform
column = {"x86_64": 0, "aarch64": 1}[platform.machine()]
calls = {"unshare": (272, 97), "landlock": (444, 444), "seccomp": (157, 167)}
code = [_op(0x20, 0)]
for name in sys.argv[1].removesuffix(",weaker").split(","):
    if name == "seccomp":
        code += [_op(0x15, calls[name][column], 0, 4), _op(0x20, 16), _op(0x15, 22, 0, 1)]
        code += [_op(6, 0x50016), _op(6, 0x7FFF0000)]
    else:
        code += [_op(0x15, calls[name][column], 0, 1), _op(6, 0x50001)]
program = b"".join([*code, _op(6, 0x7FFF0000)])
buffer = ctypes.create_string_buffer(program, len(program))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0
header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
assert libc.prctl(22, 2, ctypes.c_char_p(header), 0, 0) == 0
problem = Problem(task_id="t", prompt="", entry_point="f", tests=("assert f(1) == 2",))
try:
    with Sandbox(workers=1, allow_weaker="weaker" in sys.argv[1]) as sandbox:
        jobs = [(problem, text + "\\ndef f(x): return x + 1") for text in sys.argv[2:]]
        print(*[verdict.status for _, verdict in sandbox.grade(jobs)])
        print(sandbox.protections())
except SandboxError as error:
    print("SandboxError", error)
"""
WRITE = "open('x', 'w').write('y')"
OUTSIDE = "import os\nopen('/tmp/escaped-from-the-sandbox', 'w')"
SOCKET = "import socket\nsocket.socket()"
# None of these may depend on who grades, or on what else the machine offers.
HOSTILE = [
    SOCKET,
    OUTSIDE,
    "import os\nos.fork()",
    "import os\nos.kill(os.getppid(), 0)",
    "import os\nos.setsid()",
    "import fcntl, os, socket\na, b = socket.socketpair()\nfcntl.ioctl(a, 0x8901, os.getppid().to_bytes(4, 'little'))",
    "import socket\nsocket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "import os\nos.utime(os.__file__)",
    "import os\nos.chmod(os.__file__, 0o644)",
    "import fcntl, os\nfcntl.ioctl(os.open(os.__file__, 0), 0x40086602, bytes(8))",
    "import os\nos.open(os.__file__, os.O_RDONLY | os.O_TRUNC)",
    "import os\nos.setpriority(os.PRIO_USER, 0, 19)",
]
ORDINARY = [
    "pass",
    "import threading\nt = threading.Thread(target=print)\nt.start()\nt.join()",
    "import asyncio\nasyncio.run(asyncio.sleep(0))",
    "import os, signal\nsignal.signal(signal.SIGUSR1, print)\nos.kill(os.getpid(), signal.SIGUSR1)",
    "import sqlite3, csv, zoneinfo\nsqlite3.connect(':memory:').execute('select 1')",
]
PASSED, REFUSED = ["passed"] * len(ORDINARY), ["error"] * len(HOSTILE)


def without(names: str, *programs: str) -> str:
    command = [sys.executable, "-c", WITHOUT, names, *programs]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_without_namespaces_as_in_an_ordinary_pod() -> None:
    text = without("unshare", WRITE, *ORDINARY, *HOSTILE)
    assert text.split("\n")[0].split() == ["passed" if landlock.abi() else "error", *PASSED, *REFUSED]
    assert "own network namespace" not in text


def test_without_landlock_no_file_can_be_changed() -> None:
    changes = [WRITE, "import os\nos.mkdir('d')", "import os\nos.remove('x')", "import os\nos.symlink('a', 'b')"]
    assert without("landlock", "pass").startswith("SandboxError programs could read every file")
    text = without("unshare,landlock,weaker", *ORDINARY, *HOSTILE, *changes)
    assert text.split("\n")[0].split() == [*PASSED, *REFUSED, *["error"] * len(changes)]
    assert "'file reads': 'not confined" in text  # reads_are_confined() looks for this


def test_without_seccomp_nothing_runs() -> None:
    assert without("seccomp", "pass").startswith("SandboxError no way to isolate untrusted programs on this machine")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_can_grade() -> None:
    # Not below tmp_path, which pytest keeps for one user alone.
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chmod(name, 0o755)
        python, environment = python_in(Path(name))
        command = [python, "-c", "import os; assert os.getuid() == 65534\n" + WITHOUT, "unshare", *ORDINARY, *HOSTILE]
        run = subprocess.run(
            command, capture_output=True, text=True, cwd="/", env=environment, user=65534, group=65534, extra_groups=()
        )
    assert run.stdout.split("\n")[0].split() == [*PASSED, *REFUSED], run.stderr


@pytest.fixture
def fresh() -> Iterator[Sandbox]:
    with Sandbox(workers=1, limits=Limits(cpu_seconds=2, wall_seconds=60.0)) as sandbox:
        yield sandbox


def test_a_killed_server_is_replaced_and_the_program_runs_again(fresh: Sandbox) -> None:
    fresh.protections()
    server = fresh._workers[0]._server.process.pid
    threading.Timer(0.2, os.kill, (server, signal.SIGKILL)).start()
    # Its parent is the fork server, whose parent is the tester that is killed; the next program has another.
    (fork_server,) = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    waits_under_the_first = f"import os, time\nwhile os.getppid() == {fork_server}: time.sleep(0.01)\n" + GOOD
    ((_, verdict),) = fresh.grade([(ADD, waits_under_the_first)])
    assert verdict.passed
    assert fresh._workers[0]._server.process.pid != server


def test_a_program_that_takes_two_servers_down_has_crashed(fresh: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Worker.run

    def die(self: Worker, plan: EncodedPlan, program: str, *rest: Any, **more: Any) -> dict[str, Any]:
        if fatal in program:
            raise ServerDied("it closed the connection")
        return run(self, plan, program, *rest, **more)

    monkeypatch.setattr(Worker, "run", die)
    fatal = "def f"
    ((_, verdict),) = fresh.grade([(ADD, GOOD)])
    assert (verdict.status, verdict.tests_run) == ("crashed", 0)
    assert verdict.detail.startswith("infrastructure: ")
    fatal = ""
    with pytest.raises(SandboxError, match="whatever it runs"):
        list(fresh.grade([(ADD, GOOD)]))


def test_jobs_are_taken_lazily_and_leaving_early_ends_the_work(fresh: Sandbox) -> None:
    taken, threads = [], threading.active_count()

    def jobs() -> Iterator[tuple[Problem, str]]:
        for number in range(10_000):
            taken.append(number)
            yield ADD, GOOD

    for index, _ in fresh.grade(jobs()):
        if index == 3:
            break
    assert len(taken) < 30
    assert threading.active_count() < threads + 10
    ((_, verdict),) = fresh.grade([(ADD, GOOD)])
    assert verdict.passed


def test_leaving_early_does_not_wait_for_what_is_running() -> None:
    with Sandbox(workers=1, limits=Limits(wall_seconds=200.0)) as sandbox:
        results = sandbox.grade([(ADD, GOOD), (ADD, "import time\ntime.sleep(200)")])
        assert next(results)[1].passed
        start = time.monotonic()
        results.close()
    assert time.monotonic() - start < 100


def test_errors_of_the_caller_arrive(fresh: Sandbox) -> None:
    def jobs() -> Iterator[tuple[Problem, str]]:
        yield ADD, GOOD
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        list(fresh.grade(jobs()))


def test_a_problem_that_cannot_be_graded_ends_no_run(fresh: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    bad = ADD.model_copy(update={"tests": ("assert (",)})
    verdicts = dict(fresh.grade([(bad, GOOD), (ADD, GOOD), (bad, GOOD)]))
    assert verdicts[0].detail.startswith("infrastructure: the problem cannot be graded: t, test 1 of 1: not Python")
    assert verdicts[1].passed
    assert capsys.readouterr().err.count("cannot be graded") == 1


def test_workers_share_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    run, all_at_work = Worker.run, threading.Barrier(4)

    def together(self: Worker, plan: EncodedPlan, program: str, *rest: Any, **more: Any) -> dict[str, Any]:
        all_at_work.wait(60)
        return run(self, plan, program, *rest, **more)

    monkeypatch.setattr(Worker, "run", together)
    with Sandbox(workers=4) as sandbox:
        assert all(verdict.passed for _, verdict in sandbox.grade([(ADD, GOOD)] * 8))


def test_one_program_leaves_nothing_to_the_next(fresh: Sandbox) -> None:
    spoil = "import builtins, json, math, sys, collections\nbuiltins.len = None\nmath.pi = 3\njson.loads = None\n"
    spoil += "collections.Counter.__eq__ = None\nsys.path.clear()\nsys.setrecursionlimit(50)\n" + GOOD
    check = "import math, json, collections\nassert math.pi > 3.1 and len(json.loads('[1]')) == 1\n" + GOOD
    verdicts = dict(fresh.grade([(ADD, spoil), (ADD, check)]))
    assert verdicts[1].passed
