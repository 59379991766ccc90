"""The number of restarts of a job's pods, for a controller that does not limit them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from codekiln.launch import exit_codes
from codekiln.launch.cluster.job_kinds import JobKind, Object
from codekiln.launch.cluster.status import Termination, failed_terminations


class RestartCounter:
    """Counts the failed pods of each node of a PyTorchJob.

    The v1 training operator deletes such a pod and creates another under restartPolicy ExitCode, without end: its
    backoffLimit counts the restarts of containers only (kubeflow/trainer issue 2045).
    """

    def __init__(self, kind: JobKind, limit: int) -> None:
        self.kind, self.limit = kind, limit
        self._failed: dict[tuple[str, ...], set[str]] = defaultdict(set)

    def exceeded(self, pods: Iterable[Object]) -> str:
        """Count failed pods; returns which node failed more often than the limit allows, or an empty string."""
        for pod in pods:
            if _has_failed(pod):
                self._failed[self.kind.rank(pod)].add(pod["metadata"]["uid"])
        for rank, uids in self._failed.items():
            if len(uids) > self.limit:
                return (
                    f"{'-'.join(rank)} has failed more often than the pool's restarts allow: {len(uids)} > {self.limit}"
                )
        return ""


def _has_failed(pod: Object) -> bool:
    # After an exit code below 128 the operator lets the job fail, so there is no restart to count.
    return pod.get("status", {}).get("phase") == "Failed" and any(
        (each.code is None or each.code >= 128) and not _was_deleted(pod, each) for each in failed_terminations([pod])
    )


def _was_deleted(pod: Object, termination: Termination) -> bool:
    """Return whether a pod ended because it was deleted, as by Kueue's preemption; a failed pod is deleted too."""
    deadline = pod["metadata"].get("deletionTimestamp")
    if not deadline:
        return False
    if termination.code in (None, exit_codes.SIGTERM) or not termination.finished:
        return True
    # The timestamp is when the grace period ends, so the deletion began that much earlier.
    grace = timedelta(seconds=pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    return datetime.fromisoformat(termination.finished) > datetime.fromisoformat(deadline) - grace
