"""A server that answers as Kubeflow's Model Registry does, over HTTP.

Read in kubeflow/model-registry, whose modules are called kubeflow/hub by now, in April 2026:

* paths and fields: ``api/openapi/model-registry.yaml``;
* unknown and required fields, codes 400 and 422: ``api_model_registry_service.go``, ``type_asserts.go`` and
  ``error.go`` in ``internal/server/openapi``;
* a PATCH without a state makes an entity LIVE: ``NewModelVersionUpdateWithDefaults`` in ``pkg/openapi``;
* custom properties are kept where none are given, and else replaced: ``internal/core/model_version.go``, and
  ``generic_repository.go`` in ``internal/platform/db/repository``;
* types of their values, of which an int is a text of 32 bits: ``internal/converter/openapi_embedmd_converter_util.go``;
* names are unique, of versions and artifacts within their parent: ``internal/platform/db/mysql/migrations``, and
  ``PrefixWhenOwned`` in ``internal/converter/openapi_converter_util.go``;
* texts of more than 2,704 bytes fail where PostgreSQL indexes them: ``000023_remove_string_index``
  of its migrations ends that;
* searches by name with LIKE: ``internal/db/service``; pages: ``internal/platform/db/scopes/paginate.go``.

A bearer token is asked for by a proxy before the server, as in Red Hat's distribution. That newer servers have an API
v1 with the same bodies, and v1alpha3 beside it until it is answered 410, is what KEP-0004 of kubeflow/hub says.
"""

import base64
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tenacity import wait_none

from codekiln.registry.kubeflow import KubeflowClient

Entity = dict[str, Any]
API = re.compile(r"/api/model_registry/(v1|v1alpha3)/(.+)")
_COMMON = {"customProperties", "description", "externalId", "state"}
_ARTIFACT = {
    "artifactType", "uri", "modelFormatName", "modelFormatVersion", "storageKey", "storagePath", "serviceAccountName",
    "modelSourceKind", "modelSourceClass", "modelSourceGroup", "modelSourceId", "modelSourceName",
}  # fmt: skip
# By collection: what a PATCH may have, what a POST may have besides, what it must have, and the default of the state.
_KINDS: dict[str, tuple[set[str], set[str], tuple[str, ...], str]] = {
    "registered_models": (
        {*_COMMON, "owner", "readme", "maturity", "language", "tasks", "provider", "logo", "license", "licenseLink",
         "libraryName"}, {"name"}, ("name",), "LIVE",
    ),
    "model_versions": ({*_COMMON, "author"}, {"name", "registeredModelId"}, ("name", "registeredModelId"), "LIVE"),
    "model_artifacts": ({*_COMMON, *_ARTIFACT}, {"name", "id"}, (), "UNKNOWN"),
}  # fmt: skip
_STATES = {"LIVE", "ARCHIVED"}
_ARTIFACT_STATES = {"UNKNOWN", "PENDING", "LIVE", "MARKED_FOR_DELETION", "DELETED", "ABANDONED", "REFERENCE"}
_VALUES = {
    "MetadataBoolValue": ("bool_value", bool), "MetadataDoubleValue": ("double_value", (int, float)),
    "MetadataIntValue": ("int_value", str), "MetadataStringValue": ("string_value", str),
    "MetadataStructValue": ("struct_value", str),
}  # fmt: skip
_REASONS = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict", 500: "Internal Server Error"}


class Refusal(Exception):
    """An answer with an error: code, and text."""


