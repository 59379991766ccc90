"""The few Kubernetes API calls that launching needs, through the official client; objects are plain dicts."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from codekiln.data.text import first_line
from codekiln.errors import ClusterError
from codekiln.launch.cluster.forbidden import FORBIDDEN, ForbiddenCalls
from codekiln.launch.cluster.job_kinds import JobKind
from codekiln.launch.cluster.permissions import Permission

NAMESPACE = "CODEKILN_NAMESPACE"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 30.0
UNREACHABLE = (
    "see whether `kubectl get --raw /readyz` answers; if it does, a network policy may keep steps from the API server: "
    "`helm upgrade`, or networkPolicy.kubernetesApi in the chart's values"
)
_JSON = "application/json"
_CONTENT = {"PATCH": "application/merge-patch+json"}
_TRANSIENT = (401, 408, 410, 429)

Query = Mapping[str, Any]


class RequestRefused(Exception):
    """The API server answered that it refuses the request; repeating it is no use."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message
        super().__init__(f"{message} (HTTP {status}{f', {reason}' if reason else ''})")


class ApiUnavailable(Exception):
    """The API server did not answer, or could not serve the request now; the caller should retry."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class ClusterApi:
    """The Kubernetes API in one namespace, reached from inside the cluster or else through the kubeconfig.

    The generated client is used at its lowest level (``call_api``): its typed models would drop the fields of custom
    resources, and ``kubernetes.watch`` ends at a 410 or a broken connection, which ``Informer`` has to survive.

    Args:
        namespace: Namespace of all calls; empty: ``$CODEKILN_NAMESPACE``, the ServiceAccount's or the context's.
        forbidden_seconds: Time for which a call that RBAC forbids counts as not served, not as refused.

    Raises:
        ClusterError: No cluster is configured.
        RequestRefused: From every call: the server refuses it.
        ApiUnavailable: From every call: the server cannot serve it now.
    """

    def __init__(self, namespace: str = "", forbidden_seconds: float = 10.0) -> None:
        self._client, context = _client()
        self._forbidden = ForbiddenCalls(forbidden_seconds)
        self.namespace = namespace or os.environ.get(NAMESPACE) or _service_account_namespace() or context or "default"

    def create_job(self, kind: JobKind, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a job and return it as the server stored it."""
        return self._json("POST", self.jobs_path(kind), body=body)

    def job(self, kind: JobKind, name: str) -> dict[str, Any] | None:
        """Return a job, or None where there is none."""
        return self.get(self.jobs_path(kind, name))

    def patch_job(self, kind: JobKind, name: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """Merge a change into a job (RFC 7386) and return the job."""
        return self._json("PATCH", self.jobs_path(kind, name), body=change)

    def delete_job(
        self, kind: JobKind, name: str, uid: str, propagation: str = "Background", resource_version: str = ""
    ) -> bool:
        """Delete a job and return whether it did.

        A job that has another uid, or another resource version where one is given, is kept.
        """
        version = {"resourceVersion": resource_version} if resource_version else {}
        body = {"propagationPolicy": propagation, "preconditions": {"uid": uid} | version}
        try:
            self._json("DELETE", self.jobs_path(kind, name), body=body)
        except RequestRefused as error:
            if error.status not in (404, 409):
                raise
            return False
        return True

    def jobs_path(self, kind: JobKind, name: str = "") -> str:
        """Return the path that lists and watches jobs, or that of one job."""
        path = f"/apis/{kind.api_version}/namespaces/{self.namespace}/{kind.plural}"
        return f"{path}/{name}" if name else path

    def pods_path(self) -> str:
        """Return the path that lists and watches pods."""
        return self._core_path("pods")

    def pod(self, name: str) -> dict[str, Any] | None:
        """Return a pod, or None where there is none."""
        return self.get(self._core_path("pods", name))

    def mark_pod_failed(self, name: str, uid: str, reason: str, message: str) -> None:
        """Set a pod's phase to Failed, in the place of a kubelet that cannot; one with another uid is not touched."""
        body = {"metadata": {"uid": uid}, "status": {"phase": "Failed", "reason": reason, "message": message}}
        self._json("PATCH", self._core_path("pods", name) + "/status", body=body)

    def force_delete_pod(self, name: str, uid: str) -> None:
        """Delete a pod without waiting for its kubelet; one that is gone or has another uid is no error."""
        try:
            body = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}}
            self._json("DELETE", self._core_path("pods", name), body=body)
        except RequestRefused as error:
            if error.status not in (404, 409):
                raise

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """Return the pods that a label selector picks."""
        items: list[dict[str, Any]] = self.list_objects(self.pods_path(), {"labelSelector": selector})["items"]
        return items

    def events(self, selector: str) -> list[dict[str, Any]]:
        """Return the events that a field selector picks."""
        found: list[dict[str, Any]] = []
        query = {"fieldSelector": selector, "limit": 500}
        while True:
            page = self.list_objects(self._core_path("events"), query)
            found += page["items"]
            if not (token := page.get("metadata", {}).get("continue")):
                return found
            query["continue"] = token

    def merge_config_map(self, name: str, data: Mapping[str, str]) -> None:
        """Add entries to a ConfigMap, which has to be there."""
        self._json("PATCH", self._core_path("configmaps", name), body={"data": dict(data)})

    def create_event(self, body: Mapping[str, Any]) -> None:
        """Record an event."""
        self._json("POST", self._core_path("events"), body=body)

    def patch_event(self, name: str, change: Mapping[str, Any]) -> None:
        """Merge a change into an event."""
        self._json("PATCH", self._core_path("events", name), body=change)

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the object at a path, or None where there is none."""
        try:
            return self._json("GET", path)
        except RequestRefused as error:
            if error.status == 404:
                return None
            raise

    def list_objects(self, path: str, query: Query) -> dict[str, Any]:
        """Return a list object: ``items``, and ``metadata`` with its resource version."""
        return self._json("GET", path, query)

    def stream_lines(self, path: str, query: Query, read_seconds: float) -> Iterator[bytes]:
        """Yield the lines that a path streams, as they arrive and with their line ends.

        Only the last line can lack its end: where the stream ended or broke inside it.

        Args:
            path: Path of a watch or a log.
            query: Parameters of the request.
            read_seconds: A stream that is silent for longer counts as broken.

        Raises:
            ApiUnavailable: The stream broke; every line yielded before is whole.
        """
        from urllib3.exceptions import HTTPError

        response = self._request("GET", path, query, read_seconds=read_seconds, stream=True)
        rest = b""
        try:
            for chunk in response.stream(amt=None, decode_content=False):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line + b"\n" for line in whole)
        except (HTTPError, OSError) as error:
            raise _no_answer(error) from None
        finally:
            response.close()
        if rest:
            yield rest

    def log_path(self, pod: str) -> str:
        """Return the path of a pod's log."""
        return self._core_path("pods", pod) + "/log"

    def read_log(self, pod: str, query: Query) -> list[str]:
        """Return lines of a pod's log."""
        found = self.stream_lines(self.log_path(pod), query, _READ_SECONDS)
        return [line.decode(errors="replace").rstrip("\n") for line in found]

    def is_allowed(self, permission: Permission) -> bool:
        """Return whether this process has a permission in the namespace.

        Raises:
            ApiUnavailable, RequestRefused: The API server does not answer the question.
        """
        resource, _, sub = permission.resource.partition("/")
        asked = {"namespace": self.namespace, "group": permission.group, "resource": resource, "verb": permission.verb}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked | ({"subresource": sub} if sub else {})},
        }
        answer = self._json("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=body)
        return bool(answer["status"]["allowed"])

    def _core_path(self, resource: str, name: str = "") -> str:
        path = f"/api/v1/namespaces/{self.namespace}/{resource}"
        return f"{path}/{name}" if name else path

    def _json(self, method: str, path: str, query: Query | None = None, body: Any = None) -> dict[str, Any]:
        response = self._request(method, path, query or {}, body=body, stream=False)
        try:
            answer: dict[str, Any] = json.loads(response.data)
        except ValueError:
            raise ApiUnavailable("the API server's answer broke off") from None
        return answer

    def _request(
        self,
        method: str,
        path: str,
        query: Query,
        body: Any = None,
        read_seconds: float = _READ_SECONDS,
        stream: bool = False,
    ) -> Any:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            response = self._client.call_api(
                path,
                method,
                query_params=list(query.items()),
                header_params={"Accept": "application/json, */*", "Content-Type": _CONTENT.get(method, _JSON)},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=(_CONNECT_SECONDS, read_seconds),
            )
            if not stream:
                response.read(cache_content=True)
            self._forbidden.succeeded(method, path)
            return response
        except ApiException as error:
            self._raise(error, method, path)
        except (HTTPError, OSError) as error:
            raise _no_answer(error) from None

    def _raise(self, error: Any, method: str, path: str) -> NoReturn:
        if error.status == 401:
            # A ServiceAccount's token is replaced on disk before it expires; the next call uses the new one.
            with suppress(ClusterError):
                self._client, _ = _client()
        reason, message = _status(error)
        if not error.status or error.status in _TRANSIENT or error.status >= 500:
            raise ApiUnavailable(message, error.status or 0) from None
        if error.status == FORBIDDEN and not self._forbidden.is_final(method, path, message):
            raise ApiUnavailable(message, FORBIDDEN) from None
        raise RequestRefused(error.status, reason, message) from None


def _client() -> tuple[Any, str]:
    """Return a client and the namespace of the kubeconfig's context, empty inside a cluster."""
    from kubernetes import client, config

    configuration = client.Configuration()
    namespace = ""
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        try:
            # The client reads this variable only when it is imported.
            file = os.environ.get("KUBECONFIG")
            config.load_kube_config(file, client_configuration=configuration)
            namespace = config.list_kube_config_contexts(file)[1]["context"].get("namespace", "")
        except config.ConfigException as error:
            raise ClusterError(
                f"no cluster is configured here: {error}", fix="run this in a pipeline step, or set KUBECONFIG"
            ) from None
    # Callers decide what is retried: a POST or DELETE that urllib3 repeats unseen would break their guarantees.
    configuration.retries = False
    return client.ApiClient(configuration), namespace


def _service_account_namespace() -> str:
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else ""


def _status(error: Any) -> tuple[str, str]:
    """Return reason and message of an error response, which need not be a Kubernetes Status object."""
    body = error.body.decode(errors="replace") if isinstance(error.body, bytes) else str(error.body or "")
    try:
        status = json.loads(body)
        return status.get("reason", ""), status.get("message") or str(error.reason)
    except (ValueError, AttributeError):
        return "", body.strip()[:300] or str(error.reason)


def _no_answer(error: BaseException) -> ApiUnavailable:
    cause = first_line(str(error)) or type(error).__name__
    return ApiUnavailable(f"no answer from the API server: {cause}")
