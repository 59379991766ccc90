"""``python -m codekiln.inference.sampling JOB.json``: the entry point of sampling, also under torchrun."""

import sys
from pathlib import Path

from codekiln.inference.sampling.job import SamplingJob
from codekiln.launch import program


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument; 0 when done, 2 when the user has to correct something."""
    return program.start("codekiln.inference.sampling", arguments, _work)


def _work(path: Path) -> int:
    job = SamplingJob.read(path)
    from codekiln.inference.sampling.run import run

    run(job)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
