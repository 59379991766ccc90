"""The program of a job, ``python -m MODULE JOB.json``, also as one of several processes that torchrun started."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from codekiln.errors import CodekilnError
from codekiln.launch import processes
from codekiln.launch.worker import ERROR_FILE, say_last


def start(module: str, arguments: list[str], work: Callable[[Path], int]) -> int:
    """Run the job in the file named by the one argument.

    Args:
        module: The package that is being run, for the usage.
        arguments: Of the command line.
        work: Runs the job of a file and returns the exit code.

    Returns:
        What ``work`` returns; 2 when the user has to correct something.
    """
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(
            f"usage: python -m {module} JOB.json\n\n"
            "Runs one job in this process; python -m codekiln.launch.worker starts it in several."
        )
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        code = work(Path(arguments[0]))
    except CodekilnError as error:
        return _give_up(2, f"error: {error}")
    except Exception:
        if ERROR_FILE not in os.environ:
            raise
        return _give_up(1, traceback.format_exc())
    processes.leave()
    return code


def _give_up(code: int, words: str) -> int:
    say_last(words)
    sys.stdout.flush()
    if processes.world() > 1:
        # The other processes may be waiting for this one or gone: parting in order would hang or abort.
        os._exit(code)
    return code
