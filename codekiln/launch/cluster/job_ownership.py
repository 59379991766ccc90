"""The step's ownership of its job: while it owns the job, the job is deleted when the step ends."""

from collections.abc import Callable
from typing import Literal

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.cancellation import Cancellation
from codekiln.launch.cluster.job_kinds import JobKind
from codekiln.launch.cluster.timeouts import Timeouts, retry_while_unavailable


class JobOwnership:
    """Whether this step owns a job, from before the job exists until it has ended.

    Not a Kubernetes ``Lease``: nothing is stored in the cluster, and no other process competes for the job.

    Attributes:
        state: ``unclaimed``: the step has done nothing, but an earlier attempt may have left a job; ``owned``: a job of
            this step may exist; ``ended``: it does not exist, or has ended.
    """

    def __init__(
        self,
        api: ClusterApi,
        kind: JobKind,
        name: str,
        cancellation: Cancellation,
        emit: Callable[[str], None],
        timeouts: Timeouts,
    ) -> None:
        self.api, self.kind, self.name, self.cancellation = api, kind, name, cancellation
        self.emit, self.timeouts = emit, timeouts
        self.state: Literal["unclaimed", "owned", "ended"] = "unclaimed"

    def claim(self) -> None:
        """Note that from now on a job of this step may exist."""
        self.state = "owned"

    def mark_ended(self) -> None:
        """Note that the job has ended or does not exist, so that nothing is left to delete."""
        self.state = "ended"

    def release(self) -> None:
        """Delete the job unless it has ended; a failure is reported, not raised, so that the first error stays."""
        # A cancelled step also deletes the job of an earlier attempt, which it would have adopted.
        if self.state == "ended" or (self.state == "unclaimed" and not self.cancellation.requested):
            return
        self.state = "ended"
        with self.cancellation.shield():
            try:
                deleted = retry_while_unavailable(self._delete, self.emit, self.timeouts, self.timeouts.cleanup)
            except (RequestRefused, ApiUnavailable) as error:
                command = f"kubectl -n {self.api.namespace} delete {self.kind.kind.lower()} {self.name}"
                self.emit(f"could not delete {self.kind.kind} {self.name}: {error}\n  fix: {command}")
                return
            if deleted:
                self.emit(f"deleted {self.kind.kind} {self.name}, because this step ends before it")

    def _delete(self) -> bool:
        return self.api.delete_job(self.kind, self.name)
