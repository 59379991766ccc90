"""``python -m codekiln.training JOB.json``: the one entry point of training, also under torchrun."""

import sys
from pathlib import Path

from codekiln.launch import processes, program
from codekiln.training.job import TrainingJob


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument.

    Returns:
        0 when done, 2 when the user has to correct something, 143 when SIGTERM stopped it after a checkpoint.
    """
    return program.start("codekiln.training", arguments, _work)


def _work(path: Path) -> int:
    job = TrainingJob.read(path)
    from codekiln.training.graceful_shutdown import StoppedBySignal
    from codekiln.training.run import run

    try:
        summary = run(job)
    except StoppedBySignal as stopped:
        return stopped.code
    if processes.rank() == 0:
        print(summary.model_dump_json())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
