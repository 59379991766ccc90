"""Requests to Kubeflow's Model Registry by its REST API, v1 and, of older servers, v1alpha3.

Kubeflow's own client (model-registry 0.3.18) is not used here: it speaks v1 alone, which older servers do not, has no
time limits, sends the pod's token to any server, and an update by it drops custom properties whose types it does not
know. The tests use it, to read what this module writes.
"""

import math
import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from tenacity.wait import wait_base

from codekiln.errors import RegistryError
from codekiln.registry.connection import without_password
from codekiln.registry.kubeflow_connection import TOKEN, Connection

APIS = ("/api/model_registry/v1", "/api/model_registry/v1alpha3")
ATTEMPTS, PAGE = 3, "100"
TIMEOUT = httpx2.Timeout(20, connect=5)
Entity = dict[str, Any]
_BUSY = {429, 502, 503, 504}
_TYPES: dict[type, tuple[str, str]] = {
    bool: ("MetadataBoolValue", "bool_value"),
    float: ("MetadataDoubleValue", "double_value"),
}


class Conflict(RegistryError):
    """What was to be created is there already."""


class _Busy(RegistryError):
    """No answer, or one that a later request may not get."""


class KubeflowClient:
    """Requests to Kubeflow's Model Registry, with time limits and retries.

    Args:
        connection: Where it is.

    Raises:
        RegistryError: From every method too: it cannot be reached or refuses; with the fix.
    """

    wait: wait_base = wait_exponential(multiplier=1, max=10)

    def __init__(self, connection: Connection) -> None:
        self.uri, self._api = connection.uri.rstrip("/"), ""
        token = connection.token
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {token}"} if token else {},
            verify=_trusted(connection),
            timeout=TIMEOUT,
            # Nobody has to close it, and no request meets a connection that a proxy has closed meanwhile.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def model(self, name: str) -> Entity | None:
        """Return a registered model by its exact name; the server's own search by name takes ``_`` for any letter."""
        quoted = name.replace("'", "''")
        found = self.pages("/registered_models", filterQuery=f"name = '{quoted}'")
        return next((each for each in found if each["name"] == name), None)

    def versions(self, model_id: str) -> dict[str, Entity]:
        """Return the versions of a registered model by name."""
        return {each["name"]: each for each in self.pages(f"/registered_models/{model_id}/versions")}

    def artifacts(self, version_id: str) -> list[Entity]:
        """Return the artifacts of a version."""
        return list(self.pages(f"/model_versions/{version_id}/artifacts"))

    def create(self, path: str, values: Mapping[str, Any]) -> Entity:
        """Create what ``path`` lists and return it.

        Raises:
            Conflict: It is there already.
        """
        return self._call("POST", path, json=dict(values))

    def update(self, path: str, entity: Entity, **values: Any) -> Entity:
        """Change some fields of an entity, and custom properties, of which None removes one; returns the entity.

        Custom properties that others have added stay: the server replaces all of them at once. It also makes an entity
        LIVE when a change does not say its state.
        """
        known = dict(entity.get("customProperties") or {})
        changed = {**known, **values.pop("customProperties", {})}
        kept = {key: value for key, value in changed.items() if value is not None}
        body = {"state": entity.get("state", "LIVE"), **values, "customProperties": kept}
        if all(entity.get(key) == value for key, value in body.items()):
            return entity
        return self._call("PATCH", f"{path}/{entity['id']}", json=body)

    def require_writable(self, model: Entity | None) -> None:
        """Prove that this user may write, by a change of a model that changes nothing or, without one, a refused one.

        Raises:
            RegistryError: It may not.
        """
        if model is not None:
            state = {"state": model.get("state", "LIVE")}
            self._call("PATCH", f"/registered_models/{model['id']}", json=state)
            return
        # Without its name, the one field that is required, no model is created.
        self._call("POST", "/registered_models", expected=(400, 422), json={})

    def pages(self, path: str, **parameters: str) -> Iterator[Entity]:
        """Yield the items of a list, from all its pages."""
        query = {"pageSize": PAGE, "orderBy": "ID", "sortOrder": "ASC", **parameters}
        while True:
            answer = self._call("GET", path, params=query)
            yield from answer.get("items") or []
            if not (token := answer.get("nextPageToken")):
                return
            query["nextPageToken"] = token

    def _address(self, path: str) -> str:
        """Return a path's address in the newest API that the server has."""
        if not self._api:
            newest, oldest = APIS
            known = self._http.get(f"{self.uri}{newest}/registered_models", params={"pageSize": "1"})
            self._api = oldest if known.status_code == 404 else newest
        return f"{self.uri}{self._api}{path}"

    def _call(self, method: str, path: str, expected: tuple[int, ...] = (), **content: Any) -> Entity:
        attempts = Retrying(
            stop=stop_after_attempt(ATTEMPTS), wait=self.wait, retry=retry_if_exception_type(_Busy), reraise=True
        )
        return attempts(self._once, method, path, expected, content)

    def _once(self, method: str, path: str, expected: tuple[int, ...], content: Mapping[str, Any]) -> Entity:
        try:
            answer = self._http.request(method, self._address(path), **content)
        except httpx2.TransportError as error:
            reason = f"{method} {path}: {error or type(error).__name__}"
            raise _Busy(self._text(reason, _fix_transport(error))) from None
        except httpx2.InvalidURL as error:
            raise RegistryError(self._text(str(error), "correct kubeflow_registry.uri")) from None
        if answer.status_code in expected:
            return {}
        if answer.is_success and (body := _object(answer)) is not None:
            return body
        kind = _Busy if answer.status_code in _BUSY else Conflict if answer.status_code == 409 else RegistryError
        raise kind(self._text(f"{method} {path} was answered {_reason(answer)}", _fix_status(answer)))

    def _text(self, reason: str, fix: str) -> str:
        return f"Kubeflow's Model Registry at {without_password(self.uri)}: {reason}\n  fix: {fix}"


