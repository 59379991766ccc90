"""Submit runs and upload pipelines to a Kubeflow Pipelines server, through the client of its SDK."""

import hashlib
import io
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential

from codekiln import __version__
from codekiln.data.text import first_line
from codekiln.errors import ClusterError, InputError
from codekiln.launch.pipeline_source import PipelineSource, is_of_release, read_package

POLL_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 120.0
GOOD, BAD = ("SUCCEEDED", "SKIPPED"), ("FAILED", "CANCELED")
# Kubeflow lists the pods that prepare a task as tasks of their own.
DRIVERS = ("-driver", "executor")


class ServerUnreachable(InputError):
    """No answer from Kubeflow Pipelines."""


class KfpClient:
    """A Kubeflow Pipelines server (API v2beta1), with errors that name the fix.

    Args:
        host: Its address; empty: the service in this cluster, or through the Kubernetes API of the kubeconfig.
        namespace: The profile's namespace on a multi-user installation; empty on a single-user one.
        token: A bearer token; empty: none, or the service account's own where Kubeflow mounts one.

    Raises:
        ServerUnreachable: The server does not answer.
        InputError: From every method too: the server refuses.
    """

    def __init__(self, host: str = "", namespace: str = "", token: str = "") -> None:
        warnings.filterwarnings("ignore", module="kfp")
        from kfp import Client

        self.host, self.namespace = host.rstrip("/"), namespace or None
        if self.host:
            # The SDK's own check retries for half a minute and prints a traceback each time; this one fails at once.
            check_health(self.host, token)
        with self._explain_errors():
            self.client = Client(host=self.host or None, existing_token=token or None)
            self.client.get_kfp_healthz()

    def find(self, name: str, version: str = "") -> PipelineSource:
        """Return the pipeline ``codekiln NAME`` that the chart has put there.

        Args:
            name: ``align``, ``instruct``, ``prefer``, ``data`` or ``judge``.
            version: Name of a version; empty: the newest of this release.

        Raises:
            InputError: The server has no such pipeline or version.
        """
        title = f"codekiln {name}"
        with self._explain_errors():
            # Pipelines of a multi-user Kubeflow belong to a profile, or to everybody.
            pipeline = self._pipeline_id(title, self.namespace) or self._pipeline_id(title, None)
            if pipeline is None:
                raise self._not_installed(name)
            found = self._version(pipeline, name, version)
            # The list's items may come without the pipeline itself.
            found = self.client.get_pipeline_version(pipeline, found.pipeline_version_id)
        spec = found.pipeline_spec
        return PipelineSource(
            f"{title}, version {found.display_name}",
            spec.get("pipeline_spec", spec),
            spec.get("platform_spec") or {},
            {"pipeline_id": pipeline, "version_id": found.pipeline_version_id},
        )

    def submit(self, source: PipelineSource, arguments: Mapping[str, Any], name: str, experiment: str) -> str:
        """Start a run of a pipeline and return its id.

        Raises:
            InputError: The pipeline takes no such argument, or the server refuses the run.
        """
        source.check(arguments)
        with self._explain_errors(), _quiet():
            found = self.client.create_experiment(experiment, namespace=self.namespace)
            run: str = self.client.run_pipeline(
                experiment_id=found.experiment_id, job_name=name, params=dict(arguments), **source.reference
            ).run_id
            return run

    def link(self, run: str) -> str:
        """Return the address of a run's page."""
        return f"{self.host}/#/runs/details/{run}"

    def follow(self, run: str, emit: Callable[[str], None] = print, poll: float | None = None) -> None:
        """Report the states of a run's tasks until the run ends, through times in which the server does not answer.

        The SDK's ``wait_for_run_completion`` cannot be used: it shows no tasks, ends at the first error of the server,
        and waits for ever for a run that was cancelled.

        Args:
            run: Id of the run.
            emit: Gets one line for each change of a task's state.
            poll: Seconds between two requests.

        Raises:
            ClusterError: The run failed or was cancelled; names the tasks that failed and why.
        """
        reported: dict[str, str] = {}
        for found in self._poll(run, emit, POLL_SECONDS if poll is None else poll):
            for task in _tasks(found):
                if reported.get(task.task_id) != task.state:
                    reported[task.task_id] = task.state
                    emit(f"{task.display_name}: {task.state.lower()}")
            if found.state in (*GOOD, *BAD):
                break
        if found.state in BAD:
            raise ClusterError(self._failure_message(found), fix=f"see its page, which has the logs: {self.link(run)}")
        emit(f"the run has succeeded: {self.link(run)}")

    def upload(self, package: Path) -> str:
        """Upload a compiled pipeline, as a new version where the pipeline exists; returns a sentence.

        The version is named by release and content, so that uploading the same file again changes nothing.
        """
        info = read_package(package).spec["pipelineInfo"]
        name, description = info.get("displayName", info["name"]), info.get("description", "")
        version = f"{__version__}-{hashlib.sha256(package.read_bytes()).hexdigest()[:8]}"
        with self._explain_errors(), _quiet():
            pipeline = self._pipeline_id(name, self.namespace) or self._create(name, description)
            if self._has_version(pipeline, version):
                return f"{name}: version {version} is there already"
            self.client.upload_pipeline_version(str(package), version, pipeline_id=pipeline, description=description)
        return f"{name}: version {version} uploaded"

    def _pipeline_id(self, name: str, namespace: str | None) -> str | None:
        # The SDK's get_pipeline_id() does not pass on the namespace of a multi-user installation.
        found = self.client.list_pipelines(namespace=namespace, page_size=100, filter=_equals(name)).pipelines
        return found[0].pipeline_id if found else None

    def _version(self, pipeline: str, name: str, version: str) -> Any:
        """Return the version of that name, or the newest that the chart of this release has made."""
        there = self._versions(pipeline)
        chosen = [
            each
            for each in there
            if version == each.display_name or not version and is_of_release(each.display_name, name)
        ]
        if chosen:
            return max(chosen, key=lambda each: each.created_at)
        names = ", ".join(each.display_name for each in there[-5:]) or "none"
        wanted = f"version '{version}'" if version else f"version of release {__version__}"
        raise InputError(
            f"'codekiln {name}' has no {wanted}; there are: {names}",
            where=self.host,
            fix="name one with --pipeline-version, install its release of codekiln here, or upgrade the chart",
        )

    def _versions(self, pipeline: str) -> list[Any]:
        """Return all versions of a pipeline, the oldest first."""
        found: list[Any] = []
        token = ""
        while True:
            page = self.client.list_pipeline_versions(pipeline, page_token=token, page_size=100)
            found += page.pipeline_versions or []
            token = page.next_page_token
            if not token:
                return sorted(found, key=lambda each: each.created_at)

    def _not_installed(self, name: str) -> InputError:
        scope = f", neither in namespace {self.namespace} nor shared" if self.namespace else ""
        return InputError(
            f"Kubeflow Pipelines has no pipeline 'codekiln {name}'{scope}",
            where=self.host,
            fix="install the chart with pipelines.mode upload or native; its pipelines.namespace is --namespace here; "
            "or submit codekiln's own file with --from-package --image IMAGE",
        )

    def _create(self, name: str, description: str) -> str:
        """Create a pipeline without a version: the SDK's ``upload_pipeline`` would add one under a name of its own."""
        from kfp_server_api import V2beta1Pipeline

        body = V2beta1Pipeline(
            name=name.replace(" ", "-"), display_name=name, description=description, namespace=self.namespace
        )
        created: str = self.client.pipelines.pipeline_service_create_pipeline(pipeline=body).pipeline_id
        return created

    def _has_version(self, pipeline: str, version: str) -> bool:
        return bool(self.client.list_pipeline_versions(pipeline, filter=_equals(version)).pipeline_versions)

    def _poll(self, run: str, emit: Callable[[str], None], poll: float) -> Iterator[Any]:
        def report(attempt: RetryCallState) -> None:
            if attempt.attempt_number == 1 and attempt.outcome:
                cause = _first_line(attempt.outcome.exception())
                emit(f"Kubeflow Pipelines does not answer; the run continues ({cause})")

        # Without a limit: the run does not depend on this client, and a server can be away for a night.
        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            wait=wait_exponential(multiplier=2 * poll, max=LONGEST_WAIT_SECONDS),
            before_sleep=report,
            reraise=True,
        )
        while True:
            with self._explain_errors():
                found = retrying(self.client.get_run, run)
            yield found
            time.sleep(poll)

    def _failure_message(self, found: Any) -> str:
        lines = [f"run {found.run_id} ended as {found.state}"]
        lines += [
            f"  {task.display_name}: {task.error.message if task.error else task.state}"
            for task in _tasks(found)
            if task.state == "FAILED"
        ]
        if found.error and found.error.message:
            lines.append(f"  {found.error.message}")
        return "\n".join(lines)

    @contextmanager
    def _explain_errors(self) -> Iterator[None]:
        import kfp_server_api
        import urllib3

        try:
            yield
        except kfp_server_api.ApiException as error:
            raise _refused(self.host, error.status, error.body or error.reason) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable(self.host, error) from None


