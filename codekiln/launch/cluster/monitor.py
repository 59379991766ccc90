"""Monitoring of one job from its creation to its end."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from codekiln.errors import ClusterError
from codekiln.launch.cluster.api import ApiUnavailable, RequestRefused
from codekiln.launch.cluster.dead_node import (
    StuckPod,
    delete_stuck,
    is_overdue,
    silent_state,
    stuck_pods,
    stuck_state,
)
from codekiln.launch.cluster.events import pod_creation_warning, pod_start_warning, queue_event
from codekiln.launch.cluster.informer import Informer
from codekiln.launch.cluster.job_kinds import JOB_KINDS, Object, by_uid
from codekiln.launch.cluster.job_ownership import JobOwnership
from codekiln.launch.cluster.logs import LogFollower
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.restarts import RestartCounter
from codekiln.launch.cluster.status import JobState, current_pods, job_state, reason_and_message, with_event
from codekiln.launch.cluster.status_reporter import StatusReporter
from codekiln.launch.cluster.timeouts import Timeouts
from codekiln.launch.cluster.trainer_progress import trainer_progress
from codekiln.launch.cluster.workload import quota_condition
from codekiln.launch.objects.event import EventType

# States that an event can explain; the short-lived ones are explained only if they last.
_EXPLAINED = ("queued", "preempted", "created", "starting", "restarting")
# Type and reason of the event for a state; what is left out is normal, or its controllers say it.
EVENTS: dict[str, tuple[EventType, str]] = {
    "queued": ("Normal", "Queued"),
    "preempted": ("Warning", "Preempted"),
    "waiting": ("Warning", "WaitingForRoom"),
    "blocked": ("Warning", "CannotStart"),
    "lost": ("Warning", "NodeNotResponding"),
    "restarting": ("Warning", "Restarting"),
    "running": ("Normal", "Running"),
}
_SHORT_LIVED = ("created", "starting", "restarting")
DELETED = "it was deleted by someone else"


class TakenOver(Exception):
    """Another attempt of the step owns the job now; this one has no business with it any more."""


class ContactLost(Exception):
    """The API server has not served a call for too long; the job may still run."""


@dataclass(frozen=True)
class JobOutcome:
    """How a job ended, or why it was given up.

    Attributes:
        job: The job as it was last seen.
        pods: All its pods, deleted ones included.
        complete: Whether it succeeded.
        reason: Otherwise, why not.
        alive: Whether it still exists and has to be deleted.
        tail: The last lines of its log.
    """

    job: Object
    pods: tuple[Object, ...] = ()
    complete: bool = False
    reason: str = ""
    alive: bool = False
    tail: tuple[str, ...] = ()


class JobMonitor:
    """Watches one job and its pods, reports every change of state once, and copies the log of rank 0."""

    def __init__(self, request: JobRequest, job: Object, ownership: JobOwnership, timeouts: Timeouts) -> None:
        self.request, self.job, self.ownership, self.timeouts = request, job, ownership, timeouts
        self.api, self.emit = ownership.api, ownership.emit
        self.kind = JOB_KINDS[request.pool.api]
        self.uid = job["metadata"]["uid"]
        self.reporter = StatusReporter(
            f"{self.kind.kind} {request.name}", self.emit, timeouts, request.observer, self._record
        )
        self._changes: SimpleQueue[None] = SimpleQueue()
        self._jobs = self._informer(self.api.jobs_path(self.kind), {"fieldSelector": f"metadata.name={request.name}"})
        self._pods = self._informer(self.api.pods_path(), {"labelSelector": f"{self.kind.job_label}={request.name}"})
        self._log = LogFollower(self.api, self.kind, self._pods, self.emit, timeouts)
        # The controller of a TrainJob limits restarts itself.
        self._restarts = RestartCounter(self.kind, request.pool.restarts) if request.pool.api == "pytorchjob" else None
        self._has_run = self._interrupted = self._out_of_contact = False
        self._forced: dict[str, float] = {}
        self._event: Object | None = None
        self._event_state, self._event_at = "", 0.0
        self._observed_state, self._observed_at = "", 0.0

    def wait_until_ended(self) -> JobOutcome:
        """Return when the job has ended, or can no longer succeed.

        Raises:
            ContactLost: The API server has not served a call for ``timeouts.lost`` seconds.
            ClusterError: It has refused every call for that time.
            TakenOver: Another attempt of the step has taken the job over.
        """
        threads = (self._jobs, self._pods, self._log)
        for thread in threads:
            thread.start()
        try:
            while (outcome := self._check()) is None:
                self.ownership.cancellation.check()
                self._wait_for_change()
            if not outcome.alive:
                self.ownership.mark_ended()
            pods = self._all_pods()
            if not outcome.alive:
                self._finish_log(outcome, pods)
            return replace(outcome, pods=pods, tail=tuple(self._log.tail))
        finally:
            for thread in threads:
                thread.stop()

    def _finish_log(self, outcome: JobOutcome, pods: tuple[Object, ...]) -> None:
        over = self.kind.is_complete(outcome.job) or self.kind.failure(outcome.job)
        # The pods of a deleted job may take their whole grace period to end; their log is not worth that wait.
        self._log.finish(pods, self.timeouts.drain if over else self.timeouts.settle)

    def _check(self) -> JobOutcome | None:
        """Report the current state; returns the outcome once there is one."""
        self._check_contact()
        if not self._jobs.synced:
            return None
        if outcome := self._outcome():
            return outcome
        if not self._pods.synced:
            return None
        state = self._state()
        self._interrupted = self._interrupted or (self._has_run and state.name != "running")
        self._has_run = self._has_run or state.name == "running"
        self.reporter.report(state, self._unlogged_progress(state))
        blocked = self.timeouts.blocked
        if state.name == "blocked" and time.monotonic() - self.reporter.since > blocked:
            return JobOutcome(self.job, reason=f"{state.text}; given up after {blocked / 60:.0f} min", alive=True)
        pods = [*self._pods.deleted.values(), *self._pods.items.values()]
        if self._restarts and (reason := self._restarts.exceeded(pods)):
            return JobOutcome(self.job, reason=reason, alive=True)
        return None

    def _unlogged_progress(self, state: JobState) -> str:
        """Return how far the job is where no recent line of its log says so: while it waits, or the log is silent."""
        silent = state.name == "running" and self._log.silent_seconds >= self.timeouts.reminder
        return trainer_progress(self.job) if silent or (state.is_waiting and self._has_run) else ""

    def _check_contact(self) -> None:
        for informer in (self._jobs, self._pods):
            if informer.crash:
                raise informer.crash
        if self._jobs.failing_seconds > self.timeouts.lost:
            if isinstance(self._jobs.error, RequestRefused):
                raise ClusterError(
                    f"can no longer be watched: {self._jobs.error}",
                    where=self.reporter.about,
                    fix="bind the chart's Role 'codekiln' to the step's ServiceAccount, and run the step again",
                )
            raise ContactLost(str(self._jobs.error))
        worst = max((self._jobs, self._pods), key=lambda informer: informer.failing_seconds)
        if worst.failing_seconds > self.timeouts.settle and not self._out_of_contact:
            self._out_of_contact = True
            self.emit(f"{self.reporter.about}: no contact, {worst.error}; the job keeps running")
        elif self._out_of_contact and not worst.failing_seconds:
            self._out_of_contact = False
            self.emit(f"{self.reporter.about}: in contact again")

    def _outcome(self) -> JobOutcome | None:
        # By uid: a job of the same name that was created since is another job.
        existing = self._jobs.items.get(self.uid)
        self.job = existing or self._jobs.deleted.get(self.uid) or self.job
        if failure := self.kind.failure(self.job):
            return JobOutcome(self.job, reason=reason_and_message(failure) or "the job failed")
        if self.kind.is_complete(self.job):
            return JobOutcome(self.job, complete=True)
        if existing is None or existing["metadata"].get("deletionTimestamp"):
            return JobOutcome(self.job, reason=DELETED)
        if not self.ownership.holds(existing):
            raise TakenOver
        self.ownership.seen = existing
        return None

    def _state(self) -> JobState:
        """Return the current state, with an event that explains it where there is one."""
        pods, now, pool = self._pods.items.values(), time.monotonic(), self.request.pool
        state = job_state(self.kind, self.job, pods, pool.nodes, self._has_run, pool.queue, self._interrupted)
        if state.name != self._observed_state:
            # What explained the same state earlier may be over.
            self._observed_state, self._observed_at, self._event_state = state.name, now, ""
        if state.name in ("restarting", "created", "starting") and (stuck := stuck_pods(pods)):
            self._delete_stuck(stuck)
            return stuck_state(stuck, pool.dead_node_seconds)
        if silent := self._silent_state(state, pods):
            return silent
        settling = state.name in _SHORT_LIVED and now - self._observed_at < self.timeouts.settle
        if state.name not in _EXPLAINED or settling:
            return state
        if state.name != self._event_state or now - self._event_at >= self.timeouts.events:
            self._event, self._event_state, self._event_at = self._explaining_event(state.name), state.name, now
        return with_event(state, self._event) if self._event else state

    def _silent_state(self, state: JobState, pods: Iterable[Object]) -> JobState | None:
        if state.name == "running":
            return silent_state(current_pods(self.kind, pods))
        if state.name in ("restarting", "starting"):
            # One of several nodes may be gone while the pods of the others still run.
            return silent_state(pod for pod in pods if pod["metadata"].get("deletionTimestamp"))
        return None

    def _delete_stuck(self, stuck: list[StuckPod]) -> None:
        for each in stuck:
            uid, now = each.pod["metadata"]["uid"], time.monotonic()
            again = now - self._forced.get(uid, -self.timeouts.events) >= self.timeouts.events
            if again and is_overdue(each, self.request.pool.dead_node_seconds):
                self._forced[uid] = now
                said = delete_stuck(self.api, self.kind, each)
                self.emit(f"{self.reporter.about}: {said}")
                self.ownership.events.record(self.job, "Warning", "ForcedDeletion", said)

    def _record(self, state: JobState) -> None:
        if found := EVENTS.get(state.name):
            self.ownership.events.record(self.job, *found, state.text)

    def _explaining_event(self, name: str) -> Object | None:
        if name in ("queued", "preempted"):
            return quota_condition(self.api, self.job) or queue_event(self.api, self.kind, self.job)
        pods = current_pods(self.kind, self._pods.items.values())
        if name == "restarting" and pods:
            return None
        known = (*self._pods.deleted.values(), *self._pods.items.values())
        missing = pod_creation_warning(self.api, self.job, known) if len(pods) < self.request.pool.nodes else None
        pending = [pod for pod in pods if pod.get("status", {}).get("phase") == "Pending"]
        return missing or (pod_start_warning(self.api, self.job, pending) if pending else None)

    def _wait_for_change(self) -> None:
        # The timeout is for what depends on time alone: reminders, limits, cancellation.
        try:
            self._changes.get(timeout=self.timeouts.poll)
        except Empty:
            return
        while not self._changes.empty():
            self._changes.get()

    def _informer(self, path: str, query: dict[str, str]) -> Informer:
        return Informer(self.api, path, query, lambda: self._changes.put(None), self.timeouts)

    def _all_pods(self) -> tuple[Object, ...]:
        try:
            # The job's end can be known before that of its pods.
            now = self.api.pods(f"{self.kind.job_label}={self.request.name}")
        except (RequestRefused, ApiUnavailable):
            now = []
        return tuple(by_uid(self._pods.deleted.values(), self._pods.items.values(), now).values())
