"""Pipelines and runs on a Kubeflow Pipelines server, for people who prefer a terminal to its UI."""

import hashlib
import json
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from codekiln import __version__
from codekiln.errors import ClusterError, InputError, did_you_mean

POLL_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 120.0
GOOD, BAD = ("SUCCEEDED", "SKIPPED"), ("FAILED", "CANCELED")
DRIVERS = ("-driver", "executor")


class Kubeflow:
    """A Kubeflow Pipelines server (API v2beta1).

    Args:
        host: Its address; empty: the service in this cluster, or through the Kubernetes API of the kubeconfig.
        namespace: The profile's namespace on a multi-user installation; empty on a single-user one.
        token: A bearer token; empty: none, or the service account's own where Kubeflow mounts one.

    Raises:
        InputError: The server cannot be reached or refuses.
    """

    def __init__(self, host: str = "", namespace: str = "", token: str = "") -> None:
        warnings.filterwarnings("ignore", module="kfp")
        from kfp import Client

        self.host, self.namespace = host.rstrip("/"), namespace or None
        if self.host:
            # KFP's client tries for half a minute and prints a traceback each time; this says at once what is wrong.
            answers(self.host, token)
        with self._explained():
            self.client = Client(host=self.host or None, existing_token=token or None)
            self.client.get_kfp_healthz()

    def submit(self, package: Path, arguments: Mapping[str, Any], name: str, experiment: str) -> str:
        """Start a run of a compiled pipeline and return its id.

        Raises:
            InputError: The pipeline takes no such argument, or the server refuses the run.
        """
        known = _inputs(package)
        if unknown := sorted(set(arguments) - set(known)):
            raise InputError(
                f"the pipeline takes no '{unknown[0]}'", where=str(package), fix=did_you_mean(unknown[0], known)
            )
        with self._explained(), _quiet():
            found = self.client.create_experiment(experiment, namespace=self.namespace)
            return self.client.run_pipeline(
                experiment_id=found.experiment_id,
                job_name=name,
                pipeline_package_path=str(package),
                params=dict(arguments),
            ).run_id

    def link(self, run: str) -> str:
        """Return the address of a run's page."""
        return f"{self.host}/#/runs/details/{run}"

    def follow(self, run: str, say: Callable[[str], None] = print, poll: float | None = None) -> None:
        """Say how a run's tasks go on until it ends; a server that is away for a while is waited for.

        Raises:
            ClusterError: The run failed or was cancelled; names the tasks that failed and why.
        """
        told: dict[str, str] = {}
        for found in self._states(run, say, POLL_SECONDS if poll is None else poll):
            for task in _tasks(found):
                if told.get(task.task_id) != task.state:
                    told[task.task_id] = task.state
                    say(f"{task.display_name}: {task.state.lower()}")
            if found.state in (*GOOD, *BAD):
                break
        if found.state in BAD:
            raise ClusterError(self._explain(found))
        say(f"the run has succeeded: {self.link(run)}")

    def upload(self, package: Path) -> str:
        """Add a compiled pipeline, as a new version where the pipeline exists; returns a sentence.

        The version is named by release and content, so that uploading the same file again changes nothing.
        """
        about = _spec(package)["pipelineInfo"]
        name = about.get("displayName", about["name"])
        version = f"{__version__}-{hashlib.sha256(package.read_bytes()).hexdigest()[:8]}"
        with self._explained(), _quiet():
            known = self._pipeline(name)
            known = known or self._create(name, about.get("description", ""))
            if self._has_version(known, version):
                return f"{name}: version {version} is there already"
            self.client.upload_pipeline_version(str(package), version, pipeline_id=known)
        return f"{name}: version {version} uploaded"

    def _pipeline(self, name: str) -> str | None:
        found = self.client.list_pipelines(namespace=self.namespace, page_size=100, filter=_equals(name)).pipelines
        return found[0].pipeline_id if found else None

    def _create(self, name: str, description: str) -> str:
        """Create a pipeline without a version: uploading one would add a version of its own naming."""
        from kfp_server_api import V2beta1Pipeline

        body = V2beta1Pipeline(
            name=name.replace(" ", "-"), display_name=name, description=description, namespace=self.namespace
        )
        return self.client.pipelines.pipeline_service_create_pipeline(pipeline=body).pipeline_id

    def _has_version(self, pipeline: str, version: str) -> bool:
        return bool(self.client.list_pipeline_versions(pipeline, filter=_equals(version)).pipeline_versions)

    def _states(self, run: str, say: Callable[[str], None], poll: float) -> Iterator[Any]:
        import kfp_server_api
        import urllib3

        wait = poll
        while True:
            try:
                yield self.client.get_run(run)
                wait = poll
            except (urllib3.exceptions.HTTPError, kfp_server_api.ApiException) as error:
                if isinstance(error, kfp_server_api.ApiException) and error.status in range(400, 500):
                    raise _refused(self.host, error.status, error.body or error.reason) from None
                if wait == poll:
                    say(f"Kubeflow Pipelines does not answer; the run goes on without us ({_first_line(error)})")
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
            time.sleep(wait)

    def _explain(self, found: Any) -> str:
        lines = [f"run {found.run_id} ended as {found.state}"]
        lines += [
            f"  {task.display_name}: {task.error.message if task.error else task.state}"
            for task in _tasks(found)
            if task.state == "FAILED"
        ]
        if found.error and found.error.message:
            lines.append(f"  {found.error.message}")
        return "\n".join([*lines, f"  its page has the logs: {self.link(found.run_id)}"])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import kfp_server_api
        import urllib3

        try:
            yield
        except kfp_server_api.ApiException as error:
            raise _refused(self.host, error.status, error.body or error.reason) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _unreachable(self.host, error) from None


def answers(host: str, token: str = "") -> str:
    """Say that Kubeflow Pipelines answers at ``host``.

    Raises:
        InputError: It cannot be reached, or refuses.
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


def _unreachable(host: str, error: Exception) -> InputError:
    return InputError(
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


def _spec(package: Path) -> dict[str, Any]:
    return next(yaml.safe_load_all(package.read_text(encoding="utf-8")))


def _inputs(package: Path) -> list[str]:
    return sorted(_spec(package)["root"].get("inputDefinitions", {}).get("parameters", {}))


def _equals(name: str) -> str:
    return json.dumps({"predicates": [{"operation": "EQUALS", "key": "display_name", "stringValue": name}]})


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep KFP's client from printing links built from an address that users may not reach."""
    import contextlib
    import io

    with contextlib.redirect_stdout(io.StringIO()):
        yield