def check_health(host: str, token: str = "") -> str:
    """Request the health of Kubeflow Pipelines at ``host``; returns a sentence for the check's report.

    Raises:
        ServerUnreachable: The server does not answer.
        InputError: It refuses.
    """
    import httpx2

    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx2.get(f"{host}/apis/v2beta1/healthz", timeout=20, headers=headers)
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise _unreachable(host, error) from None
    if not answer.is_success:
        raise _refused(host, answer.status_code, answer.text)
    return f"answers at {host}"


def _is_transient(error: BaseException) -> bool:
    import kfp_server_api
    import urllib3

    if isinstance(error, kfp_server_api.ApiException):
        return error.status not in range(400, 500)
    return isinstance(error, urllib3.exceptions.HTTPError)


def _unreachable(host: str, error: Exception) -> ServerUnreachable:
    return ServerUnreachable(
        f"Kubeflow Pipelines cannot be reached: {_first_line(error)}",
        where=host or "--host",
        fix="kubectl -n kubeflow port-forward svc/ml-pipeline-ui 8080:80, then --host http://localhost:8080",
    )


def _refused(host: str, status: int, body: str) -> InputError:
    fix = {
        401: "give a token with --token-file",
        403: "give a token with --token-file, and the namespace of your profile with --namespace",
    }.get(status, "correct what the message names")
    try:
        message = json.loads(body)["message"]
    except (TypeError, ValueError, KeyError):
        message = body
    return InputError(f"Kubeflow Pipelines refuses (HTTP {status}): {str(message)[:500]}", where=host, fix=fix)


def _tasks(run: Any) -> list[Any]:
    details = run.run_details.task_details or [] if run.run_details else []
    shown = [task for task in details if task.state and task.display_name]
    return [task for task in shown if not task.display_name.endswith(DRIVERS) and task.display_name != "root"]


def _equals(name: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]})


def _first_line(error: BaseException | None) -> str:
    return first_line(str(error)) or type(error).__name__


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep KFP's client from printing links built from an address that users may not reach."""
    with redirect_stdout(io.StringIO()):
        yield
