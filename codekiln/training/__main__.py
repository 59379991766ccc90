"""``python -m codekiln.training JOB.json``: the one entry point of training, also under torchrun."""

import os
import sys
import traceback
from pathlib import Path

from codekiln.errors import CodekilnError
from codekiln.launch.worker import ERROR_FILE, say_last
from codekiln.training import processes
from codekiln.training.job import read_job

USAGE = """usage: python -m codekiln.training JOB.json

Runs one training job in this process; python -m codekiln.launch.worker starts it in several."""


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument.

    Returns:
        0 when done, 2 when the user has to correct something, 143 when SIGTERM stopped it after a checkpoint.
    """
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        code = _work(Path(arguments[0]))
    except CodekilnError as error:
        return _give_up(2, f"error: {error}")
    except Exception:
        if ERROR_FILE not in os.environ:
            raise
        return _give_up(1, traceback.format_exc())
    processes.leave()
    return code


def _work(path: Path) -> int:
    job = read_job(path)
    from codekiln.training.run import run
    from codekiln.training.stopping import Stopped

    try:
        summary = run(job)
    except Stopped as stopped:
        return stopped.code
    if processes.rank() == 0:
        print(summary.model_dump_json())
    return 0


def _give_up(code: int, words: str) -> int:
    say_last(words)
    sys.stdout.flush()
    if processes.world() > 1:
        # The other processes may be waiting for this one or gone: parting in order would hang or abort.
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