class ModelRegistry:
    """The server's state.

    Attributes:
        tables: Entities by collection and id.
        requests: Methods and paths so far.
        fails: By number of a writing request: "before": it is answered 500, and has no effect; "lost": it has its
            effect and gets no answer; "gone": likewise, and what follows is answered 503.
        token: Bearer token that is asked for.
        is_down: Whether every request is answered 503.
        apis: Versions of the API that it serves.
        is_old: Whether it is from before 0.3, and ignores filterQuery, as any parameter that it does not know.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Entity]] = {kind: {} for kind in _KINDS}
        self.requests: list[tuple[str, str]] = []
        self.fails: dict[int, str] = {}
        self.writes, self.token, self.is_down, self.uri = 0, "", False, ""
        self.apis: tuple[str, ...] = ("v1", "v1alpha3")
        self.is_old = False
        self.lock = threading.Lock()
        self._ids = iter(range(1, 1_000_000))

    def fail(self, number: int, how: str) -> None:
        """Let the write with this number from now on, the first being 0, fail; after that, the server is gone."""
        self.writes, self.fails = 0, {number: how}

    def recover(self) -> None:
        """Answer every request again."""
        self.fails, self.is_down = {}, False

    def version(self, model: str, name: str) -> Entity:
        """Return a version."""
        (owner,) = [each for each in self.tables["registered_models"].values() if each["name"] == model]
        versions = self.tables["model_versions"].values()
        (found,) = [each for each in versions if (each["registeredModelId"], each["name"]) == (owner["id"], name)]
        return found

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Entity]:
        """Answer a request."""
        match method, path.split("/"):
            case "POST", [kind] if kind in _KINDS:
                return 201, self._create(kind, body)
            case "POST", ["model_versions", version, "artifacts"]:
                self._get("model_versions", version)
                if body.get("id"):
                    return 200, self._patch("model_artifacts", body.pop("id"), body)
                return 201, self._create("model_artifacts", {**body, "_parent": version})
            case "PATCH", [kind, number] if kind in _KINDS:
                return 200, self._patch(kind, number, body)
            case "GET", ["registered_models"]:
                every = list(self.tables["registered_models"].values())
                return 200, _page(every if self.is_old else _filtered(every, query), query)
            case "GET", ["registered_models", number, "versions"]:
                return 200, _page(self._children("model_versions", number), query)
            case "GET", ["model_versions", number, "artifacts"]:
                return 200, _page(self._children("model_artifacts", number), query)
            case "GET", [kind, number] if kind in _KINDS:
                return 200, self._get(kind, number)
            case "GET", [single] if f"{single}s" in _KINDS:
                return 200, self._find(f"{single}s", query)
        raise Refusal(404, "404 page not found")

    def _create(self, kind: str, body: Entity) -> Entity:
        fields, further, required, state = _KINDS[kind]
        parent = body.pop("_parent", body.get("registeredModelId", ""))
        _require_known(body, fields | further)
        for field in required:
            if not body.get(field):
                raise Refusal(422, f"required field '{field}' is zero value.")
        if any(each["name"] == body["name"] for each in self._children(kind, parent)):
            raise Refusal(409, f"{kind} with name {body['name']} already exists: conflict")
        _require_valid(kind, body)
        number = str(next(self._ids))
        entity = {"state": state, **body, "id": number, "_parent": parent}
        self.tables[kind][number] = entity
        return entity

    def _patch(self, kind: str, number: str, body: Entity) -> Entity:
        fields, _, _, state = _KINDS[kind]
        _require_known(body, fields)
        _require_valid(kind, body)
        entity = self._get(kind, number)
        given = {key: value for key, value in body.items() if value is not None}
        entity.update({"state": state, **given})
        return entity

    def _get(self, kind: str, number: str) -> Entity:
        if not number.isdecimal():
            raise Refusal(400, f"invalid {kind} ID: {number}: bad request")
        if number not in self.tables[kind]:
            raise Refusal(404, f"no {kind} found for id {number}: not found")
        return self.tables[kind][number]

    def _children(self, kind: str, parent: str) -> list[Entity]:
        return [each for each in self.tables[kind].values() if each["_parent"] == parent]

    def _find(self, kind: str, query: dict[str, str]) -> Entity:
        # LIKE: an underscore stands for any character, and MySQL's default collation ignores case.
        pattern = re.escape(query.get("name", "")).replace("_", ".").replace("%", ".*")
        known = self._children(kind, query.get("parentResourceId", ""))
        found = [each for each in known if re.fullmatch(pattern, each["name"], re.IGNORECASE)]
        if len(found) != 1:
            raise Refusal(404, f"{'multiple' if found else 'no'} {kind} found for name={query.get('name')}: not found")
        return found[0]


def _require_known(body: Any, known: set[str]) -> None:
    if not isinstance(body, dict):
        raise Refusal(400, "json: cannot unmarshal")
    if unknown := [key for key in body if key not in known]:
        raise Refusal(400, f'json: unknown field "{unknown[0]}"')


def _require_valid(kind: str, body: Entity) -> None:
    states = _ARTIFACT_STATES if kind == "model_artifacts" else _STATES
    if body.get("state", "LIVE") not in states:
        raise Refusal(400, f"{body['state']} is not a valid state")
    for key, value in (body.get("customProperties") or {}).items():
        field, kinds = _VALUES.get(value.get("metadataType", ""), ("", object))
        if not field:
            raise Refusal(400, f"bad request: metadataType not found for {key}")
        if not isinstance(value.get(field), kinds):
            raise Refusal(400, f"failed to unmarshal MetadataValue as {value['metadataType']}")
        if field == "string_value" and len(value[field].encode()) > 2704:
            raise Refusal(500, "index row size exceeds btree version 4 maximum 2704")
        if field == "int_value" and not -(2**31) <= int(value[field]) < 2**31:
            raise Refusal(400, f"bad request: unable to decode as int64 invalid numeric string for key {key}")


def _filtered(entities: list[Entity], query: dict[str, str]) -> list[Entity]:
    if not (text := query.get("filterQuery", "")):
        return entities
    found = re.fullmatch(r"name = '((?:[^']|'')*)'", text)
    if found is None:
        raise Refusal(400, f"invalid filter query: {text}: bad request")
    return [each for each in entities if each["name"].lower() == found[1].replace("''", "'").lower()]


def _page(entities: list[Entity], query: dict[str, str]) -> Entity:
    size = int(query.get("pageSize") or 0)
    first = 0
    if token := query.get("nextPageToken"):
        try:
            first = int(base64.b64decode(token, validate=True).decode().partition(":")[0])
        except ValueError:
            raise Refusal(400, "invalid nextPageToken: bad request") from None
    rest = sorted((each for each in entities if int(each["id"]) > first), key=lambda each: int(each["id"]))
    items = rest[:size] if size else rest
    cursor = f"{items[-1]['id']}:{items[-1]['id']}" if len(rest) > len(items) else ""
    following = base64.b64encode(cursor.encode()).decode()
    return {"items": items, "nextPageToken": following, "pageSize": size, "size": len(items)}


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items() if key != "_parent"}
    return [_shown(item) for item in value] if isinstance(value, list) else value


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per answer
    state: ModelRegistry

    def _serve(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        parts = urlsplit(self.path)
        with self.state.lock:
            how = self._failure()
            code, answer = (500, _error(500, "database is gone")) if how == "before" else self._answered(parts, body)
            self.state.is_down = self.state.is_down or how == "gone"
        if how in ("lost", "gone"):
            self.close_connection = True
            return
        text = json.dumps(_shown(answer)).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _failure(self) -> str:
        if self.command == "GET":
            return ""
        self.state.writes += 1
        return self.state.fails.get(self.state.writes - 1, "")

    def _answered(self, parts: Any, body: Any) -> tuple[int, Entity]:
        if self.state.is_down:
            return 503, _error(503, "down")
        if self.state.token and self.headers.get("Authorization") != f"Bearer {self.state.token}":
            return 401, _error(401, "Unauthorized")
        if (found := API.fullmatch(parts.path)) is None or found[1] not in self.state.apis:
            return 404, _error(404, "404 page not found")
        self.state.requests.append((self.command, found[2]))
        try:
            query = dict(parse_qsl(parts.query))
            return self.state.answer(self.command, found[2], query, body)
        except Refusal as refusal:
            return refusal.args[0], _error(*refusal.args)

    do_GET = do_POST = do_PATCH = _serve

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


def _error(code: int, text: str) -> Entity:
    return {"code": _REASONS.get(code, _REASONS[400]), "message": text}


@contextmanager
def serving() -> Iterator[ModelRegistry]:
    """Serve a new registry, whose address is its ``uri``; the client asks again at once where it does not answer."""
    state = ModelRegistry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.uri = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(KubeflowClient, "wait", wait_none())
            yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
