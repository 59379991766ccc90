"""From a request to a job in the cluster: created, or adopted from an earlier attempt of the same step."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.api import Refused, Trouble
from codekiln.launch.cluster.attempt import is_retry
from codekiln.launch.cluster.failure import explain
from codekiln.launch.cluster.job_kinds import KINDS, Object
from codekiln.launch.cluster.job_ownership import Lease
from codekiln.launch.cluster.monitor import Ended
from codekiln.launch.cluster.owner_reference import owner_reference
from codekiln.launch.cluster.permissions import Permission
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.status import MISTAKE, endings, said
from codekiln.launch.cluster.timeouts import Pace, insist
from codekiln.launch.objects.metadata import IDENTITY, PART_OF
from codekiln.launch.objects.placement import withheld
from codekiln.launch.objects.pytorchjob import pytorch_job
from codekiln.launch.objects.trainjob import train_job

T = TypeVar("T")

_MANIFESTS = {"trainjob": train_job, "pytorchjob": pytorch_job}


class Starter:
    """Brings one job into being."""

    def __init__(self, request: JobRequest, lease: Lease, pace: Pace) -> None:
        self.request, self.lease, self.pace = request, lease, pace
        self.api, self.kind, self.say, self.guard = lease.api, KINDS[request.pool.api], lease.say, lease.guard
        self.about = f"{self.kind.kind} {request.name}"
        self._unsure = False

    def start(self) -> Object:
        """Return the job, created or adopted.

        Raises:
            ClusterError: The cluster refused it, or something of this name is in the way.
            InputError: Kubeflow Pipelines repeats the step by itself after a mistake of the user.
        """
        body = self._manifest()
        while True:
            self.guard.check()
            existing = self._get()
            if existing is None:
                self._wait_for_pods()
                if created := self._create(body):
                    return created
                time.sleep(self.pace.retry)
            elif self._is_ours(existing):
                self.lease.begin()
                made = existing["metadata"].get("creationTimestamp", "")
                self.say(f"{self.about}: continues from an earlier attempt of this step, created {made}")
                return existing

    def _manifest(self) -> dict[str, Any]:
        owner = self._ask(lambda: owner_reference(self.api), Permission("", "pods", "get"))
        if owner is None:
            end = f"kubectl -n {self.api.namespace} delete {self.kind.kind.lower()} {self.request.name}"
            self.say(f"{self.about}: not started by a pipeline step, so nothing owns it; to delete it later: {end}")
        for name in withheld(self.request.task_config):
            self.say(f"{self.about}: variable {name} holds a secret in plain text and is not passed on; use a Secret")
        return _MANIFESTS[self.request.pool.api](self.request, self.api.namespace, owner)

    def _create(self, body: dict[str, Any]) -> Object | None:
        """Create the job; None where one of this name has appeared, perhaps by an earlier try of this very call."""
        try:
            created = self._ask(lambda: self._post(body), Permission(self.kind.group, self.kind.plural, "create"))
        except _Taken:
            return None
        self.say(f"{self.about}: created in namespace {self.api.namespace} on pool '{self.request.pool_name}'")
        # Kueue's webhook suspends what it manages while it is created.
        if self.request.pool.queue and not self.kind.is_suspended(created):
            self._say_unmanaged()
        return created

    def _say_unmanaged(self) -> None:
        framework = f"{self.kind.group}/{self.kind.kind.lower()}"
        self.say(
            f"{self.about}: Kueue has not suspended it, so it runs outside the quota of LocalQueue "
            f"'{self.request.pool.queue}'\n"
            f"  fix: enable '{framework}' in integrations.frameworks of Kueue's configuration"
        )

    def _post(self, body: dict[str, Any]) -> Object:
        # Cut in two by a signal, the call might leave a job that this step does not know of.
        with self.guard.shield():
            self.lease.begin()
            try:
                return self.api.create_job(self.kind, body)
            except Refused as error:
                if error.status == 409:
                    raise _Taken from None
                if not self._unsure:
                    self.lease.end()
                raise
            except Trouble:
                self._unsure = True
                raise

    def _is_ours(self, existing: Object) -> bool:
        """Return whether to adopt a job of this name; one that is of no use is deleted and gone on return."""
        metadata = existing["metadata"]
        if metadata.get("labels", {}).get(PART_OF) != "codekiln":
            raise ClusterError(
                f"{self.about} exists in namespace {self.api.namespace} and is not codekiln's\n"
                f"  fix: delete or rename it"
            )
        failure = self.kind.failure(existing)
        if metadata.get("deletionTimestamp"):
            self._wait_until_gone(metadata["uid"], "is being deleted")
        elif metadata.get("annotations", {}).get(IDENTITY) != self.request.identity:
            self._replace(existing, "computes something else")
        elif failure:
            self._repeat_mistake(existing, said(failure))
            self._replace(existing, f"has failed in an earlier attempt ({failure.get('message', '')})")
        else:
            return True
        return False

    def _repeat_mistake(self, existing: Object, reason: str) -> None:
        """Raise the error of a failed job again where a retry of the step would only make the same mistake again."""
        if not self._ask(lambda: is_retry(self.api), Permission("", "pods", "get")):
            return
        pods = self._pods()
        if not any(each.code == MISTAKE for each in endings(pods)):
            return
        error = explain(self.request, Ended(existing, tuple(pods), reason=reason), self.api)
        if isinstance(error, InputError):
            self.lease.end()
            self.say(f"{self.about}: has failed in an earlier attempt over a mistake that a retry does not correct")
            raise error

    def _replace(self, existing: Object, why: str) -> None:
        uid = existing["metadata"]["uid"]
        # In the foreground, so that the old pods have left the checkpoints before new ones come to them.
        self._ask(
            lambda: self.api.delete_job(self.kind, self.request.name, uid, "Foreground"),
            Permission(self.kind.group, self.kind.plural, "delete"),
        )
        self._wait_until_gone(uid, why)

    def _wait_until_gone(self, uid: str, why: str) -> None:
        self.say(f"{self.about}: the one that exists {why}; waits until it is gone")
        self._wait(lambda: (self._get() or {"metadata": {"uid": ""}})["metadata"]["uid"] != uid, "the job is deleted")

    def _wait_for_pods(self) -> None:
        """Wait for the pods of a job that is gone: two jobs that write the same checkpoints would spoil them."""
        if self._no_pods():
            return
        self.say(f"{self.about}: waits for the pods of an earlier attempt to end")
        self._wait(self._no_pods, "its pods end")

    def _no_pods(self) -> bool:
        return all(pod.get("status", {}).get("phase") in ("Succeeded", "Failed") for pod in self._pods())

    def _pods(self) -> list[dict[str, Any]]:
        selector = f"{self.kind.job_label}={self.request.name}"
        return self._ask(lambda: self.api.pods(selector), Permission("", "pods", "list"))

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        limit = self.request.pool.grace_seconds + self.pace.gone
        end = time.monotonic() + limit
        while not done():
            self.guard.check()
            if time.monotonic() > end:
                pods = f"kubectl -n {self.api.namespace} get pods -l {self.kind.job_label}={self.request.name}"
                raise ClusterError(
                    f"{self.about}: waited {limit:.0f} s in vain until {what}\n"
                    f"  fix: see what holds it up with `{pods}`, then run the step again"
                )
            time.sleep(self.pace.poll)

    def _get(self) -> Object | None:
        need = Permission(self.kind.group, self.kind.plural, "get")
        return self._ask(lambda: self.api.job(self.kind, self.request.name), need)

    def _ask(self, call: Callable[[], T], need: Permission) -> T:
        def checked() -> T:
            self.guard.check()
            return call()

        try:
            return insist(checked, self.say, self.pace, self.pace.start)
        except Trouble as error:
            raise ClusterError(f"{self.about}: {error}\n  fix: run the step again once the cluster answers") from None
        except Refused as error:
            raise ClusterError(f"{self.about}: {error}\n  fix: {self._fix(error, need)}") from None

    def _fix(self, error: Refused, need: Permission) -> str:
        if error.status == 403 and f"cannot {need.verb} resource" in error.message:
            return (
                f"allow '{need}' to this step's ServiceAccount: the chart binds its Role 'codekiln' to "
                f"runs.serviceAccount in runs.namespaces"
            )
        if error.status == 404:
            other = next(each for each in KINDS if each != self.request.pool.api)
            return f"install the controller of {self.kind.kind}, or set api to '{other}' in the chart's values"
        pool = f"gpuPools.{self.request.pool_name}"
        return f"correct {pool} in the chart's values, or what the task sets, and run the step again"


class _Taken(Exception):
    """The name is taken."""
