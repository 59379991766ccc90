"""Where a training job runs; so far, in the step itself."""

from codekiln.errors import InputError
from codekiln.training.job import TrainingJob, TrainingSummary


def train(job: TrainingJob, pool: str) -> TrainingSummary:
    """Run a training job and return what it did.

    Raises:
        InputError: A pool is named, and this version cannot reach one.
    """
    require_here(pool)
    from codekiln.training.run import run

    return run(job)


def require_here(pool: str) -> None:
    """Raise InputError when a GPU pool is named, since training runs in the step itself."""
    if pool:
        raise InputError(
            f"this version cannot start jobs on a GPU pool, and pool is '{pool}'",
            where="pool",
            fix="leave pool empty: training then runs in the step itself, on whatever device it has",
        )
