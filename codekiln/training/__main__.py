"""``python -m codekiln.training JOB.json``: the one entry point of training, also under torchrun."""

import os
import sys
from pathlib import Path

from codekiln.errors import CodekilnError
from codekiln.training.job import read_job

USAGE = """usage: python -m codekiln.training JOB.json

Runs one training job; torchrun can start it with several processes."""


def main(arguments: list[str]) -> int:
    """Run the job in the file named by the one argument; 0 when done, 2 when the user has to correct something."""
    if len(arguments) != 1 or arguments[0] in ("-h", "--help"):
        print(USAGE)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    try:
        job = read_job(Path(arguments[0]))
        from codekiln.training.run import run

        summary = run(job)
        if int(os.environ.get("RANK", "0")) == 0:  # set by torchrun
            print(summary.model_dump_json())
    except CodekilnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _leave()
    return 0


def _leave() -> None:
    # Without this, processes that use ZeRO-3 over gloo abort at exit in about four runs of ten.
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
