"""Programs that try to reach or change what is around them, and ordinary ones that must not notice the fence."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pydantic
import pytest

from codekiln.data.records import Verdict
from codekiln.sandbox.inside import landlock

GOOD = "\ndef f(x):\n    return x + 1\n"
CALL = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
def call(*arguments):
    if (result := libc.syscall(*arguments)) < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return result
"""
NEEDS_LANDLOCK = pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="reads are confined by Landlock")
SIGNALS = {
    "owner of a socket": "import fcntl, os, socket, struct\na, b = socket.socketpair()\n"
    "fcntl.ioctl(a, 0x8901, struct.pack('i', os.getppid()))",
    "group of a socket": "import fcntl, os, socket, struct\na, b = socket.socketpair()\n"
    "fcntl.ioctl(a, 0x8902, struct.pack('i', os.getppid()))",
    "asynchronous input": "import fcntl, socket, struct\na, b = socket.socketpair()\n"
    "fcntl.ioctl(a, 0x5452, struct.pack('i', 1))",
    "asynchronous flag": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, fcntl.F_SETFL, os.O_ASYNC)",
    "owner of a pipe, extended": CALL + "r, w = os.pipe()\n"
    "call(72 if x86 else 25, r, 15, struct.pack('ii', 1, os.getppid()))",
    "signal number of a file": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, 10, 9)",
    "lease": "import fcntl\nf = open('x', 'w')\nfcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)",
    "notification of a folder": "import fcntl, os\nfcntl.fcntl(os.open('.', 0), fcntl.F_NOTIFY, fcntl.DN_CREATE)",
    "signal to the session": "import os\nos.kill(-os.getsid(0), 9)",
    "signal with data": CALL + "call(129 if x86 else 138, os.getppid(), 0, ctypes.create_string_buffer(128))",
    "signal by thread": CALL + "call(200 if x86 else 130, os.getppid(), 0)",
    "signal by process descriptor": CALL + "call(424, call(434, os.getppid(), 0), 0, None, 0)",
    "timer": CALL + "call(222 if x86 else 107, 0, None, ctypes.create_string_buffer(8))",
    "new session": "import os\nos.setsid()",
    "new group": "import os\nos.setpgid(0, 0)",
    "priority of the group": "import os\nos.setpriority(os.PRIO_PGRP, 0, 19)",
    "scheduling of the server": "import os\nos.sched_setaffinity(os.getppid(), {0})",
    "asks to be traced": CALL + "call(101 if x86 else 117, 0, 0, 0, 0)",
    "survives the server": CALL + "call(157 if x86 else 167, 1, 0, 0, 0, 0)",
    "its own filter": CALL + "call(317 if x86 else 277, 1, 8, None)",
}
ATTRIBUTES = {
    "mode": "import os\nos.chmod(PATH, 0o777)",
    "mode by descriptor": "import os\nos.fchmod(os.open(PATH, 0), 0o777)",
    "mode, new call": CALL + "call(452, -100, PATH.encode(), 0o777, 0)",
    "owner": "import os\nos.chown(PATH, os.getuid(), os.getgid())",
    "owner by descriptor": "import os\nos.fchown(os.open(PATH, 0), os.getuid(), os.getgid())",
    "time": "import os\nos.utime(PATH, (1, 1))",
    "time by descriptor": "import os\nos.utime(os.open(PATH, 0), (1, 1))",
    "extended attribute": "import os\nos.setxattr(PATH, 'user.leak', b'1')",
    "extended attribute by descriptor": "import os\nos.setxattr(os.open(PATH, 0), 'user.leak', b'1')",
    "extended attribute, new call": CALL + "b = ctypes.create_string_buffer(b'leak')\n"
    "call(463, -100, PATH.encode(), 0, b'user.leak', struct.pack('QII', ctypes.addressof(b), 4, 0), 16)",
    "attribute removed": "import os\nos.removexattr(PATH, 'user.leak')",
    "attribute removed, new call": CALL + "call(466, -100, PATH.encode(), 0, b'user.leak')",
    "attributes, new call": CALL + "call(469, -100, PATH.encode(), bytes(24), 24, 0)",
    "flags": "import fcntl, os\nfcntl.ioctl(os.open(PATH, 0), 0x40086602, bytes(8))",
    "flags, extended": "import fcntl, os\nfcntl.ioctl(os.open(PATH, 0), 0x401C5820, bytes(28))",
    "lock": "import fcntl\nfcntl.flock(open(PATH), fcntl.LOCK_SH)",
    "lock of a description": CALL + "lock = struct.pack('hhqqi4x', 0, 0, 0, 0, 0)\n"
    "call(72 if x86 else 25, os.open(PATH, 0), 37, lock)",
    "truncated by a reader": "import os\nos.open(PATH, os.O_RDONLY | os.O_TRUNC)",
    "truncated by path": "import os\nos.truncate(PATH, 0)",
    "linked into the folder": "import os\nos.link(PATH, 'here')",
    "renamed": "import os\nos.rename(PATH, 'here')",
    "removed": "import os\nos.remove(PATH)",
    "reserved": "import os\nos.posix_fallocate(os.open(PATH, os.O_RDWR), 0, 10)",
}  # fmt: skip
SURROUNDINGS = {
    "datagram socket": "import socket\nsocket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)",
    "packet socket": "import socket\nsocket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)",
    "netlink": "import socket\nsocket.socket(16, 3, 0)",
    "descriptor in a message": "import socket\na, b = socket.socketpair()\nsocket.send_fds(a, [b'x'], [0])",
    "watch on a folder": CALL + "call(254 if x86 else 27, call(294 if x86 else 26, 0), b'/tmp', 0x100)",
    "size of a file system": "import os\nos.statvfs('/tmp')",
    "new kind of input and output": CALL + "call(425, 8, ctypes.create_string_buffer(120))",
    "handle of a file": CALL + "call(303 if x86 else 264, -100, b'/', bytes(200), bytes(8), 0)",
    "shared memory": "import multiprocessing.shared_memory as m\nm.SharedMemory(create=True, size=10)",
    "semaphore": "import multiprocessing\nmultiprocessing.Lock()",
    "message queue": CALL + "call(240 if x86 else 180, b'leak', 0o100 | 2, 0o600, None)",
    "namespace": CALL + "call(272 if x86 else 97, 0x10000000)",
    "thread in a namespace": CALL + "call(56 if x86 else 220, 0x10000000 | 17, 0, 0, 0, 0)",
    "vfork": CALL + "call(58) if x86 else call(220, 0x4111, 0, 0, 0, 0)",
    "large pipe": "import fcntl, os\nr, w = os.pipe()\nfcntl.fcntl(r, 1031, 1 << 20)",
    "file in memory": "import os\nos.memfd_create('x')",
    "fifo": "import os\nos.mkfifo('x')",
    "device": "import os\nos.mknod('x', 0o20600, os.makedev(1, 1))",
    "flush of all disks": CALL + "call(162 if x86 else 81)\nfd = os.open('.', 0)\ncall(306 if x86 else 267, fd)",
    "descriptors of the harness": "import os\nopen_ones = []\nfor fd in range(3, 256):\n"
    "    try: os.fstat(fd); open_ones.append(fd)\n    except OSError: pass\n"
    "if len(open_ones) <= 1: raise OSError('only the channel')",
}  # fmt: skip
READS = {
    "installed packages": "import os\nos.listdir(SITE)",
    "a package": "open(SITE + '/pydantic/__init__.py').read()",
    "a package by the search path": "import sys\nsys.path.append(SITE)\nimport pydantic",
    "packages of the system": "import os\nos.listdir('/usr/lib/python3/dist-packages')",
    "programs of other libraries": "import glob\nif not glob.glob('/usr/lib/git-core/*'): raise OSError",
    "a folder of libraries": "import os\nos.listdir('/usr/lib')",
    "users": "open('/etc/passwd').read()",
    "processes": "import os\nos.listdir('/proc')",
    "itself by /proc": "open('/proc/self/environ').read()",
    "the machine": "open('/sys/kernel/uevent_seqnum').read()",
    "the tests": "open(TESTS).read()",
    "temporary files": "import os\nos.listdir('/tmp')",
}


