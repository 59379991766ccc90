"""Start of a worker's processes: warm imports, confinement, proof of it, and the split into tester and fork server."""

import contextlib
import marshal
import os
import resource
import signal
import socket
import sys

from codekiln.sandbox.inside import confine
from codekiln.sandbox.inside.channel import write_frame
from codekiln.sandbox.inside.fork_server import RunningProgram, serve
from codekiln.sandbox.inside.memory import prepare_to_fork
from codekiln.sandbox.inside.tester import Tester

# For type checkers, which take this name for true: the confined process imports nothing for types.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# The modules that programs import most: imported once here, they cost a program that imports them nothing. Others cost
# every program more than they save: forking takes 0.2 ms for each MiB that this process holds.
_WARM = "abc bisect collections copy enum functools heapq itertools math operator random re string time typing"


# What tests import, or name a class of, beside these.
_WARM_FOR_TESTS = "cmath contextlib dataclasses datetime decimal fractions json numbers statistics textwrap"
_TESTER_MB, _TESTER_FILE_MB = 8192, 1024


def main() -> None:
    """Serve as the tester in the folder named on the command line, with the controller's socket as standard input."""
    _forget_the_caller()
    packages, folder = sys.argv.pop() or None, sys.argv.pop()
    control = os.dup(0)
    null = os.open("/dev/null", os.O_RDWR)
    for target in (0, 1):
        os.dup2(null, target)
    os.close(null)
    _import_warm_modules(_WARM)
    _add_site_builtins()
    os.chdir(folder)
    os.environ.clear()
    try:
        protections, read_only = confine.confine_server(folder, packages)
        _prove_confinement(read_only)
    except OSError as error:
        write_frame(control, marshal.dumps({"error": str(error)}))
        return
    near, far = socket.socketpair()
    tester = os.getpid()
    # The fork server is forked off before any test arrives: no program can find one in its memory.
    if os.fork() == 0:
        near.close()
        os.close(control)
        _become_fork_server(far, folder, read_only, tester)
    far.close()
    _import_warm_modules(_WARM_FOR_TESTS)
    confine.confine_tester(_TESTER_MB, read_only, _TESTER_FILE_MB, (control, near.fileno()))
    write_frame(control, marshal.dumps(protections))
    prepare_to_fork()
    try:
        Tester(control, RunningProgram(near), read_only).serve()
    except (EOFError, ConnectionError):
        pass  # the controller or the fork server is gone; the controller, if it is there, starts another tester
    finally:
        near.close()
        os.wait()


def _forget_the_caller() -> None:
    """Undo what this process inherits and programs must not depend on: a closed descriptor, a mask, ignored signals."""
    while (handle := os.open("/dev/null", os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o022)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals():
        if signal.getsignal(number) is signal.SIG_IGN and number not in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # When memory is short, the kernel ends one of these processes, the largest, rather than the controller.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _become_fork_server(control: socket.socket, folder: str, read_only: bool, tester: int) -> "NoReturn":
    try:
        serve(control, folder, read_only)
    except ConnectionError:
        pass
    except SystemExit as end:
        if os.getppid() == tester:  # else nobody is left whom the reason could concern
            print(end, file=sys.stderr, flush=True)
    finally:
        os._exit(0)


def _import_warm_modules(names: str) -> None:
    """Import modules without what they would do in each forked child.

    ``random`` seeds itself anew there, which takes a tenth of the time of a fork. Without that, the random numbers of a
    program are the same whenever it runs, and so is its verdict.
    """
    register, os.register_at_fork = os.register_at_fork, lambda **functions: None
    try:
        for name in names.split():
            __import__(name)
    finally:
        os.register_at_fork = register


def _prove_confinement(read_only: bool) -> None:
    """Confine one child and let it try to open a socket; raises OSError when it cannot be confined, or succeeds."""
    answer, answer_in = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            confine.confine_program(confine.program_filter(read_only), [], answer_in)
            answer_in = confine.PROGRAM_CHANNEL
            os.write(answer_in, b"a socket could be made" if confine.can_make_a_socket() else b"ok")
        except OSError as error:
            os.write(answer_in, str(error).encode())
        finally:
            os._exit(0)
    os.close(answer_in)
    text = os.read(answer, 1000)
    os.close(answer)
    os.waitpid(pid, 0)
    if text != b"ok":
        raise OSError(text.decode() or "the child that tried its confinement was killed")


def _add_site_builtins() -> None:
    # -S leaves these out, and scripts end themselves with exit().
    import _sitebuiltins
    import builtins

    for name in ("exit", "quit"):
        setattr(builtins, name, _sitebuiltins.Quitter(name, "Ctrl-D (i.e. EOF)"))
