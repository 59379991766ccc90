"""``python -m codekiln.sampling JOB.json``: the entry point of sampling, also under torchrun."""

import sys
from pathlib import Path

from codekiln.launch import program
from codekiln.sampling.job import SamplingJob


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument; 0 when done, 2 when the user has to correct something."""
    return program.start("codekiln.sampling", arguments, _work)


def _work(path: Path) -> int:
    job = SamplingJob.read(path)
    from codekiln.sampling.run import run

    run(job)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