REFUSALS = ("PermissionError", "OSError", "FileNotFoundError", "ModuleNotFoundError")
"""What a refused call raises; any other error is a mistake in the program of the test."""


def assert_refused(verdict: Verdict) -> None:
    assert verdict.status == "error", verdict
    assert verdict.detail.startswith(REFUSALS), verdict


@pytest.fixture(autouse=True)
def _still_serves(grade: Callable[..., Verdict]) -> Iterator[None]:
    yield
    assert grade(GOOD).status == "passed"


@pytest.mark.parametrize("name", SIGNALS)
def test_other_processes_are_out_of_reach(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(SIGNALS[name] + GOOD)
    assert_refused(verdict)


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize("place", ["library", "outside"])
def test_nothing_of_other_files_changes(grade: Callable[..., Verdict], tmp_path: Path, name: str, place: str) -> None:
    outside = tmp_path / "canary"
    outside.write_text("canary")
    path = Path(os.__file__).with_name("this.py") if place == "library" else outside
    before, content = path.stat(), path.read_bytes()
    verdict = grade(f"PATH = {str(path)!r}\n" + ATTRIBUTES[name] + GOOD)
    assert_refused(verdict)
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime, after.st_ctime, after.st_nlink) == (
        before.st_mode, before.st_uid, before.st_mtime, before.st_ctime, before.st_nlink
    )  # fmt: skip
    assert path.read_bytes() == content
    assert "user.leak" not in os.listxattr(path)


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_what_is_shared_is_refused(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(SURROUNDINGS[name] + GOOD)
    assert_refused(verdict)


@NEEDS_LANDLOCK
@pytest.mark.parametrize("name", READS)
def test_only_the_interpreter_is_read(grade: Callable[..., Verdict], name: str) -> None:
    site = os.path.dirname(os.path.dirname(pydantic.__file__))
    verdict = grade(f"SITE, TESTS = {site!r}, {__file__!r}\n" + READS[name] + GOOD)
    assert_refused(verdict)


def test_no_socket_outside_hears_of_a_program(grade: Callable[..., Verdict], tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "log"))
        listener.setblocking(False)
        for kind in ("SOCK_DGRAM", "SOCK_STREAM"):
            program = f"import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.{kind})\n"
            assert grade(program + f"a.sendto(b'x', {str(tmp_path / 'log')!r})" + GOOD).status == "error"
            assert grade(program + f"a.connect({str(tmp_path / 'log')!r})" + GOOD).status == "error"
        with pytest.raises(BlockingIOError):
            listener.recv(10)


