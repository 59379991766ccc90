"""The step's ownership of its job: while it owns the job, the job is deleted when the step ends."""

import signal
from collections.abc import Callable
from typing import Literal
from uuid import uuid4

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.cancellation import Cancellation
from codekiln.launch.cluster.event_recorder import EventRecorder
from codekiln.launch.cluster.job_kinds import JobKind, Object
from codekiln.launch.cluster.timeouts import Timeouts, retry_while_unavailable
from codekiln.launch.objects.metadata import OWNER, PART_OF

_ATTEMPTS = 10


class JobOwnership:
    """Whether this attempt of a step owns a job, from before the job exists until it has ended.

    The owner is the attempt whose token is in the job's annotation ``codekiln.dev/owner``. It gets there when the job
    is created, and another attempt takes the job over by replacing it, under the precondition of the job's resource
    version; so there are never two owners. An owner that finds another token does nothing to the job any more. Not a
    Kubernetes ``Lease``: the token has to be where the job is, to be checked in the very call that deletes it.

    Attributes:
        token: The token of this attempt.
        state: ``unclaimed``: the step has done nothing, but an earlier attempt may have left a job; ``owned``: a job of
            this attempt may exist; ``ended``: it does not exist, has ended, or belongs to another attempt.
        events: Records events about the job, which its owner alone does.
        seen: The job as it was last seen; with it, a deletion takes one call.
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
        self.events = EventRecorder(api, kind, emit, timeouts)
        self.token = uuid4().hex
        self.state: Literal["unclaimed", "owned", "ended"] = "unclaimed"
        self.seen: Object | None = None

    def claim(self) -> None:
        """Note that from now on a job of this attempt may exist."""
        self.state = "owned"

    def disclaim(self) -> None:
        """Note that the job that exists is not, or not yet, this attempt's."""
        self.state = "unclaimed"

    def mark_ended(self) -> None:
        """Note that the job has ended, does not exist or belongs to another attempt, so that none is to be deleted."""
        self.state = "ended"

    def holds(self, job: Object) -> bool:
        """Return whether a job has the token of this attempt."""
        return owner_token(job) == self.token

    def take_over(self, job: Object) -> Object | None:
        """Put this attempt's token on a job; returns the job then, or None where it has changed since it was read.

        Raises:
            RequestRefused: The server refuses it.
            ApiUnavailable: It cannot serve the request now.
        """
        metadata = job["metadata"]
        # A merge patch with a resource version is refused, as any update with one, where the object has another.
        change = {"metadata": {"resourceVersion": metadata["resourceVersion"], "annotations": {OWNER: self.token}}}
        try:
            self.seen = self.api.patch_job(self.kind, self.name, change)
        except RequestRefused as error:
            if error.status in (404, 409):
                return None
            raise
        return self.seen

    def release(self) -> None:
        """Delete the job unless it has ended; a failure is reported, not raised, so that the first error stays."""
        # A cancelled step also deletes the job of an earlier attempt, which it would have adopted.
        if self.state == "ended" or (self.state == "unclaimed" and not self.cancellation.requested):
            return
        with self.cancellation.shield():
            try:
                deleted = retry_while_unavailable(self._delete, self.emit, self.timeouts, self.timeouts.cleanup)
            except (RequestRefused, ApiUnavailable) as error:
                command = f"kubectl -n {self.api.namespace} delete {self.kind.kind.lower()} {self.name}"
                self.emit(f"could not delete {self.kind.kind} {self.name}: {error}\n  fix: {command}")
                return
            finally:
                self.state = "ended"
            if deleted:
                self.emit(f"deleted {self.kind.kind} {self.name}, because this step ends before it")
                self.events.record(deleted, "Normal", "Deleted", f"deleted, because its step ends before it{self._why}")

    @property
    def _why(self) -> str:
        return f" ({signal.Signals(self.cancellation.number).name})" if self.cancellation.requested else ""

    def _delete(self) -> Object | None:
        """Delete the job as it was last seen and return it; one that has changed since is looked at again."""
        for _ in range(_ATTEMPTS):
            job = self.seen or self.api.job(self.kind, self.name)
            if job is None:
                return None
            if not self._may_delete(job):
                self.emit(f"{self.kind.kind} {self.name} is not this attempt's, and is left alone")
                return None
            metadata, self.seen = job["metadata"], None
            version = metadata["resourceVersion"]
            if self.api.delete_job(self.kind, self.name, metadata["uid"], resource_version=version):
                return job
        raise ApiUnavailable(f"{self.kind.kind} {self.name} changes all the time")

    def _may_delete(self, job: Object) -> bool:
        if self.holds(job):
            return True
        is_ours = job["metadata"].get("labels", {}).get(PART_OF) == "codekiln"
        return self.state == "unclaimed" and is_ours and not self.kind.has_ended(job)


def owner_token(job: Object) -> str:
    """Return the token of the attempt that owns a job; empty: none has claimed it."""
    token: str = job["metadata"].get("annotations", {}).get(OWNER, "")
    return token
