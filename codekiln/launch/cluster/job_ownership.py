"""Who answers for a job: the step, from before it exists until it has ended."""

from collections.abc import Callable

from codekiln.launch.cluster.api import Api, Refused, Trouble
from codekiln.launch.cluster.cancel import Guard
from codekiln.launch.cluster.job_kinds import Kind
from codekiln.launch.cluster.timeouts import Pace, insist


class Lease:
    """A job's life as far as this step answers for it.

    Attributes:
        state: unknown: nothing has been done, but an earlier attempt may have left a job; alive: there may be a job
            of ours; ended: there is none, or it has ended.
    """

    def __init__(self, api: Api, kind: Kind, name: str, guard: Guard, say: Callable[[str], None], pace: Pace) -> None:
        self.api, self.kind, self.name, self.guard, self.say, self.pace = api, kind, name, guard, say, pace
        self.state = "unknown"

    def begin(self) -> None:
        """Note that from now on there may be a job of ours."""
        self.state = "alive"

    def _delete(self) -> bool:
        return self.api.delete_job(self.kind, self.name)

    def end(self) -> None:
        """Note that the job has ended or does not exist, so that nothing is left to delete."""
        self.state = "ended"

    def release(self) -> None:
        """Delete the job, in one call if the API server answers; what goes wrong is said, not raised."""
        if self.state == "ended" or (self.state == "unknown" and not self.guard.requested):
            return
        self.state = "ended"
        with self.guard.shield():
            try:
                deleted = insist(self._delete, self.say, self.pace, self.pace.delete)
            except (Refused, Trouble) as error:
                command = f"kubectl -n {self.api.namespace} delete {self.kind.kind.lower()} {self.name}"
                self.say(f"could not delete {self.kind.kind} {self.name}: {error}\n  fix: {command}")
                return
            if deleted:
                self.say(f"deleted {self.kind.kind} {self.name}, because this step ends before it")
