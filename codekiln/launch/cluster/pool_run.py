"""One job on a pool, from the request to its end."""

import threading
from collections.abc import Callable

from codekiln.errors import ClusterError
from codekiln.launch.cluster.api import Api, connect
from codekiln.launch.cluster.cancel import Cancelled, cancellable
from codekiln.launch.cluster.failure import commands, explain
from codekiln.launch.cluster.job_kinds import KINDS
from codekiln.launch.cluster.job_ownership import Lease
from codekiln.launch.cluster.monitor import Follower, LostContact
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.start import Starter
from codekiln.launch.cluster.timeouts import Pace

TERMINATED = 143


def say_now(line: str) -> None:
    """Print a line at once: a pipe would hold it back for long."""
    print(line, flush=True)


def run_on_pool(request: JobRequest, say: Callable[[str], None] = say_now, pace: Pace | None = None) -> None:
    """Run a job on a pool; returns when it is complete.

    A complete or failed job stays in the cluster, where ``kubectl`` shows it and a repeated step finds it, until its
    workflow is deleted. A job that this step gives up is deleted.

    Args:
        request: The job.
        say: Gets every change of state and every line that rank 0 logs.
        pace: Waits and limits.

    Raises:
        InputError: The job says that the user has to correct something.
        ClusterError: The cluster refused the job, or it failed; with the explanation.
        SystemExit: SIGTERM or SIGINT came, code 143; the job has been deleted.
    """
    pace, say = pace or Pace(), _one_at_a_time(say)
    api = connect()
    with cancellable() as guard:
        lease = Lease(api, KINDS[request.pool.api], request.name, guard, say, pace)
        try:
            try:
                _run(request, lease, pace)
            except LostContact as error:
                raise _lost(request, api, pace, error) from None
            except BaseException:
                lease.release()
                raise
        except Cancelled:
            # Once more, for a signal that came while another error was being handled.
            lease.release()
            raise SystemExit(TERMINATED) from None


def _run(request: JobRequest, lease: Lease, pace: Pace) -> None:
    job = Starter(request, lease, pace).start()
    ended = Follower(request, job, lease, pace).follow()
    if not ended.complete:
        raise explain(request, ended, lease.api)
    lease.say(f"{lease.kind.kind} {request.name}: complete")


def _lost(request: JobRequest, api: Api, pace: Pace, error: LostContact) -> ClusterError:
    kind = KINDS[request.pool.api]
    look = "\n".join(f"    {each}" for each in commands(request, kind, api.namespace, ""))
    return ClusterError(
        f"{kind.kind} {request.name}: no contact with the API server for {pace.lost / 60:.0f} minutes: {error}\n"
        f"  the job may go on, at most for {request.pool.deadline_seconds} s\n"
        f"  fix: run the step again once the cluster answers; it finds the job\n  to look further:\n{look}"
    )


def _one_at_a_time(say: Callable[[str], None]) -> Callable[[str], None]:
    lock = threading.Lock()

    def locked(line: str) -> None:
        with lock:
            say(line)

    return locked
