"""Custom objects against their models and definitions, as an API server would judge them.

Jobs and runtimes are held against the models of ``tests/api_models.py``. What no package has a model of is held against
the definitions in ``tests/data/definitions``. A folder with full definitions, ``$CODEKILN_CRDS`` or ``../shared/crds``
beside the repository, adds the schemas and CEL rules of jobs and runtimes, and replaces the shipped ones.
"""

import copy
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import celpy
import jsonschema
import pytest
import yaml
from celpy.adapter import json_to_cel

from tests import api_models

_SHIPPED = Path(__file__).parent / "data" / "definitions"
_BESIDE = Path(__file__).parents[2] / "shared" / "crds"
_OPEN = "x-kubernetes-preserve-unknown-fields"
_LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def require() -> None:
    """Skip the calling test where the definitions of jobs and runtimes are not at hand."""
    if not any(_folder().glob("*.yaml")):
        pytest.skip("no package has the CEL rules of jobs and runtimes; CODEKILN_CRDS names a folder of definitions")


def assert_valid(document: dict[str, Any]) -> None:
    """Fail with every reason for which an API server would refuse ``document``."""
    found = errors(document)
    assert not found, f"{document.get('kind')} {document.get('metadata', {}).get('name')}:\n  " + "\n  ".join(found)


