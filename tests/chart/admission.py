"""An API server's admission by the chart's policies: their CEL is evaluated, in the order that Kubernetes does."""

from functools import cache
from typing import Any

import celpy
from celpy.adapter import json_to_cel

from tests.chart.rendering import Object, of_kind, one

Records = dict[str, dict[str, str]]
"""Data of the ConfigMaps by namespace; one that is missing is not there."""


def refusal(objects: list[Object], given: Object, records: Records, resource: str, old: Object | None = None) -> str:
    """Return why the rendered policies refuse an object; empty where they admit it.

    Args:
        objects: Of a rendering.
        given: The object of the request.
        records: The ConfigMaps that there are.
        resource: Plural of its kind.
        old: What it was before, of an update.
    """
    for binding in of_kind(objects, "ValidatingAdmissionPolicyBinding"):
        policy = one(objects, "ValidatingAdmissionPolicy", binding["spec"]["policyName"])
        (rule,) = policy["spec"]["matchConstraints"]["resourceRules"]
        (selector,) = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert (selector["key"], selector["operator"]) == ("kubernetes.io/metadata.name", "In")
        if resource not in rule["resources"] or given["metadata"]["namespace"] not in selector["values"]:
            continue
        reference = binding["spec"]["paramRef"]
        data = records.get(reference["namespace"])
        assert binding["spec"]["validationActions"] == ["Deny"]
        assert policy["spec"]["failurePolicy"] == "Fail"
        if data is None:
            assert reference["parameterNotFoundAction"] == "Deny"
            return f"no ConfigMap {reference['name']}"
        if found := _refusal(policy["spec"], given, old, {"data": data} if data else {}):
            return found
    return ""


def _refusal(policy: Object, given: Object, old: Object | None, params: Object) -> str:
    scope: dict[str, Any] = {
        "object": json_to_cel(given),
        "oldObject": json_to_cel(old),
        "params": json_to_cel(params),
        "request": json_to_cel({"operation": "UPDATE" if old else "CREATE"}),
        "variables": json_to_cel({}),
    }
    try:
        if not all(_program(each["expression"]).evaluate(scope) for each in policy["matchConditions"]):
            return ""
        for each in policy["variables"]:
            scope["variables"][celpy.celtypes.StringType(each["name"])] = _program(each["expression"]).evaluate(scope)
        for each in policy["validations"]:
            if not _program(each["expression"]).evaluate(scope):
                return str(_program(each["messageExpression"]).evaluate(scope))
    except celpy.CELEvalError as error:
        return f"cannot be evaluated: {error}"
    return ""


@cache
def _program(text: str) -> celpy.Runner:
    environment = celpy.Environment()
    return environment.program(environment.compile(text))