def test_descriptor_flags_and_locks_do_not_stay(grade: Callable[..., Verdict]) -> None:
    leave = "import fcntl, os\nfor fd in (0, 2):\n    fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK | os.O_APPEND)\n"
    leave += "fcntl.lockf(0, fcntl.LOCK_EX)\n"
    assert grade(leave + GOOD).status == "passed"
    look = "import fcntl, os\nfor fd in (0, 2):\n"
    look += "    assert not fcntl.fcntl(fd, fcntl.F_GETFL) & (os.O_NONBLOCK | os.O_APPEND)\n"
    look += "fcntl.lockf(0, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    assert grade(look + GOOD).status == "passed"


LEAVINGS = {
    "names that collide with an earlier way of emptying": "for i in range(1, 50):\n"
    "    os.makedirs(f'.{i}-{os.getppid()}/x')\nos.makedirs('a/b')",
    "folders without rights": "os.makedirs('a/b/c')\nos.umask(0o777)\nos.mkdir('a/d')\nos.mkdir('e')\nopen('g', 'w')",
    "deep folders": "for _ in range(700):\n    os.mkdir('d')\n    os.chdir('d')",
    "names that are not text": "os.mkdir(b'\\xff\\xfe')\nopen(b'\\xff\\xfe/\\x80', 'w')\nopen(b'-rf\\n', 'w')",
    "links": "os.symlink('/', 'root')\nos.symlink('.', 'self')\nos.symlink('missing', 'dangling')\nopen('x', 'w')\n"
    "os.mkdir('a')\nos.link('x', 'a/y')",
    "the longest names": "os.mkdir('d' * 255)\nopen('d' * 255 + '/' + 'e' * 255, 'w')",
    "an open file": "keep = open('x', 'w')\nos.remove('x')\nkeep.write('y')\nkeep.flush()",
}  # fmt: skip


