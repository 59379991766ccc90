"""How often the pods of a job have been started again, where its controller does not limit it."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from codekiln.launch.cluster.job_kinds import Kind, Object
from codekiln.launch.cluster.status import Ending, endings

_STOPPED = 143


class Restarts:
    """Counts the pods of each node of a PyTorchJob that failed and are started again.

    The v1 training operator deletes such a pod and creates another under restartPolicy ExitCode, without end: its
    backoffLimit counts the restarts of containers only (kubeflow/trainer issue 2045).
    """

    def __init__(self, kind: Kind, limit: int) -> None:
        self.kind, self.limit = kind, limit
        self._failed: dict[tuple[str, ...], set[str]] = defaultdict(set)

    def spent(self, pods: Iterable[Object]) -> str:
        """Return which node's pods have failed more often than they may be started again, or an empty string."""
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
    # After a code below 128 the operator lets the job fail.
    return pod.get("status", {}).get("phase") == "Failed" and any(
        (each.code is None or each.code >= 128) and not _was_deleted(pod, each) for each in endings([pod])
    )


def _was_deleted(pod: Object, ending: Ending) -> bool:
    """Return whether a pod ended because it was deleted, as by Kueue's preemption; a failed pod is deleted too."""
    deadline = pod["metadata"].get("deletionTimestamp")
    if not deadline:
        return False
    if ending.code in (None, _STOPPED) or not ending.finished:
        return True
    grace = timedelta(seconds=pod["metadata"].get("deletionGracePeriodSeconds") or 0)
    return datetime.fromisoformat(ending.finished) > datetime.fromisoformat(deadline) - grace
