"""The command line of a job, ``python -m MODULE JOB.json``, alone or as one of several processes of torchrun."""

import atexit
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from codekiln.data.system_errors import told
from codekiln.errors import CodekilnError
from codekiln.launch import exit_codes, processes
from codekiln.launch.worker import ERROR_FILE, report_failure


def start(module: str, arguments: list[str], work: Callable[[Path], int]) -> int:
    """Run the job in the file named by the one argument.

    Args:
        module: Package of the job, for the usage message.
        arguments: Arguments of the command line.
        work: Runs the job of a file and returns the exit code.

    Returns:
        The exit code: that of ``work``, or 2 after a mistake of the user.
    """
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(
            f"usage: python -m {module} JOB.json\n\n"
            "Runs one job in this process; python -m codekiln.launch.worker starts it in several."
        )
        return 0 if arguments and arguments[0] in ("-h", "--help") else exit_codes.USER_ERROR
    try:
        code = work(Path(arguments[0]))
    except CodekilnError as error:
        return _fail(exit_codes.USER_ERROR, f"error: {error}")
    except Exception as error:
        if found := told(error):
            return _fail(found[1], f"error: {found[0]}")
        # Under torchrun the worker prints the traceback, once for all processes.
        if ERROR_FILE not in os.environ:
            raise
        return _fail(1, traceback.format_exc())
    processes.shut_down()
    if processes.world_size() > 1:
        _leave(code)
    return code


def _fail(code: int, message: str) -> int:
    report_failure(message)
    sys.stdout.flush()
    if processes.world_size() > 1:
        # The other processes may be gone or wait for this one: an orderly exit would hang or abort.
        os._exit(code)
    return code


def _leave(code: int) -> NoReturn:
    """End the process with its exit functions, but without taking the interpreter down.

    Threads of gloo outlive their process group and may ask for Python's lock while the interpreter ends, which aborts
    the process and so turns a job whose work is done into one that failed (PyTorch's pull request 179291).
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
