"""A job from its creation to its end, as the step tells it."""

import time
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue

from codekiln.errors import ClusterError
from codekiln.launch.cluster.api import Refused, Trouble
from codekiln.launch.cluster.events import pod_trouble, queue_reason, start_trouble
from codekiln.launch.cluster.informer import Mirror
from codekiln.launch.cluster.job_kinds import KINDS, Object, by_uid
from codekiln.launch.cluster.job_ownership import Lease
from codekiln.launch.cluster.logs import LogThread
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.restarts import Restarts
from codekiln.launch.cluster.status import State, newest, observe, said, with_event
from codekiln.launch.cluster.status_reporter import Teller
from codekiln.launch.cluster.timeouts import Pace

_REASONED = ("queued", "preempted", "created", "starting")
_QUICK = ("created", "starting")


class LostContact(Exception):
    """The API server has not served a call for too long; the job may go on."""


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        job: The job as it was last seen.
        pods: All its pods, those that are gone included.
        complete: Whether it did its work.
        reason: Otherwise, why not.
        alive: Whether it is still there and has to be deleted.
        tail: The last lines of its log.
    """

    job: Object
    pods: tuple[Object, ...] = ()
    complete: bool = False
    reason: str = ""
    alive: bool = False
    tail: tuple[str, ...] = ()


class Follower:
    """Watches one job and its pods, says every change of state once, and passes on the log of rank 0."""

    def __init__(self, request: JobRequest, job: Object, lease: Lease, pace: Pace) -> None:
        self.request, self.job, self.lease, self.pace = request, job, lease, pace
        self.api, self.say = lease.api, lease.say
        self.kind = KINDS[request.pool.api]
        self.uid = job["metadata"]["uid"]
        self.teller = Teller(f"{self.kind.kind} {request.name}", self.say, pace)
        self._news: SimpleQueue[None] = SimpleQueue()
        self._jobs = self._mirror(self.api.jobs_path(self.kind), {"fieldSelector": f"metadata.name={request.name}"})
        self._pods = self._mirror(self.api.pods_path(), {"labelSelector": f"{self.kind.job_label}={request.name}"})
        self._log = LogThread(self.api, self.kind, self._pods, self.say, pace)
        self._restarts = Restarts(self.kind, request.pool.restarts) if request.pool.api == "pytorchjob" else None
        self._has_run = self._out_of_contact = False
        self._event: Object | None = None
        self._event_of, self._event_at = "", 0.0
        self._observed, self._observed_at = "", 0.0

    def follow(self) -> Ended:
        """Return when the job has ended, or can no longer end well.

        Raises:
            LostContact: The API server has not served a call for ``pace.lost`` seconds.
            ClusterError: It has refused them for so long.
        """
        threads = (self._jobs, self._pods, self._log)
        for thread in threads:
            thread.start()
        try:
            while (ended := self._look()) is None:
                self.lease.guard.check()
                self._wait()
            if not ended.alive:
                self.lease.end()
            pods = self._all_pods()
            if not ended.alive:
                over = self.kind.is_complete(ended.job) or self.kind.failure(ended.job)
                # The pods of a deleted job may take their whole grace period to end.
                self._log.finish(pods, self.pace.drain if over else self.pace.quiet)
            return replace(ended, pods=pods, tail=tuple(self._log.tail))
        finally:
            self._jobs.stop()
            self._pods.stop()

    def _look(self) -> Ended | None:
        self._check_contact()
        if not self._jobs.lists:
            return None
        if ended := self._ended():
            return ended
        if not self._pods.lists:
            return None
        state = self._state()
        self._has_run = self._has_run or state.name == "running"
        self.teller.tell(state)
        if state.name == "blocked" and time.monotonic() - self.teller.since > self.pace.blocked:
            return Ended(self.job, reason=f"{state.text}; given up after {self.pace.blocked / 60:.0f} min", alive=True)
        pods = [*self._pods.gone.values(), *self._pods.items.values()]
        if self._restarts and (spent := self._restarts.spent(pods)):
            return Ended(self.job, reason=spent, alive=True)
        return None

    def _check_contact(self) -> None:
        for mirror in (self._jobs, self._pods):
            if mirror.crash:
                raise mirror.crash
        if self._jobs.silent > self.pace.lost:
            if isinstance(self._jobs.error, Refused):
                raise ClusterError(f"{self.teller.about} can no longer be watched: {self._jobs.error}")
            raise LostContact(str(self._jobs.error))
        worst = max((self._jobs, self._pods), key=lambda mirror: mirror.silent)
        if worst.silent > self.pace.quiet and not self._out_of_contact:
            self._out_of_contact = True
            self.say(f"{self.teller.about}: no contact, {worst.error}; the job goes on")
        elif self._out_of_contact and not worst.silent:
            self._out_of_contact = False
            self.say(f"{self.teller.about}: in contact again")

    def _ended(self) -> Ended | None:
        there = self._jobs.items.get(self.uid)
        self.job = there or self._jobs.gone.get(self.uid) or self.job
        if failure := self.kind.failure(self.job):
            return Ended(self.job, reason=said(failure) or "the job failed")
        if self.kind.is_complete(self.job):
            return Ended(self.job, complete=True)
        if there is None or there["metadata"].get("deletionTimestamp"):
            return Ended(self.job, reason="somebody else has deleted it")
        return None

    def _state(self) -> State:
        pods, now = self._pods.items.values(), time.monotonic()
        state = observe(self.kind, self.job, pods, self.request.pool.nodes, self._has_run, self.request.pool.queue)
        if state.name != self._observed:
            self._observed, self._observed_at = state.name, now
        quiet = state.name in _QUICK and now - self._observed_at < self.pace.quiet
        if state.name not in _REASONED or quiet:
            return state
        if state.name != self._event_of or now - self._event_at >= self.pace.events:
            self._event, self._event_of, self._event_at = self._explanation(state.name), state.name, now
        return with_event(state, self._event) if self._event else state

    def _explanation(self, name: str) -> Object | None:
        if name == "created":
            return pod_trouble(self.api, self.job)
        if name == "starting":
            pods = newest(self.kind, self._pods.items.values())
            waiting = [pod for pod in pods if pod.get("status", {}).get("phase") == "Pending"]
            return start_trouble(self.api, self.job, waiting)
        return queue_reason(self.api, self.kind, self.job)

    def _wait(self) -> None:
        # Every change wakes; else often enough for what depends on time alone.
        try:
            self._news.get(timeout=self.pace.poll)
        except Empty:
            return
        while not self._news.empty():
            self._news.get()

    def _mirror(self, path: str, query: dict[str, str]) -> Mirror:
        return Mirror(self.api, path, query, lambda: self._news.put(None), self.pace)

    def _all_pods(self) -> tuple[Object, ...]:
        try:
            # The job's end can be known before that of its pods.
            now = self.api.pods(f"{self.kind.job_label}={self.request.name}")
        except (Refused, Trouble):
            now = []
        return tuple(by_uid(self._pods.gone.values(), self._pods.items.values(), now).values())
