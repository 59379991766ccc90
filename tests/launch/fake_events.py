"""What the API server checks about an event that is created or changed through ``v1``.

The rules are those of ``legacyValidateEvent`` in kubernetes/kubernetes, pkg/apis/core/validation/events.go, which is
all that holds for this version; the name is the general rule for objects, and numbers and times are what its decoder
takes. A field that it does not know it drops with a warning that nobody sees, so here that is an error.
"""

import re

from kubernetes import client

from tests.launch.fake_objects import NAMESPACE, Answer, Object

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = re.compile(r"([a-z0-9.-]+/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_PARTS = {"involvedObject": client.V1ObjectReference, "source": client.V1EventSource}


def check_event(body: Object) -> None:
    """Raise the answer of an API server to an event that it refuses."""
    _check_form(body)
    name = body.get("metadata", {}).get("name", "")
    if not name:
        raise _invalid(name, "metadata.name: Required value: name or generateName is required")
    if not _NAME.fullmatch(name) or len(name) > 253:
        raise _invalid(name, f'metadata.name: Invalid value: "{name}"')
    if body["metadata"].get("namespace", NAMESPACE) != NAMESPACE:
        raise Answer(400, "BadRequest", "the namespace of the object does not match the namespace on the request")
    for wrong in _with_time(body) if body.get("eventTime") else _without_time(body):
        raise _invalid(name, wrong)


def _without_time(body: Object) -> list[str]:
    about = body.get("involvedObject", {}).get("namespace", "")
    return [] if about == NAMESPACE else [f'involvedObject.namespace: Invalid value: "{about}": does not match']


def _with_time(body: Object) -> list[str]:
    limits = {"reportingInstance": 128, "action": 128, "reason": 128}
    found = [f"{field}: Required value" for field in limits if not body.get(field)]
    found += [f"{field}: can have at most {limit} characters" for field, limit in limits.items()
              if len(body.get(field, "").encode()) > limit]  # fmt: skip
    if not _QUALIFIED.fullmatch(body.get("reportingComponent", "")):
        found.append("reportingController: Invalid value")
    if len(body.get("message", "").encode()) > 1024:
        found.append("message: can have at most 1024 characters")
    return found


def _check_form(body: Object) -> None:
    """Check fields and the types of their values, in the whole object."""
    known = set(client.CoreV1Event.attribute_map.values())
    unknown = [field for field in body if field not in known]
    for part, model in _PARTS.items():
        unknown += [f"{part}.{field}" for field in body.get(part, {}) if field not in model.attribute_map.values()]
    times = [body[field] for field in ("firstTimestamp", "lastTimestamp", "eventTime") if body.get(field)]
    whole = type(body.get("count", 1)) is int
    if unknown or not whole or not all(_TIME.fullmatch(each) for each in times):
        raise Answer(400, "BadRequest", f"Event in version v1 cannot be handled: {unknown or times}")


def _invalid(name: str, why: str) -> Answer:
    return Answer(422, "Invalid", f'Event "{name}" is invalid: {why}')
