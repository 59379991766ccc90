"""Watches a stage's jobs on a pool: metrics of how long they wait and run, and notifications of long waits."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from codekiln.launch.cluster.status import STATES, JobState
from codekiln.launch.observer import JobObserver
from codekiln.launch.pools import Pool
from codekiln.stages.monitoring import events, webhook
from codekiln.stages.monitoring.context import StepContext, attempt, is_notified
from codekiln.stages.monitoring.families import Measurement
from codekiln.stages.monitoring.outbox import Outbox
from codekiln.stages.monitoring.sinks import Sink

PUSH_SECONDS = 30.0
# Less than a run on this machine gives its steps to end.
CLOSE_SECONDS = 5.0
RUNNING, RESTARTING, PREEMPTED = "running", "restarting", "preempted"


class JobWatch(JobObserver):
    """Counts the seconds of the jobs of one stage by state, and delivers what it counts.

    Args:
        context: The step.
        sinks: Where metrics go.
        patience: Seconds that a job may wait before there is a notification.
        outbox: Delivers both.
        clock: Seconds that pass.
    """

    def __init__(
        self,
        context: StepContext,
        sinks: list[Sink],
        patience: float,
        outbox: Outbox | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.context, self.sinks, self.patience, self.clock = context, sinks, patience, clock
        self.outbox = outbox or Outbox()
        self.job, self.pool, self.pool_name = "", Pool(image=""), ""
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._entered: Counter[str] = Counter()
        self._state = ""
        self._seen_at = self._since = self._pushed_at = 0.0
        self._waiting_since: float | None = None
        self._told = ""

    def started(self, name: str, pool: Pool, pool_name: str) -> None:
        """Begin with a job: all counts are 0 again, which is how Prometheus knows one counter from the next."""
        self.job, self.pool, self.pool_name = name, pool, pool_name
        self._seconds, self._entered = defaultdict(float), Counter()
        self._state = self._told = ""
        self._seen_at = self._since = self.clock()
        self._waiting_since = None
        self._push()

    def seen(self, state: JobState) -> None:
        """Count the time since the last look for the state that the job was in then."""
        now = self.clock()
        changed = state.name != self._state
        if self._state:
            self._seconds[self._state] += now - self._seen_at
        self._seen_at = now
        if changed:
            self._state, self._since = state.name, now
            self._entered[state.name] += 1
        self._notify(state, now)
        if changed or now - self._pushed_at >= PUSH_SECONDS:
            self._push()

    def ended(self) -> None:
        """Deliver the last counts, and wait for that a few seconds at most."""
        if self._state:
            self._seconds[self._state] += self.clock() - self._seen_at
        self._state = ""
        self._push()
        self.outbox.close(CLOSE_SECONDS)

    def _notify(self, state: JobState, now: float) -> None:
        """Notify of a wait once it is long, again when it is another one for as long, and when the job runs then."""
        if state.is_waiting:
            self._waiting_since = now if self._waiting_since is None else self._waiting_since
            since = self._since if self._told else self._waiting_since
            if now - since >= self.patience and state.name != self._told:
                self._told = state.name
                self._send(state, now - self._waiting_since)
        elif state.name == RUNNING:
            if self._told and self._waiting_since is not None:
                self._send(state, now - self._waiting_since)
            self._waiting_since, self._told = None, ""

    def _send(self, state: JobState, waited: float) -> None:
        if is_notified():
            once = f"{attempt()[0]}.{self._entered[state.name]}"
            self.outbox.put(partial(self._notify_of, self.job, self.pool_name, state, waited, once))

    def _notify_of(self, *wait: Any) -> None:
        webhook.notify(events.job_waits(self.context, *wait))

    def _push(self) -> None:
        self._pushed_at, measurements = self.clock(), self._measurements()
        for sink in self.sinks:
            self.outbox.put(partial(sink, self.context.labels(), measurements))

    def _measurements(self) -> list[Measurement]:
        accelerators = self.pool.nodes * (self.pool.accelerators if self.pool.accelerator else 0)
        running = self._seconds[RUNNING]
        return [
            Measurement("codekiln_job_seen_timestamp_seconds", time.time()),
            Measurement("codekiln_job_accelerators", accelerators),
            Measurement("codekiln_job_accelerator_seconds_total", accelerators * running),
            Measurement("codekiln_job_running_seconds_total", running),
            Measurement("codekiln_job_restarts_total", self._entered[RESTARTING]),
            Measurement("codekiln_job_preemptions_total", self._entered[PREEMPTED]),
            *(Measurement("codekiln_job_state", name == self._state, (name,)) for name in STATES),
            *(
                Measurement("codekiln_job_waiting_seconds_total", self._seconds[name], (name,))
                for name in STATES
                if name != RUNNING
            ),
        ]
