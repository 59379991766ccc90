"""Plays Kueue: a Workload beside each job, whose conditions say why it waits, and writes of the job as a Go client.

Conditions and reasons are those of Kueue's Workload API (``QuotaReserved``, ``Admitted``, ``Evicted``; ``Pending`` and
``Inadmissible``). That a LocalQueue which is gone is named in them only, and not in events, was seen with the real
controller (``shared/facts/kubernetes.md`` of the project). What it says of a queue that is removed while jobs wait in
it: ``pkg/controller/core/workload_controller.go`` of kubernetes-sigs/kueue 0.19.
"""

from typing import Any

from tests.launch.fake_api import FakeApi
from tests.launch.fake_objects import now

Object = dict[str, Any]


class Kueue:
    """The controller, one call for each thing that it does."""

    def __init__(self, api: FakeApi, version: str = "v1beta2") -> None:
        self.api, self.version = api, version

    def admit(self, job: Object) -> None:
        """Reserve quota, and let the job run."""
        self._conditions(job, ("QuotaReserved", "True", "QuotaReserved", ""), ("Admitted", "True", "Admitted", ""))
        self.api.suspend(job, False)

    def evict(self, job: Object, reason: str, message: str) -> None:
        """Take the quota away, and suspend the job."""
        self._conditions(
            job,
            ("Evicted", "True", reason, message),
            ("QuotaReserved", "False", "Pending", message),
            ("Admitted", "False", "NoReservation", "The workload has no reservation"),
        )
        self.api.suspend(job, True)

    def wait_for_quota(self, job: Object, message: str) -> None:
        """Leave the job in the queue."""
        self._conditions(job, ("QuotaReserved", "False", "Pending", message))

    def lose_queue(self, job: Object, queue: str, words: str = "doesn't exist") -> None:
        """Find that the LocalQueue of the job is gone: before the job came, or with other words while it waits."""
        self._conditions(job, ("QuotaReserved", "False", "Inadmissible", f"LocalQueue {queue} {words}"))

    def _conditions(self, job: Object, *conditions: tuple[str, str, str, str]) -> None:
        owner = {"apiVersion": job["apiVersion"], "kind": job["kind"], "controller": True}
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        keys = ("type", "status", "reason", "message")
        self.api.put(
            {
                "apiVersion": f"kueue.x-k8s.io/{self.version}",
                "kind": "Workload",
                "metadata": {
                    "name": f"{job['kind'].lower()}-{name}-0a1b2",
                    "ownerReferences": [owner | {"name": name, "uid": uid}],
                },
                "status": {
                    "conditions": [dict(zip(keys, each, strict=True), lastTransitionTime=now()) for each in conditions]
                },
            }
        )
