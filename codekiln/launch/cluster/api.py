"""The few calls to the Kubernetes API that launching needs, through the official client; objects are plain dicts."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from codekiln.errors import ClusterError
from codekiln.launch.cluster.job_kinds import Kind
from codekiln.launch.cluster.permissions import Permission

NAMESPACE = "CODEKILN_NAMESPACE"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_CONNECT_SECONDS, _READ_SECONDS = 10.0, 30.0
_TRANSIENT = (401, 408, 410, 429)

Query = Mapping[str, Any]


class Refused(Exception):
    """The API server answered that it will not do it; asking again is no use."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status, self.reason, self.message = status, reason, message
        super().__init__(f"{message} (HTTP {status}{f', {reason}' if reason else ''})")


class Trouble(Exception):
    """The API server did not answer, or could not serve the call now; asking again is right."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


def connect(namespace: str = "") -> "Api":
    """Return the API as this process reaches it: from inside the cluster, else through the kubeconfig.

    Args:
        namespace: Where to work; empty: ``$CODEKILN_NAMESPACE``, the ServiceAccount's or the context's namespace.

    Raises:
        ClusterError: Neither way is configured.
    """
    return Api(namespace)


class Api:
    """The Kubernetes API in one namespace. Every call raises Refused or Trouble when it does not succeed."""

    def __init__(self, namespace: str = "") -> None:
        self._client, context = _client()
        self.namespace = namespace or os.environ.get(NAMESPACE) or _own_namespace() or context or "default"

    def create_job(self, kind: Kind, body: Mapping[str, Any]) -> dict[str, Any]:
        """Create a job and return it as the server stored it."""
        return self._json("POST", self._jobs(kind), body=body)

    def job(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """Return a job, or None where there is none."""
        return self.get(self._jobs(kind, name))

    def delete_job(self, kind: Kind, name: str, uid: str = "", propagation: str = "Background") -> bool:
        """Delete a job; returns whether there was one. One that does not have this uid is left as it is."""
        body: dict[str, Any] = {"propagationPolicy": propagation}
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._json("DELETE", self._jobs(kind, name), body=body)
        except Refused as error:
            if error.status not in (404, 409):
                raise
            return False
        return True

    def jobs_path(self, kind: Kind) -> str:
        """Return the path that lists and watches jobs."""
        return self._jobs(kind)

    def pods_path(self) -> str:
        """Return the path that lists and watches pods."""
        return self._core("pods")

    def pod(self, name: str) -> dict[str, Any] | None:
        """Return a pod, or None where there is none."""
        return self.get(self._core("pods", name))

    def pods(self, selector: str) -> list[dict[str, Any]]:
        """Return the pods with these labels."""
        return self.listing(self.pods_path(), {"labelSelector": selector})["items"]

    def events(self, fields: str) -> list[dict[str, Any]]:
        """Return the events that a field selector picks."""
        found, query = [], {"fieldSelector": fields, "limit": 500}
        while True:
            page = self.listing(self._core("events"), query)
            found += page["items"]
            if not (token := page.get("metadata", {}).get("continue")):
                return found
            query["continue"] = token

    def get(self, path: str) -> dict[str, Any] | None:
        """Return the object at a path, or None where there is none."""
        try:
            return self._json("GET", path)
        except Refused as error:
            if error.status == 404:
                return None
            raise

    def listing(self, path: str, query: Query) -> dict[str, Any]:
        """Return a list object."""
        return self._json("GET", path, query)

    def lines(self, path: str, query: Query, read_seconds: float) -> Iterator[bytes]:
        """Yield what a path streams, line by line with the line ends, as it comes.

        The last line has no end where the stream ended or broke inside it.

        Args:
            path: A watch or a log.
            query: Its parameters.
            read_seconds: A stream that is silent for longer counts as broken.

        Raises:
            Trouble: The stream broke; what was yielded before is whole lines.
        """
        from urllib3.exceptions import HTTPError

        response = self._call("GET", path, query, read_seconds=read_seconds, stream=True)
        rest = b""
        try:
            for chunk in response.stream(amt=None, decode_content=False):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line + b"\n" for line in whole)
        except (HTTPError, OSError) as error:
            raise Trouble(_short(error)) from None
        finally:
            response.close()
        if rest:
            yield rest

    def log_path(self, pod: str) -> str:
        """Return the path of a pod's log."""
        return self._core("pods", pod) + "/log"

    def log(self, pod: str, query: Query) -> list[str]:
        """Return lines of a pod's log."""
        found = self.lines(self.log_path(pod), query, _READ_SECONDS)
        return [line.decode(errors="replace").rstrip("\n") for line in found]

    def allowed(self, permission: Permission) -> bool:
        """Return whether this process may do something in the namespace.

        Raises:
            ClusterError: The API server does not say.
        """
        resource, _, sub = permission.resource.partition("/")
        asked = {"namespace": self.namespace, "group": permission.group, "resource": resource, "verb": permission.verb}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": asked | ({"subresource": sub} if sub else {})},
        }
        try:
            answer = self._json("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body=body)
        except (Refused, Trouble) as error:
            raise ClusterError(f"cannot ask the API server for permissions: {error}") from None
        return bool(answer["status"]["allowed"])

    def _jobs(self, kind: Kind, name: str = "") -> str:
        path = f"/apis/{kind.api_version}/namespaces/{self.namespace}/{kind.plural}"
        return f"{path}/{name}" if name else path

    def _core(self, resource: str, name: str = "") -> str:
        path = f"/api/v1/namespaces/{self.namespace}/{resource}"
        return f"{path}/{name}" if name else path

    def _json(self, method: str, path: str, query: Query | None = None, body: Any = None) -> dict[str, Any]:
        response = self._call(method, path, query or {}, body=body, stream=False)
        try:
            return json.loads(response.data)
        except ValueError:
            raise Trouble("the API server's answer broke off") from None

    def _call(
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
                header_params={"Accept": "application/json, */*", "Content-Type": "application/json"},
                body=body,
                auth_settings=["BearerToken"],
                _preload_content=False,
                _return_http_data_only=True,
                _request_timeout=(_CONNECT_SECONDS, read_seconds),
            )
            if not stream:
                response.read(cache_content=True)
            return response
        except ApiException as error:
            self._raise(error)
        except (HTTPError, OSError) as error:
            raise Trouble(_short(error)) from None

    def _raise(self, error: Any) -> None:
        if error.status == 401:
            # A ServiceAccount's token is replaced on disk before it ends; the next call uses the new one.
            with suppress(ClusterError):
                self._client, _ = _client()
        reason, message = _status(error)
        if not error.status or error.status in _TRANSIENT or error.status >= 500:
            raise Trouble(message, error.status or 0) from None
        raise Refused(error.status, reason, message) from None


def _client() -> tuple[Any, str]:
    from kubernetes import client, config

    configuration = client.Configuration()
    namespace = ""
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        try:
            # The client looks at the variable only when it is imported.
            file = os.environ.get("KUBECONFIG")
            config.load_kube_config(file, client_configuration=configuration)
            namespace = config.list_kube_config_contexts(file)[1]["context"].get("namespace", "")
        except config.ConfigException as error:
            raise ClusterError(
                f"no cluster is configured here: {error}\n  fix: run this in a pipeline step, or set KUBECONFIG"
            ) from None
    # The callers decide what is asked again; a second DELETE or POST in secret would break what they promise.
    configuration.retries = False
    return client.ApiClient(configuration), namespace


def _own_namespace() -> str:
    return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else ""


def _status(error: Any) -> tuple[str, str]:
    body = error.body.decode(errors="replace") if isinstance(error.body, bytes) else str(error.body or "")
    try:
        status = json.loads(body)
        return status.get("reason", ""), status.get("message") or str(error.reason)
    except (ValueError, AttributeError):
        return "", body.strip()[:300] or str(error.reason)


def _short(error: BaseException) -> str:
    return f"no answer from the API server: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
