"""Run one job on a pool, from the request to its end."""

import errno
import signal
import threading
from collections.abc import Callable

from codekiln.errors import ClusterError
from codekiln.launch.cluster.api import ClusterApi
from codekiln.launch.cluster.cancellation import Cancellation, Cancelled, cancellable
from codekiln.launch.cluster.failure import failure_error, failure_sentence, kubectl_commands
from codekiln.launch.cluster.job_kinds import JOB_KINDS
from codekiln.launch.cluster.job_ownership import JobOwnership
from codekiln.launch.cluster.monitor import ContactLost, JobMonitor, TakenOver
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.start import JobStarter
from codekiln.launch.cluster.timeouts import Timeouts

# A pipe without a reader, and a terminal that is closed.
_READER_GONE = (errno.EPIPE, errno.EIO)


def print_line(line: str) -> None:
    """Print a line and flush it: a pipe would hold it back for long."""
    print(line, flush=True)


def run_on_pool(
    request: JobRequest,
    emit: Callable[[str], None] = print_line,
    timeouts: Timeouts | None = None,
    on_owned: Callable[[str], None] = lambda token: None,
) -> None:
    """Run a job on a pool; returns when it is complete.

    A job that completed or failed stays in the cluster until its workflow is deleted, so that ``kubectl`` shows it and
    a repeated step finds it. A job that has not ended when this function raises is deleted.

    Args:
        request: The job.
        emit: Gets every change of state and every line that rank 0 logs.
        timeouts: Timeouts and intervals.
        on_owned: Called with the token of this attempt once it owns the job.

    Raises:
        InputError: The job reports a mistake of the user.
        ClusterError: The cluster refused the job, or it failed; with the explanation.
        SystemExit: SIGTERM, SIGINT or SIGHUP arrived, or nobody reads the output any more (as SIGPIPE); the job has
            been deleted, and the code is 128 and the number of the signal.
    """
    timeouts = timeouts or Timeouts()
    api = ClusterApi(forbidden_seconds=timeouts.forbidden)
    with cancellable() as cancellation:
        emit = _serialised(emit, cancellation)
        ownership = JobOwnership(api, JOB_KINDS[request.pool.api], request.name, cancellation, emit, timeouts)
        try:
            try:
                _run(request, ownership, timeouts, on_owned)
            except TakenOver:
                ownership.mark_ended()
                raise _taken_over(request) from None
            except ContactLost as error:
                raise _contact_lost(request, api, timeouts, error) from None
            except BaseException:
                ownership.release()
                raise
            finally:
                ownership.events.close()
        except Cancelled:
            # Again, for a signal that arrived while another error was being handled.
            ownership.release()
            raise SystemExit(128 + cancellation.number) from None


def _run(request: JobRequest, ownership: JobOwnership, timeouts: Timeouts, on_owned: Callable[[str], None]) -> None:
    job = JobStarter(request, ownership, timeouts).start()
    on_owned(ownership.token)
    outcome = JobMonitor(request, job, ownership, timeouts).wait_until_ended()
    if not outcome.complete:
        error = failure_error(request, outcome, ownership.api)
        reason = "GivenUp" if outcome.alive else "Failed"
        ownership.events.record(outcome.job, "Warning", reason, failure_sentence(outcome, error))
        raise error
    ownership.emit(f"{ownership.kind.kind} {request.name}: complete")
    ownership.events.record(outcome.job, "Normal", "Completed", "complete; its step takes the results")


def _taken_over(request: JobRequest) -> ClusterError:
    return ClusterError(
        "another attempt of this step has taken it over, so this one ends and leaves it alone",
        where=f"{JOB_KINDS[request.pool.api].kind} {request.name}",
        fix="do nothing; where two runs use one folder, end one of them",
    )


def _contact_lost(request: JobRequest, api: ClusterApi, timeouts: Timeouts, error: ContactLost) -> ClusterError:
    kind = JOB_KINDS[request.pool.api]
    look = "\n".join(f"    {each}" for each in kubectl_commands(request, kind, api.namespace, ""))
    return ClusterError(
        f"{kind.kind} {request.name}: no contact with the API server for {timeouts.lost / 60:.0f} minutes: {error}\n"
        f"  the job may still run, at most for {request.pool.deadline_seconds} s\n"
        f"  fix: run the step again once the cluster answers; it finds the job\n  to look further:\n{look}"
    )


def _serialised(emit: Callable[[str], None], cancellation: Cancellation) -> Callable[[str], None]:
    # The log follower emits lines from a thread of its own.
    lock = threading.Lock()

    def locked(line: str) -> None:
        with lock:
            try:
                emit(line)
            except OSError as error:
                # A line that cannot be shown must not stop the deletion of the job.
                if error.errno not in _READER_GONE:
                    raise
                cancellation.request(signal.SIGPIPE)

    return locked
