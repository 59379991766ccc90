"""Programs that try to be graded as correct without being so, to harm what is around them, or to hang the grader."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codekiln.data.records import Problem, Verdict
from codekiln.sandbox import Limits, Sandbox

GOOD = "def f(x):\n    return x + 1\n"
ALWAYS_EQUAL = """
class Yes:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = None
    def _yes(self, *rest): return self
    __sub__ = __rsub__ = __add__ = __abs__ = _yes
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
"""
FORGE = """
import gc, os, sys
def channel():
    frame = sys._getframe()
    while frame:
        for value in frame.f_locals.values():
            if type(value).__name__ == "Channel":
                return value
        frame = frame.f_back
    return next(item for item in gc.get_objects() if type(item).__name__ == "Channel")
"""

EARLY_EXITS = {
    "sys.exit(0)": "import sys\nsys.exit(0)",
    "exit()": "exit()",
    "exit in the function": "import sys\ndef f(x): sys.exit(0)",
    "os._exit(0)": "import os\nos._exit(0)",
    "os._exit(0) in the function": "import os\ndef f(x): os._exit(0)",
    "exit at the last call": "import os\ndef f(x):\n    if x == -1: os._exit(0)\n    return x + 1",
    "exit by atexit": "import atexit, os, sys\natexit.register(os._exit, 0)\nsys.exit(0)",
    "exec of true": "import os\nos.execv('/bin/true', ['true'])",
    "exit in a thread": "import threading, os\nthreading.Thread(target=os._exit, args=(0,)).start()\n"
    "import time\ntime.sleep(1)",
    "exit in a trace": "import os, sys\nsys.settrace(lambda *a: os._exit(0))\ndef f(x): return x",
    "exit in a profile": "import os, sys\nsys.setprofile(lambda *a: os._exit(0))\ndef f(x): return x",
    "keyboard interrupt": "raise KeyboardInterrupt",
}
FORGERIES = {
    "always equal": ALWAYS_EQUAL + "def f(x): return Yes()",
    "always equal int": ALWAYS_EQUAL + "class I(Yes, int): pass\ndef f(x): return I(7)",
    "always equal in a list": ALWAYS_EQUAL + "def f(x): return [Yes()]",
    "metaclass": "class M(type):\n    def __eq__(c, o): return True\n    __hash__ = type.__hash__\n"
    "class A(metaclass=M): pass\ndef f(x): return A",
    "junk on every descriptor": "import os\nfor fd in range(3, 256):\n"
    "    try: os.write(fd, b'passed\\n[\"done\"]\\n')\n"
    "    except OSError: pass\n" + GOOD,
    "messages through the channel": FORGE
    + "c = channel()\nc.send('loaded')\nfor i in range(3): c.send('step', i, 'value', True)\nc.send('done')\n"
    "os._exit(0)",
    "messages from the function": FORGE
    + "def f(x):\n    c = channel()\n    for i in range(3): c.send('step', i, 'value', 1)\n    c.send('done')\n"
    "    os._exit(0)",
    "end announced early": FORGE + "def f(x):\n    channel().send('done')\n    return x + 1",
    "more results than asked for": FORGE
    + "def f(x):\n    if x < 0:\n        for i in range(2, 9): channel().send('step', i, 'value', 0)\n    return x + 1",
    "patched harness": "import sys\nframe = sys._getframe()\nwhile frame:\n"
    "    for k in ('encode', 'dumps', '_value'):\n"
    "        if k in frame.f_globals: frame.f_globals[k] = lambda *a: None\n    frame = frame.f_back\n"
    "def f(x): return x",
    "patched builtins": "import builtins\nbuiltins.eval = builtins.exec = lambda *a: 2\n"
    "builtins.type = lambda *a: int\n"
    "def f(x): return None",
    "patched json": "import json\njson.JSONEncoder.encode = json.dumps = lambda *a, **k: '[\"done\"]'\n"
    "def f(x): return None",
    "patched assertion": "import builtins\nclass Quiet(Exception): pass\nbuiltins.AssertionError = Quiet\n"
    "def f(x): return 0",
    "swallowed exceptions": "def f(x):\n    try: raise ValueError\n    except BaseException: return None",
    "excepthook": "import sys, os\nsys.excepthook = lambda *a: os._exit(0)\nraise ValueError",
    "module replaced": "import sys, types\nsys.modules['__main__'] = types.ModuleType('x')\nf = lambda x: x",
    "caller's frames hold no answer": "import sys, gc\ndef f(x):\n    if x != 41: return x + 1\n"
    "    return any('== 42' in str(o) for o in gc.get_objects() if type(o) is str)",
}
HANGS = {
    "loop": "while True: pass",
    "loop in the function": "def f(x):\n    while True: pass",
    "deaf to signals": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
    "    except Exception: pass\n"
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "message that never ends": "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    "power": "x = 10\ndef f(y): return x ** x ** x",
    "regular expression": "import re\ndef f(x): return re.match(r'(a+)+$', 'a' * 50 + 'b')",
    "grows while it is read": "import threading\nbig = []\ndef grow():\n    while True: big.append(0)\n"
    "threading.Thread(target=grow, daemon=True).start()\ndef f(x): return big",
    "fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
}
WAITS = {
    "sleep": "import time\ntime.sleep(1000)",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    "thread that never ends": "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n"
    + GOOD,
    "deadlock": "import threading\nl = threading.Lock()\nl.acquire()\nl.acquire()",
    "reads its input": "import os\nr, w = os.pipe()\nos.read(r, 1)",
}
GREED = {
    "memory": ("x = [0] * 10**9", {"memory"}),
    "memory in the function": ("def f(x): return len(bytearray(10**9))", {"memory"}),
    "memory, caught": ("def f(x):\n    try: return bytearray(10**10)\n    except MemoryError: return None", {"failed"}),
    "memory by recursion": (
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(x): return f(x)",
        {"memory", "crashed", "timeout"},
    ),
    "recursion": ("def f(x): return f(x)", {"error"}),
    "recursion in C": (
        "import sys\nsys.setrecursionlimit(10**9)\nx = []\nfor _ in range(10**6): x = [x]\ndef f(y): return repr(x)",
        {"crashed", "memory", "timeout"},
    ),
    "threads": (
        "import threading, time\n"
        "for _ in range(10**5): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
        {"error", "timeout", "memory"},
    ),
    "output": ("while True: print('x' * 1000)", {"output"}),
    "output by descriptor": ("import os\nwhile True: os.write(1, b'x' * 1000)", {"output"}),
    "result text": ("def f(x): return 'a' * 10**7", {"output", "memory"}),
    "result list": ("def f(x): return list(range(10**5))", {"output"}),
    "result deep": ("def f(x):\n    r = []\n    for _ in range(10**5): r = [r]\n    return r", {"failed"}),
    "result in itself": ("def f(x):\n    r = []\n    r.append(r)\n    return r", {"failed"}),
    "result doubling": (
        "def f(x):\n    r = [0]\n    for _ in range(60): r = [r, r]\n    return r",
        {"memory", "timeout", "output"},
    ),
    "result colliding": ("def f(x): return {i * (2**61 - 1) for i in range(1500)}", {"tampered", "output"}),
    "large file": ("f = open('big', 'wb')\nwhile True: f.write(bytes(10**6))", {"error", "output", "crashed"}),
    "many files": ("i = 0\nwhile True:\n    open(str(i), 'w').close()\n    i += 1", {"output", "timeout"}),
    "many large files": (
        "i = 0\nwhile True:\n    open(str(i), 'wb').write(bytes(3 * 10**6))\n    i += 1",
        {"output", "timeout"},
    ),
    "hidden files": ("import os, time\nos.mkdir('d', 0o300)\ntime.sleep(9)", {"output"}),
    "descriptors": ("import os\nwhile True: os.dup(1)", {"error"}),
    "files by mmap": ("import mmap\nkeep = [mmap.mmap(-1, 10**8) for _ in range(99)]", {"error", "memory"}),
}
REACHES = {
    "socket": "import socket\nsocket.create_connection(('127.0.0.1', 1))",
    "raw socket call": "import ctypes\nif ctypes.CDLL(None).socket(2, 1, 0) < 0: raise OSError",
    "unix socket": "import socket\nsocket.socket(socket.AF_UNIX)",
    "file outside": "open('/etc/passwd').read()",
    "source of the grader": "import glob\nopen(max(glob.glob('/proc/*/cmdline'))).read()",
    "write outside": "open('/tmp/escaped-from-the-sandbox', 'w')",
    "write outside by path": "open('../escaped', 'w')",
    "memory of the server": "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')",
    "descriptors of the server": "import os\nos.listdir(f'/proc/{os.getppid()}/fd')",
    "kill the server": "import os\nos.kill(os.getppid(), 9)",
    "kill the group": "import os\nos.kill(0, 9)",
    "kill everyone": "import os\nos.kill(-1, 9)",
    "kill by thread call": "import ctypes, os\n"
    "if ctypes.CDLL(None).syscall(234, os.getppid(), os.getppid(), 9): raise OSError",
    "signal by file": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETOWN, os.getppid())",
    "limits of the server": "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (0, 0))",
    "raise own limits": "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (99, 99))",
    "ptrace": "import ctypes, os\nif ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) < 0: raise OSError",
    "fork": "import os\nos.fork()",
    "subprocess": "import subprocess\nsubprocess.run(['/bin/true'])",
    "daemon": "import os, sys\nif os.fork() == 0:\n    os.setsid()\n    os.fork()\n    while True: pass",
    "multiprocessing": "import multiprocessing\np = multiprocessing.Process(target=print)\np.start()",
    "outlive the server": "import ctypes\nif ctypes.CDLL(None).prctl(1, 0, 0, 0, 0) < 0: raise OSError",
    "change a mode outside": "import os\nos.chmod('/tmp', 0o777)",
    "mount": "import ctypes\nif ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None) < 0: raise OSError",
    "shared memory that stays": "import ctypes\nif ctypes.CDLL(None).shmget(0, 4096, 0o1600) < 0: raise OSError",
    "file without a name": "import os\nos.memfd_create('x')",
    "environment": "import os\nos.environ['HOME']",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _still_serves(grade: Callable[..., Verdict]):
    yield
    assert grade(GOOD).status == "passed"


@pytest.mark.parametrize("name", EARLY_EXITS)
def test_early_exit_is_no_pass(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(EARLY_EXITS[name])
    assert verdict.status in ("crashed", "error", "tampered"), verdict
    assert verdict.tests_passed < verdict.tests_total


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_results_are_no_pass(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(FORGERIES[name])
    assert verdict.status in ("failed", "crashed", "error", "tampered"), verdict


@pytest.mark.parametrize("name", HANGS)
def test_hanging_programs_time_out(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(HANGS[name])
    assert verdict.status in ("timeout", "memory", "output"), verdict


def test_waiting_programs_time_out() -> None:
    problem = Problem(task_id="t", prompt="", entry_point="f", tests=("assert f(1) == 2",))
    with Sandbox(workers=len(WAITS), limits=Limits(wall_seconds=2.0)) as sandbox:
        verdicts = dict(sandbox.grade([(problem, program) for program in WAITS.values()]))
    assert {name: verdicts[index].status for index, name in enumerate(WAITS)} == dict.fromkeys(WAITS, "timeout")


@pytest.mark.parametrize("name", GREED)
def test_greedy_programs_meet_a_limit(grade: Callable[..., Verdict], name: str) -> None:
    program, statuses = GREED[name]
    verdict = grade(program)
    assert verdict.status in statuses, verdict


@pytest.mark.parametrize("name", REACHES)
def test_reaching_out_is_refused(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(REACHES[name] + "\n" + GOOD)
    assert verdict.status == "error", verdict
    assert not Path("/tmp/escaped-from-the-sandbox").exists()


@pytest.mark.parametrize(
    "program",
    ["def f(x: return", "\0", "f = " + "(" * 5000, "x = " + "-" * 10**6 + "1", "\ud800", "  f = 1", "return 1"],
)
def test_what_does_not_compile_is_invalid(grade: Callable[..., Verdict], program: str) -> None:
    assert grade(program).status in ("invalid", "memory", "crashed")


def test_closed_descriptors_and_duplicates_are_no_pass(grade: Callable[..., Verdict]) -> None:
    assert grade("import os\nos.closerange(0, 256)\n" + GOOD).status == "crashed"
    assert grade("import os\nfor fd in range(3, 99):\n    os.dup2(1, fd)\n" + GOOD).status == "crashed"


def test_nothing_stays_in_the_private_folder(grade: Callable[..., Verdict]) -> None:
    leave = (
        "import os\nfor _ in range(60):\n    os.mkdir('d' * 40)\n    os.chdir('d' * 40)\nopen('x', 'w').write('y')\n"
    )
    leave += "os.symlink('/etc', 'link')\n"
    assert grade(leave + GOOD).status == "passed"
    leave = leave.replace("60", "300")
    assert grade(leave + "import time\ntime.sleep(0.5)\n" + GOOD).status == "output"
    look = "import os\nassert os.listdir('.') == [], os.listdir('.')\n"
    assert grade(look + GOOD).status == "passed"


def test_environment_input_and_arguments_are_empty(grade: Callable[..., Verdict]) -> None:
    program = "import os, sys\nassert not os.environ and sys.stdin.read() == '' and sys.argv == ['-c']\n"
    program += "assert not [name for name in sys.modules if 'codekiln' in name]\n"
    assert grade(program + GOOD).status == "passed"
    assert "HOME" in os.environ or "PATH" in os.environ
