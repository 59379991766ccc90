"""Run one job on a pool, from the request to its end."""

import threading
from collections.abc import Callable

from codekiln.errors import ClusterError
from codekiln.launch import exit_codes
from codekiln.launch.cluster.api import ClusterApi
from codekiln.launch.cluster.cancellation import Cancelled, cancellable
from codekiln.launch.cluster.failure import failure_error, kubectl_commands
from codekiln.launch.cluster.job_kinds import JOB_KINDS
from codekiln.launch.cluster.job_ownership import JobOwnership
from codekiln.launch.cluster.monitor import ContactLost, JobMonitor
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.start import JobStarter
from codekiln.launch.cluster.timeouts import Timeouts


def print_line(line: str) -> None:
    """Print a line and flush it: a pipe would hold it back for long."""
    print(line, flush=True)


def run_on_pool(
    request: JobRequest, emit: Callable[[str], None] = print_line, timeouts: Timeouts | None = None
) -> None:
    """Run a job on a pool; returns when it is complete.

    A job that completed or failed stays in the cluster until its workflow is deleted, so that ``kubectl`` shows it and
    a repeated step finds it. A job that has not ended when this function raises is deleted.

    Args:
        request: The job.
        emit: Gets every change of state and every line that rank 0 logs.
        timeouts: Timeouts and intervals.

    Raises:
        InputError: The job reports a mistake of the user.
        ClusterError: The cluster refused the job, or it failed; with the explanation.
        SystemExit: SIGTERM or SIGINT arrived, code 143; the job has been deleted.
    """
    timeouts, emit = timeouts or Timeouts(), _serialised(emit)
    api = ClusterApi(forbidden_seconds=timeouts.forbidden)
    with cancellable() as cancellation:
        ownership = JobOwnership(api, JOB_KINDS[request.pool.api], request.name, cancellation, emit, timeouts)
        try:
            try:
                _run(request, ownership, timeouts)
            except ContactLost as error:
                raise _contact_lost(request, api, timeouts, error) from None
            except BaseException:
                ownership.release()
                raise
        except Cancelled:
            # Again, for a signal that arrived while another error was being handled.
            ownership.release()
            raise SystemExit(exit_codes.SIGTERM) from None


def _run(request: JobRequest, ownership: JobOwnership, timeouts: Timeouts) -> None:
    job = JobStarter(request, ownership, timeouts).start()
    outcome = JobMonitor(request, job, ownership, timeouts).wait_until_ended()
    if not outcome.complete:
        raise failure_error(request, outcome, ownership.api)
    ownership.emit(f"{ownership.kind.kind} {request.name}: complete")


def _contact_lost(request: JobRequest, api: ClusterApi, timeouts: Timeouts, error: ContactLost) -> ClusterError:
    kind = JOB_KINDS[request.pool.api]
    look = "\n".join(f"    {each}" for each in kubectl_commands(request, kind, api.namespace, ""))
    return ClusterError(
        f"{kind.kind} {request.name}: no contact with the API server for {timeouts.lost / 60:.0f} minutes: {error}\n"
        f"  the job may still run, at most for {request.pool.deadline_seconds} s\n"
        f"  fix: run the step again once the cluster answers; it finds the job\n  to look further:\n{look}"
    )


def _serialised(emit: Callable[[str], None]) -> Callable[[str], None]:
    # The log follower emits lines from a thread of its own.
    lock = threading.Lock()

    def locked(line: str) -> None:
        with lock:
            emit(line)

    return locked
