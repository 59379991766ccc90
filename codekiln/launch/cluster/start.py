"""From a request to a job in the cluster: created, or adopted from an earlier attempt of the same step."""

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from codekiln.errors import ClusterError, InputError
from codekiln.launch import exit_codes
from codekiln.launch.cluster.api import ApiUnavailable, RequestRefused
from codekiln.launch.cluster.attempt import is_retry
from codekiln.launch.cluster.dead_node import stuck_pods, stuck_state
from codekiln.launch.cluster.failure import failure_error
from codekiln.launch.cluster.forbidden import FORBIDDEN
from codekiln.launch.cluster.job_kinds import JOB_KINDS, Object
from codekiln.launch.cluster.job_ownership import JobOwnership
from codekiln.launch.cluster.monitor import JobOutcome
from codekiln.launch.cluster.owner_reference import owner_reference
from codekiln.launch.cluster.permissions import Permission
from codekiln.launch.cluster.quota import is_exceeded
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.cluster.status import failed_terminations, reason_and_message
from codekiln.launch.cluster.timeouts import Timeouts, retry_while_unavailable
from codekiln.launch.objects.metadata import IDENTITY, OWNER, PART_OF
from codekiln.launch.objects.placement import withheld_secrets
from codekiln.launch.objects.pytorchjob import pytorch_job
from codekiln.launch.objects.trainjob import train_job

T = TypeVar("T")
_NO_RUNTIME = re.compile(r"[Rr]untime\S*.*(not found|must be created)")

_BUILDERS = {"trainjob": train_job, "pytorchjob": pytorch_job}


