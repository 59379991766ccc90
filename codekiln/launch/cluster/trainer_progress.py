"""The progress that a TrainJob's pods report in its status, for a step whose log does not show it."""

from codekiln.launch.cluster.job_kinds import Object

_HOUR, _MINUTE = 3600, 60


def trainer_progress(job: Object) -> str:
    """Return ``status.trainerStatus`` of a job in words; empty where its pods have reported nothing.

    The time of the report is that of the pod: it may be of an earlier attempt.
    """
    found: Object = job.get("status", {}).get("trainerStatus") or {}
    share, seconds = found.get("progressPercentage"), found.get("estimatedRemainingSeconds")
    if share is None:
        return ""
    left = f", about {_duration(seconds)} left" if seconds else ""
    at = found.get("lastUpdatedTime", "")
    return f"{share} % done{left}" + (f" at {at}" if at else "")


def _duration(seconds: int) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} minutes"
    return f"{seconds / _HOUR:.1f} hours"
