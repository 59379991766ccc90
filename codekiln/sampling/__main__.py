"""``python -m codekiln.sampling JOB.json``: the entry point of sampling, also under torchrun."""

import sys
from pathlib import Path

from codekiln.errors import CodekilnError
from codekiln.sampling.job import read_job

USAGE = """usage: python -m codekiln.sampling JOB.json

Runs one sampling job; torchrun can start it with several processes."""


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument; 0 when done, 2 when the user has to correct something."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        job = read_job(Path(arguments[0]))
        from codekiln.sampling.run import run

        run(job)
    except CodekilnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _leave()
    return 0


def _leave() -> None:
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