def metadata(value: bool | float | str) -> Entity:
    """Return a custom property's value as the API has it."""
    kind, field = _TYPES.get(type(value), ("MetadataStringValue", "string_value"))
    return {"metadataType": kind, field: value}


def finite(values: Mapping[str, float | None]) -> dict[str, float]:
    """Return the values that JSON has."""
    return {key: float(value) for key, value in values.items() if value is not None and math.isfinite(value)}


def _trusted(connection: Connection) -> ssl.SSLContext:
    if connection.uri.startswith("http:"):
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and is made without reading certificates
    if not connection.ca:
        return ssl.create_default_context()
    is_text = "BEGIN CERTIFICATE" in connection.ca
    try:
        if is_text:
            return ssl.create_default_context(cadata=connection.ca)
        return ssl.create_default_context(cafile=connection.ca)
    except OSError as error:
        raise RegistryError(
            f"its CA cannot be read: {error}", where="Kubeflow's Model Registry", fix="correct kubeflowRegistry.ca"
        ) from None


def _object(answer: httpx2.Response) -> Entity | None:
    try:
        body = answer.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _reason(answer: httpx2.Response) -> str:
    body = _object(answer) or {}
    return f"{answer.status_code} {body.get('message') or answer.reason_phrase}"[:300]


def _fix_transport(error: Exception) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "give the CA that signed its certificate: kubeflowRegistry.ca in the chart, or `ca` in the variable"
    return (
        "check kubeflow_registry.uri, that the registry runs and, where a network policy is on, "
        "networkPolicy.kubeflowRegistry; outside the cluster use `kubectl port-forward`"
    )


def _fix_status(answer: httpx2.Response) -> str:
    # A proxy that wants a browser to log in redirects, or shows a page.
    if answer.status_code in (401, 403) or answer.is_redirect or answer.is_success:
        return (
            f"let this user in: a token in {TOKEN} or kubeflowRegistry.tokenFile, and a role at the registry; "
            "a token is only sent to an address that the chart or you name"
        )
    if answer.status_code == 404:
        return "check that kubeflow_registry.uri is the address of a Model Registry, without a path"
    if answer.status_code in _BUSY or answer.status_code >= 500:
        return "look at the log of the registry's server and its database, then repeat this step"
    return "look at the model in Kubeflow's Model Registry, then repeat this step"
