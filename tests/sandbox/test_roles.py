"""What each process of a worker may do: programs, the tester, and the children in which it runs tests."""

import os
import threading
from pathlib import Path

import pytest

from codekiln.sandbox.inside.confine import reads_are_confined, threads_of
from tests.sandbox.confined import run_confined

PROGRAM = "confine.confine_program(confine.program_filter(read_only), confine.LimitsOfPrograms().of(limits), 1)"
TEST_CHILD = "confine.confine_test_child(5, 512, read_only)"
TESTER = "confine.confine_tester(512, read_only)"
READER = "confine.confine_program(confine.program_filter(True), [], 1)"

EVERYBODY_REFUSED = {
    "network": "import socket\nsocket.socket()",
    "execution": "os.execv('/bin/true', ['true'])",
    "files outside": "open('/tmp/escaped-from-the-sandbox', 'w')",
    "reads outside": "open('/etc/passwd')",
    "the group": "os.kill(0, 9)",
    "everybody": "os.kill(-1, 9)",
    "modes": "open('x', 'w').close()\nos.chmod('x', 0o700)",
    "sessions": "os.setsid()",
    "namespaces": "import ctypes\nif ctypes.CDLL(None).unshare(0x10000000) < 0: raise OSError",
    "higher limits": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
}


@pytest.mark.parametrize("role", [PROGRAM, TEST_CHILD, TESTER], ids=["program", "test child", "tester"])
@pytest.mark.parametrize("name", EVERYBODY_REFUSED)
def test_nobody_may(tmp_path: Path, role: str, name: str) -> None:
    printed = run_confined(tmp_path, role, "import os\n" + EVERYBODY_REFUSED[name])
    assert "Error" in printed
    assert "SyntaxError" not in printed
    assert "NameError" not in printed
    assert not Path("/tmp/escaped-from-the-sandbox").exists()


@pytest.mark.parametrize("role", [PROGRAM, TEST_CHILD], ids=["program", "test child"])
@pytest.mark.parametrize("program", ["os.fork()", "os.kill(os.getppid(), 9)", "os.memfd_create('x')", "os.wait()"])
def test_programs_and_test_children_have_no_other_process(tmp_path: Path, role: str, program: str) -> None:
    assert "PermissionError" in run_confined(tmp_path, role, "import os\n" + program)


def test_the_tester_runs_children_and_passes_descriptors(tmp_path: Path) -> None:
    program = """
import marshal, os, signal, socket
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [0])
assert len(socket.recv_fds(b, 1, 1)[1]) == 1
child = os.fork()
if child == 0:
    confine.confine_test_child(1, 256, read_only, keep=(b.fileno(),))
    os.write(b.fileno(), b"confined")
    try:
        os.fork()
    except PermissionError:
        os.write(b.fileno(), b", no child")
    open("seen", "w").close()
    while True:
        pass
said = b""
while len(said) < len(b"confined, no child"):
    said += a.recv(99)
assert said == b"confined, no child"
while not os.path.exists("seen"):
    pass
handle = os.pidfd_open(child)
os.kill(child, signal.SIGKILL)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -9
"""
    assert run_confined(tmp_path, TESTER, program).endswith("ran\n")


def test_a_test_child_ends_with_its_limits(tmp_path: Path) -> None:
    program = """
import os, signal
for text in ("while True: pass", "bytearray(1 << 30)", "open('x', 'wb').write(bytes(1 << 20) * 17)"):
    child = os.fork()
    if child == 0:
        try:
            confine.confine_test_child(1, 256, file_mb=16)
            exec(text)
        except (MemoryError, OSError):
            os._exit(7)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert run_confined(tmp_path, TESTER, program).split() == ["-9", "7", "7", "ran"]


@pytest.mark.parametrize(
    ("role", "kept"),
    [
        (PROGRAM.replace(", 1)", ", other)"), "confine.PROGRAM_CHANNEL"),
        (TEST_CHILD[:-1] + ", keep=(other,))", "other"),
        (TESTER[:-1] + ", keep=(other,))", "other"),
    ],
    ids=["program", "test child", "tester"],
)
def test_only_kept_descriptors_stay_open(tmp_path: Path, role: str, kept: str) -> None:
    program = "import os\nleft = []\nfor fd in range(300):\n    try: os.fstat(fd)\n    except OSError: continue\n"
    program += f"    left.append(fd)\nassert left == [0, 1, 2, {kept}], left"
    assert run_confined(tmp_path, f"kept, other = os.pipe()\n{role}", program).endswith("ran\n")


def test_a_reader_changes_nothing_and_still_imports(tmp_path: Path) -> None:
    program = "import csv, os, tomllib\n"
    program += "for change in (lambda: open('x', 'w'), lambda: os.mkdir('d'), lambda: os.symlink('a', 'b')):\n"
    program += "    try: change()\n    except PermissionError: continue\n    raise AssertionError('changed')\n"
    assert run_confined(tmp_path, READER, program).endswith("ran\n")
    assert not list((tmp_path / "scratch").iterdir())


def test_limits_that_are_lower_already_stay(tmp_path: Path) -> None:
    program = (
        "import resource\nprint(resource.getrlimit(resource.RLIMIT_FSIZE), resource.getrlimit(resource.RLIMIT_CPU))"
    )
    lower = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
    lower += "resource.setrlimit(resource.RLIMIT_CPU, (3, 3))\n"
    assert run_confined(tmp_path, lower + PROGRAM, program) == "(5000, 5000) (3, 3)\nran\n"
    (tmp_path / "tester").mkdir()
    assert run_confined(tmp_path / "tester", lower + TESTER, program) == "(5000, 5000) (3, 3)\nran\n"


def test_the_words_of_the_protections_tell_whether_reads_are_confined() -> None:
    assert reads_are_confined({"file reads": "Landlock: the interpreter and system libraries only"})
    assert not reads_are_confined({"file reads": "not confined (no Landlock)"})


def test_threads_are_counted_from_outside() -> None:
    before, end = threads_of(os.getpid()), threading.Event()
    threads = [threading.Thread(target=end.wait) for _ in range(20)]
    for thread in threads:
        thread.start()
    assert threads_of(os.getpid()) == before + 20
    end.set()
    for thread in threads:
        thread.join()


def test_the_server_counts_the_threads_of_a_program(tmp_path: Path) -> None:
    program = "import threading, time\n"
    program += "for _ in range(9): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    counting = f"""
ready, ready_in = os.pipe()
child = os.fork()
if child == 0:
    confine.confine_program(confine.program_filter(read_only), [], ready_in)
    exec({program!r})
    os.write(confine.PROGRAM_CHANNEL, b"x")
    time.sleep(60)
os.read(ready, 1)
print(confine.threads_of(child))
os.kill(child, 9)
"""
    assert run_confined(tmp_path, "pass", counting) == "10\nran\n"
