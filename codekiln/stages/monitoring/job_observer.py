"""What watches the jobs of a step: something that tells of them, or, by default, nothing."""

from pathlib import Path

from codekiln.launch.observer import JobObserver
from codekiln.stages.monitoring import context as monitoring


def job_observer(step: str, run_folder: Path, patience: float) -> JobObserver:
    """Return what watches the jobs of a step.

    Args:
        step: Name of the step in the run.
        run_folder: Output of check.
        patience: Seconds that a job may wait before there is a notification.
    """
    if not monitoring.is_on():
        return JobObserver()
    from codekiln.stages.monitoring.job_watch import JobWatch
    from codekiln.stages.monitoring.sinks import sinks

    return JobWatch(monitoring.step_context(step, run_folder), sinks(), patience)