@pytest.mark.parametrize("name", LEAVINGS)
def test_whatever_is_left_is_gone_for_the_next(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade("import os\n" + LEAVINGS[name] + GOOD)
    assert verdict.status in ("passed", "output"), verdict
    assert grade("import os\nassert os.listdir('.') == [], os.listdir('.')" + GOOD).status == "passed"


ORDINARY = {
    "threads": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(4) as pool:\n"
    "    assert sum(pool.map(abs, range(100))) == 4950",
    "event loop": "import asyncio\nasync def main():\n    await asyncio.sleep(0.001)\n"
    "    return await asyncio.gather(*[asyncio.to_thread(abs, -i) for i in range(3)])\n"
    "assert asyncio.run(main()) == [0, 1, 2]",
    "signals in an event loop": "import asyncio, os, signal\nasync def main():\n    seen = asyncio.Event()\n"
    "    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, seen.set)\n"
    "    os.kill(os.getpid(), signal.SIGUSR1)\n    await seen.wait()\nasyncio.run(main())",
    "streams": "import asyncio, socket\nasync def main():\n    a, b = socket.socketpair()\n"
    "    (_, w), (r, _) = await asyncio.open_connection(sock=a), await asyncio.open_connection(sock=b)\n"
    "    w.write(b'hi\\n')\n    return await r.readline()\nassert asyncio.run(main()) == b'hi\\n'",
    "files": "import os, pathlib, shutil\nopen('a', 'w').write('x')\nos.rename('a', 'b')\nos.mkdir('d')\n"
    "os.symlink('b', 'l')\nos.link('b', 'h')\npathlib.Path('b').touch()\nshutil.copyfile('b', 'd/c')\n"
    "shutil.move('d/c', 'e')\nshutil.rmtree('d')\nopen('b', 'r+').truncate(0)\nassert len(list(os.walk('.'))) == 1",
    "temporary files": "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n    open(folder + '/x', 'w')\n"
    "for kind in (tempfile.TemporaryFile, tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile):\n"
    "    with kind() as file: file.write(b'x')\ntempfile.mkstemp()",
    "archives": "import tarfile, zipfile\nwith zipfile.ZipFile('z', 'w') as z: z.writestr('a', 'b')\n"
    "zipfile.ZipFile('z').extractall('out')\nwith tarfile.open('t', 'w:gz') as t: t.add('out')",
    "database": "import sqlite3\nfor name in (':memory:', 'f.db'):\n    c = sqlite3.connect(name)\n"
    "    c.execute('create table t (a)')\n    c.execute('insert into t values (1)')\n    c.commit()\n"
    "    assert c.execute('select a from t').fetchall() == [(1,)]",
    "memory maps": "import mmap\nmmap.mmap(-1, 4096)[0] = 1\nopen('a', 'wb').write(bytes(4096))\nf = open('a', 'r+b')\n"
    "m = mmap.mmap(f.fileno(), 0)\nm[0] = 65\nm.flush()\nassert open('a', 'rb').read(1) == b'A'",
    "waiting for descriptors": "import os, select, selectors\nr, w = os.pipe()\nos.write(w, b'x')\n"
    "select.select([r], [], [])\n"
    "p = select.poll(); p.register(r); p.poll()\ne = select.epoll(); e.register(r); e.poll()\n"
    "selectors.DefaultSelector().register(r, 1)\nos.set_blocking(r, False)\nos.set_inheritable(r, True)",
    "signals": "import os, signal, threading\nseen = []\nfor s in (signal.SIGALRM, signal.SIGUSR1):\n"
    "    signal.signal(s, lambda *a: seen.append(a))\nsignal.setitimer(signal.ITIMER_REAL, 0.01)\nsignal.pause()\n"
    "signal.alarm(1)\nsignal.alarm(0)\nsignal.raise_signal(signal.SIGUSR1)\nos.kill(os.getpid(), signal.SIGUSR1)\n"
    "signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)\nassert len(seen) == 4",
    "foreign functions": "import ctypes\nassert ctypes.CDLL('libm.so.6').abs(-3) == 3",
    "randomness": "import os, random, secrets, uuid\nuuid.uuid1(), uuid.uuid4(), uuid.getnode(), secrets.token_hex()\n"
    "random.SystemRandom().random(), os.urandom(3), os.getrandom(3)\nopen('/dev/urandom', 'rb').read(1)",
    "locale and time zones": "import locale, time, zoneinfo\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')\n"
    "zoneinfo.ZoneInfo('UTC')\ntime.localtime(), time.process_time(), time.thread_time()",
    "limits of its own": "import resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (99, 99))\n"
    "resource.getrusage(resource.RUSAGE_SELF)",
    "modules of its own": "import importlib, sys\nsys.path.insert(0, '.')\nopen('mine.py', 'w').write('x = 1')\n"
    "importlib.invalidate_caches()\nimport mine, csv, wave, xml.dom.minidom",
    "many modules": "import bz2, calendar, ctypes.util, curses, difflib, email.mime.text, getpass, html.parser, lzma\n"
    "import http.client, pdb, platform, pprint, pydoc, queue, sched, ssl, unittest.mock, urllib.request\n"
    "platform.platform(), ssl.create_default_context(), urllib.request.Request('http://x')",
    "records of what happens": "import faulthandler, logging, mimetypes, tracemalloc\nfaulthandler.enable()\n"
    "tracemalloc.start()\nlogging.basicConfig(filename='log')\nlogging.error('x')\nmimetypes.guess_type('a.txt')",
    "what a terminal has": "import os, sys\nassert not os.isatty(0) and not sys.stdout.isatty()\n"
    "open(os.devnull, 'w').write('x')",
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_programs_do_not_notice(grade: Callable[..., Verdict], name: str) -> None:
    verdict = grade(ORDINARY[name] + GOOD)
    assert verdict.passed, verdict