def errors(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with a custom object: model, schema, then metadata, keys of lists and CEL rules.

    Rules about a change (``oldSelf``) are skipped: there is one object, not two.
    """
    assert has(document), f"neither a model nor a definition of {document['kind']} {document['apiVersion']}"
    defined = (document["apiVersion"], document["kind"]) in _index()
    found = api_models.errors(document) if api_models.has(document) else []
    found += _schema_errors(document) if defined else []
    if found:
        return found
    return [*metadata_errors(document), *(_rule_errors(document) if defined else [])]


def has(document: dict[str, Any]) -> bool:
    """Return whether there is a model or a definition for ``document``."""
    return api_models.has(document) or (document["apiVersion"], document["kind"]) in _index()


def metadata_errors(document: dict[str, Any]) -> list[str]:
    """Return what is wrong with the name, labels and annotations of any Kubernetes object."""
    metadata = document.get("metadata", {})
    name = metadata.get("name", "")
    found = [] if _NAME.fullmatch(name) and len(name) <= 253 else [f"metadata.name: '{name}' is no DNS subdomain"]
    for kind in ("labels", "annotations"):
        for key, value in (metadata.get(kind) or {}).items():
            if not _KEY.fullmatch(key):
                found.append(f"metadata.{kind}: '{key}' is no qualified name")
            if not isinstance(value, str):
                found.append(f"metadata.{kind}.{key}: {value!r} is no string")
            elif kind == "labels" and not (_LABEL.fullmatch(value) and len(value) <= 63):
                found.append(f"metadata.labels.{key}: '{value}' is no label value")
    return found


def _folder() -> Path:
    """Return where full definitions would be."""
    return Path(os.environ.get("CODEKILN_CRDS") or _BESIDE)


@cache
def _index() -> dict[tuple[str, str], Path]:
    """Map (apiVersion, kind) to the file that defines it, without parsing the large files."""
    found = {}
    for path in [*sorted(_SHIPPED.glob("*.yaml")), *sorted(_folder().glob("*.yaml"))]:
        text = path.read_text(encoding="utf-8")
        group = re.search(r"^  group: (\S+)$", text, re.M)
        kind = re.search(r"^    kind: (\S+)$", text, re.M)
        for version in re.findall(r"^(?:  - |    )name: (v\d\w*)$", text, re.M):
            found[f"{group[1]}/{version}", kind[1]] = path
    return found


@cache
def _schema(api_version: str, kind: str) -> dict[str, Any]:
    path = _index()[api_version, kind]
    loaded = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    versions = {v["name"]: v["schema"]["openAPIV3Schema"] for v in loaded["spec"]["versions"]}
    return versions[api_version.rpartition("/")[2]]


@cache
def _validator(api_version: str, kind: str) -> jsonschema.Draft202012Validator:
    root = dict(_schema(api_version, kind))
    root["properties"] = {**root["properties"], "metadata": {"type": "object", _OPEN: True}}
    return jsonschema.Draft202012Validator(_closed(root))


def _schema_errors(document: dict[str, Any]) -> list[str]:
    api_version, kind = document["apiVersion"], document["kind"]
    full = _with_defaults(copy.deepcopy(document), _schema(api_version, kind))
    return [f"{e.json_path}: {e.message[:300]}" for e in _validator(api_version, kind).iter_errors(full)]


def _rule_errors(document: dict[str, Any]) -> list[str]:
    schema = _schema(document["apiVersion"], document["kind"])
    return _walk(_with_defaults(copy.deepcopy(document), schema), schema, "$")


def _closed(schema: Any) -> Any:
    """Return a schema as JSON Schema that refuses unknown fields, as strict field validation does."""
    if not isinstance(schema, dict):
        return schema
    closed = {k: v for k, v in schema.items() if k not in ("properties", "items", "additionalProperties", "format")}
    if "properties" in schema:
        closed["properties"] = {name: _closed(child) for name, child in schema["properties"].items()}
        closed["additionalProperties"] = bool(schema.get(_OPEN))
    if "additionalProperties" in schema:
        closed["additionalProperties"] = _closed(schema["additionalProperties"])
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    if schema.get("x-kubernetes-int-or-string"):
        closed.pop("type", None)
        closed["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    return {"anyOf": [closed, {"type": "null"}]} if schema.get("nullable") else closed


def _with_defaults(value: Any, schema: dict[str, Any]) -> Any:
    """Fill in the defaults of a schema, which the API server does before it evaluates rules."""
    if isinstance(value, dict):
        for name, child in schema.get("properties", {}).items():
            if name not in value and "default" in child:
                value[name] = copy.deepcopy(child["default"])
            if name in value:
                value[name] = _with_defaults(value[name], child)
    if isinstance(value, list):
        value = [_with_defaults(item, schema.get("items", {})) for item in value]
    return value


def _walk(value: Any, schema: dict[str, Any], path: str) -> list[str]:
    """Return what CEL rules and the keys of list maps and sets refuse, here and below."""
    found = [f"{path}: {message}" for message in _broken_rules(value, schema)]
    if isinstance(value, dict):
        extra = schema.get("additionalProperties")
        for name, child in value.items():
            below = schema.get("properties", {}).get(name) or (extra if isinstance(extra, dict) else {})
            found += _walk(child, below, f"{path}.{name}")
    if isinstance(value, list):
        found += [f"{path}: {message}" for message in _repeated(value, schema)]
        for number, child in enumerate(value):
            found += _walk(child, schema.get("items", {}), f"{path}[{number}]")
    return found


def _broken_rules(value: Any, schema: dict[str, Any]) -> list[str]:
    found = []
    for rule in schema.get("x-kubernetes-validations", []):
        if "oldSelf" in rule["rule"]:
            continue
        try:
            kept = _program(rule["rule"]).evaluate({"self": json_to_cel(value)})
        except celpy.CELEvalError as error:
            found.append(f"rule {rule['rule']!r} cannot be evaluated: {error}")
            continue
        if not kept:
            found.append(rule.get("message") or f"breaks the rule {rule['rule']!r}")
    return found


@cache
def _program(rule: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(rule))


def _repeated(value: list[Any], schema: dict[str, Any]) -> list[str]:
    kind = schema.get("x-kubernetes-list-type")
    if kind == "set":
        keys = [repr(item) for item in value]
    elif kind == "map":
        keys = [repr([item.get(key) for key in schema["x-kubernetes-list-map-keys"]]) for item in value]
    else:
        return []
    return [f"{key} occurs twice" for key in sorted({key for key in keys if keys.count(key) > 1})]