class JobStarter:
    """Creates the job of a request, or adopts the one that an earlier attempt of the step has left."""

    def __init__(self, request: JobRequest, ownership: JobOwnership, timeouts: Timeouts) -> None:
        self.request, self.ownership, self.timeouts = request, ownership, timeouts
        self.api, self.kind, self.emit = ownership.api, JOB_KINDS[request.pool.api], ownership.emit
        self.cancellation = ownership.cancellation
        self.about = f"{self.kind.kind} {request.name}"
        self._may_exist = False

    def start(self) -> Object:
        """Return the job, created or adopted.

        Raises:
            ClusterError: The cluster refused it, or an object that is not codekiln's has its name.
            InputError: Kubeflow Pipelines retries the step after a mistake of the user.
        """
        body = self._body()
        while True:
            self.cancellation.check()
            existing = self._get()
            if existing is None:
                self._wait_for_old_pods()
                if created := self._create(body):
                    return created
                time.sleep(self.timeouts.retry_min)
            elif self._adopts(existing) and (adopted := self._owned(existing)):
                created_at = adopted["metadata"].get("creationTimestamp", "")
                self.emit(f"{self.about}: continues from an earlier attempt of this step, created {created_at}")
                if not self.kind.has_ended(adopted):
                    self.ownership.events.record(
                        adopted, "Normal", "TakenOver", "a further attempt of its step follows it now"
                    )
                return adopted

    def _body(self) -> dict[str, Any]:
        owner = self._call(lambda: owner_reference(self.api), Permission("", "pods", "get"))
        if owner is None:
            end = f"kubectl -n {self.api.namespace} delete {self.kind.kind.lower()} {self.request.name}"
            self.emit(f"{self.about}: not started by a pipeline step, so nothing owns it; to delete it later: {end}")
        for name in withheld_secrets(self.request.task_config):
            self.emit(f"{self.about}: variable {name} holds a secret in plain text and is not passed on; use a Secret")
        body = _BUILDERS[self.request.pool.api](self.request, self.api.namespace, owner)
        body["metadata"]["annotations"][OWNER] = self.ownership.token
        return body

    def _create(self, body: dict[str, Any]) -> Object | None:
        """Create the job; None where one of this name has appeared, perhaps by an earlier attempt of this very call."""
        try:
            created = self._call(lambda: self._post(body), Permission(self.kind.group, self.kind.plural, "create"))
        except _NameTaken:
            return None
        self.emit(f"{self.about}: created in namespace {self.api.namespace} on pool '{self.request.pool_name}'")
        # Kueue's webhook suspends the jobs it manages in the very call that creates them.
        if self.request.pool.queue and not self.kind.is_suspended(created):
            self._warn_unmanaged()
        return created

    def _warn_unmanaged(self) -> None:
        framework = f"{self.kind.group}/{self.kind.kind.lower()}"
        self.emit(
            f"{self.about}: Kueue has not suspended it, so it runs outside the quota of LocalQueue "
            f"'{self.request.pool.queue}'\n"
            f"  fix: enable '{framework}' in integrations.frameworks of Kueue's configuration"
        )

    def _post(self, body: dict[str, Any]) -> Object:
        # A signal that interrupted this call could leave a job that this step does not know of.
        with self.cancellation.shield():
            self.ownership.claim()
            try:
                self.ownership.seen = self.api.create_job(self.kind, body)
                return self.ownership.seen
            except RequestRefused as error:
                if error.status == 409:
                    self.ownership.disclaim()
                    raise _NameTaken from None
                if not self._may_exist:
                    self.ownership.mark_ended()
                raise
            except ApiUnavailable as error:
                # The server may have created it before the answer was lost; not where it forbids it.
                self._may_exist = self._may_exist or error.status != FORBIDDEN
                raise

    def _owned(self, existing: Object) -> Object | None:
        """Return a job that this attempt owns from now on; None where it has changed, and has to be looked at again."""
        # One that has ended needs no owner, and a job that an earlier call of this attempt created has it.
        if self.kind.has_ended(existing):
            return existing
        if self.ownership.holds(existing):
            self.ownership.claim()
            return existing
        return self._call(lambda: self._take_over(existing), Permission(self.kind.group, self.kind.plural, "patch"))

    def _take_over(self, existing: Object) -> Object | None:
        with self.cancellation.shield():
            taken = self.ownership.take_over(existing)
            if taken is not None:
                self.ownership.claim()
            return taken

    def _adopts(self, existing: Object) -> bool:
        """Return whether to adopt a job of this name; one that cannot be adopted is deleted and gone on return."""
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
            self._delete(existing, "computes something else")
        elif failure:
            self._check_user_error(existing, reason_and_message(failure))
            self._delete(existing, f"has failed in an earlier attempt ({failure.get('message', '')})")
        else:
            return True
        return False

    def _check_user_error(self, existing: Object, reason: str) -> None:
        """Raise the error of a failed job again where a retry of the step would only repeat a mistake of the user."""
        if not self._call(lambda: is_retry(self.api), Permission("", "pods", "get")):
            return
        pods = self._pods()
        if not any(each.code == exit_codes.USER_ERROR for each in failed_terminations(pods)):
            return
        error = failure_error(self.request, JobOutcome(existing, tuple(pods), reason=reason), self.api)
        if isinstance(error, InputError):
            self.ownership.mark_ended()
            self.emit(f"{self.about}: has failed in an earlier attempt over a mistake that a retry does not correct")
            raise error

    def _delete(self, existing: Object, why: str) -> None:
        uid = existing["metadata"]["uid"]
        # In the foreground, so that the old pods have released the checkpoints before new ones read them.
        self._call(
            lambda: self.api.delete_job(self.kind, self.request.name, uid, "Foreground"),
            Permission(self.kind.group, self.kind.plural, "delete"),
        )
        self._wait_until_gone(uid, why)

    def _wait_until_gone(self, uid: str, why: str) -> None:
        self.emit(f"{self.about}: the one that exists {why}; waits until it is gone")
        self._wait_until(
            lambda: (self._get() or {"metadata": {"uid": ""}})["metadata"]["uid"] != uid, "the job is deleted"
        )

    def _wait_for_old_pods(self) -> None:
        """Wait for the pods of a job that is gone: two jobs that write the same checkpoints would corrupt them."""
        if self._have_pods_ended():
            return
        self.emit(f"{self.about}: waits for the pods of an earlier attempt to end")
        self._wait_until(self._have_pods_ended, "its pods end")

    def _have_pods_ended(self) -> bool:
        return all(pod.get("status", {}).get("phase") in ("Succeeded", "Failed") for pod in self._pods())

    def _pods(self) -> list[dict[str, Any]]:
        selector = f"{self.kind.job_label}={self.request.name}"
        return self._call(lambda: self.api.pods(selector), Permission("", "pods", "list"))

    def _wait_until(self, is_done: Callable[[], bool], what: str) -> None:
        # Polled, not watched: this is rare, and no failure is retried here, so that tenacity would not be shorter.
        limit = self.request.pool.grace_seconds + self.timeouts.deletion
        end = time.monotonic() + limit
        while not is_done():
            self.cancellation.check()
            if time.monotonic() > end:
                raise ClusterError(
                    f"{self.about}: gave up after waiting {limit:.0f} s until {what}{self._what_holds_it_up()}, "
                    f"then run the step again"
                )
            time.sleep(self.timeouts.poll)

    def _what_holds_it_up(self) -> str:
        if stuck := stuck_pods(self._pods()):
            return f"; {stuck_state(stuck, 0).text}"
        pods = f"kubectl -n {self.api.namespace} get pods -l {self.kind.job_label}={self.request.name}"
        return f"\n  fix: see what holds it up with `{pods}`"

    def _get(self) -> Object | None:
        need = Permission(self.kind.group, self.kind.plural, "get")
        return self._call(lambda: self.api.job(self.kind, self.request.name), need)

    def _call(self, request: Callable[[], T], need: Permission) -> T:
        """Return the answer to a request, retried while the server is unavailable; failures become ClusterError."""

        def checked() -> T:
            self.cancellation.check()
            return request()

        try:
            return retry_while_unavailable(checked, self.emit, self.timeouts, self.timeouts.start)
        except ApiUnavailable as error:
            raise ClusterError(
                str(error), where=self.about, fix="run the step again once the cluster answers"
            ) from None
        except RequestRefused as error:
            raise ClusterError(str(error), where=self.about, fix=self._fix(error, need)) from None

    def _fix(self, error: RequestRefused, need: Permission) -> str:
        # Other refusals have status 403 too, as by a quota or an admission webhook.
        if error.status == FORBIDDEN and f"cannot {need.verb} resource" in error.message:
            return (
                f"allow '{need}' to this step's ServiceAccount: the chart binds its Role 'codekiln' to "
                f"runs.serviceAccount in runs.namespaces"
            )
        if error.status == 404:
            other = next(each for each in JOB_KINDS if each != self.request.pool.api)
            return f"install the controller of {self.kind.kind}, or set api to '{other}' in the chart's values"
        if is_exceeded(error.message):
            # Jobs that have ended count too, and stay until their workflow is deleted.
            jobs = f"kubectl -n {self.api.namespace} get {self.kind.plural}.{self.kind.group}"
            return (
                f"delete runs whose jobs have ended (`{jobs}`), "
                f"or raise the ResourceQuota of namespace {self.api.namespace}; then run the step again"
            )
        if _NO_RUNTIME.search(error.message):
            pool = self.request.pool
            runtime = f"{pool.runtime_kind} '{pool.runtime}'"
            return f"upgrade the chart's release, which makes {runtime}; then run the step again"
        pool_name = f"gpuPools.{self.request.pool_name}"
        return f"correct {pool_name} in the chart's values, or what the task sets, and run the step again"


class _NameTaken(Exception):
    """A job of this name exists."""
