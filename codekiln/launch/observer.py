"""What is told of a job on a pool while it is followed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codekiln.launch.cluster.status import JobState
    from codekiln.launch.pools import Pool


class JobObserver:
    """Is told of the jobs of one step; this one does nothing with it. Its methods neither raise nor wait."""

    def started(self, name: str, pool: "Pool", pool_name: str) -> None:
        """Begin with a job, which is about to be created or adopted."""

    def seen(self, state: "JobState") -> None:
        """Take the state of the job, told at each change and otherwise every few seconds."""

    def ended(self) -> None:
        """End with the job, however it has ended."""
