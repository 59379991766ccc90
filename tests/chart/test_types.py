"""A value of another YAML type than the chart takes is refused with its path, also deep in a list."""

import copy
import functools

import helm_python
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chart import rendering
from tests.chart.test_values import SCHEMA, leaves, merged

LEAVES = sorted(leaves(rendering.values()))
OTHERS = (True, 7, "?", [{}], {"?": [1]}, None)
# A default of every pipeline is a text or, for `overrides`, an object.
TAKEN = {("pipelines.defaults.pool", dict)}
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)


@functools.cache
def defaults():
    return rendering.values()


def value_at(path):
    return functools.reduce(lambda values, key: values[key], path.split("."), defaults())


def is_another_type(path, other):
    value = value_at(path)
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (value, other))
    return type(other) is not type(value) and not numbers and (path, type(other)) not in TAKEN


def errors_of(path, other):
    """Validate the top-level value that another one is set in; null removes a default, as Helm does before it does."""
    top, *below = path.split(".")
    if not below and other is None:
        values = {key: value for key, value in defaults().items() if key != top}
        return [each for each in VALIDATOR.iter_errors(values) if top in each.message]
    part = copy.deepcopy({top: defaults()[top]})
    *parents, last = [top, *below]
    found = functools.reduce(lambda values, key: values[key], parents, part)
    if other is None:
        del found[last]
    else:
        found[last] = other
    return list(VALIDATOR.descend(part[top], SCHEMA["properties"][top], path=top))


CASES = [(path, other) for path in LEAVES for other in OTHERS if is_another_type(path, other)]
# Maps whose keys are the user's need not have the one that is the default.
OPEN = ("pipelines.defaults.", "gpuPools.", "metrics.dashboard.labels.")


@pytest.mark.parametrize("path", LEAVES)
def test_every_other_type_is_refused_at_its_place(path):
    for other in (other for each, other in CASES if each == path):
        if other is None and (path.startswith(OPEN) or ".resources." in path or path.startswith("test.resources")):
            continue
        errors = errors_of(path, other)
        place = path.split(".")[:-1] if other is None else path.split(".")
        assert [list(error.absolute_path)[: len(place)] for error in errors] == [place], (path, other)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([(path, other) for path, other in CASES if other is not None]))
def test_helm_tells_the_path(case):
    path, other = case
    with pytest.raises(helm_python.HelmValuesError) as told:
        rendering.render(merged({}, path, other))
    assert f"/{path.replace('.', '/')}" in str(told.value)


DEEP = [
    ("gpuPools.gpu.tolerations", [{"key": "gpu", "value": True}], "/gpuPools/gpu/tolerations/0/value"),
    ("gpuPools.gpu.tolerations", [{"key": "gpu", "efect": "NoSchedule"}], "/gpuPools/gpu/tolerations/0"),
    ("gpuPools.gpu.tolerations", [{"tolerationSeconds": "60"}], "/gpuPools/gpu/tolerations/0/tolerationSeconds"),
    ("gpuPools.gpu.tolerations", {"key": "gpu"}, "/gpuPools/gpu/tolerations"),
    ("gpuPools.gpu.nodeSelector", {"gpu": True}, "/gpuPools/gpu/nodeSelector/gpu"),
    ("gpuPools.gpu.nodeSelector", ["gpu=true"], "/gpuPools/gpu/nodeSelector"),
    ("gpuPools.gpu.cpu", None, "/gpuPools/gpu/cpu"),
    ("gpuPools.gpu.cpu", 8, "/gpuPools/gpu/cpu"),
    ("gpuPools.gpu.nodes", "2", "/gpuPools/gpu/nodes"),
    ("gpuPools.gpu.env", [{"name": "A", "value": 1}], "/gpuPools/gpu/env/0/value"),
    ("gpuPools.gpu.env", {"A": "1"}, "/gpuPools/gpu/env"),
    ("gpuPools.gpu.env", [{"value": "1"}], "/gpuPools/gpu/env/0"),
    (
        "gpuPools.gpu.env", [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s"}}}],
        "/gpuPools/gpu/env/0/valueFrom/secretKeyRef",
    ),
    ("gpuPools.gpu.affinity", {"nodeAfinity": {}}, "/gpuPools/gpu/affinity"),
    (
        "gpuPoolDefaults.affinity",
        {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": {}}}},
        "/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms",
    ),
    ("mlflow.resources.requests", {"cpu": True}, "/mlflow/resources/requests/cpu"),
    ("mlflow.resources.requests", {"memory": "2 GB"}, "/mlflow/resources/requests/memory"),
    ("networkPolicy.mlflow.from", [{"namespaceSelector": {"matchLabels": {"a": 1}}}], "/matchLabels/a"),
    ("networkPolicy.mlflow.from", [{}], "/networkPolicy/mlflow/from/0"),
    ("networkPolicy.kfp.to", [{"ipBlock": {"cidr": ["10.0.0.0/8"]}}], "/networkPolicy/kfp/to/0/ipBlock/cidr"),
    ("networkPolicy.extraEgress.jobs", [{"ports": [443]}], "/networkPolicy/extraEgress/jobs/0/ports/0"),
    ("networkPolicy.dns.ports", ["53"], "/networkPolicy/dns/ports/0"),
    ("serving.follower.smokePrompts", ["hello"], "/serving/follower/smokePrompts/0"),
    ("serving.follower.smokePrompts", [{"prompt": "x", "max_token": 1}], "/serving/follower/smokePrompts/0"),
    ("admission.publishers", [{"kind": "ServiceAccount", "name": 1}], "/admission/publishers/0/name"),
    ("kueue.priorityClasses", {"urgent": "1000"}, "/kueue/priorityClasses/urgent"),
    ("profiles", {"mine": {"seed": 1}}, "/profiles/mine"),
    ("mlflow", None, "missing property 'mlflow'"),
    ("storage.sharedVolume", None, "missing property 'sharedVolume'"),
    ("image.tag", 1.0, "/image/tag"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "told"), DEEP)
def test_a_wrong_type_in_a_map_or_a_list_is_told_with_its_path(path, value, told):
    with pytest.raises(helm_python.HelmValuesError) as caught:
        rendering.render(merged({}, path, value))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("gpuPools.gpu.tolerations", [{"key": "gpu", "operator": "Equal", "value": "true", "effect": "NoSchedule"}]),
        ("gpuPools.gpu.env", [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]),
        (
            "gpuPools.gpu.affinity",
            {
                "podAntiAffinity": {
                    "preferredDuringSchedulingIgnoredDuringExecution": [
                        {"weight": 1, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
                    ]
                }
            },
        ),
        ("networkPolicy.extraEgress.jobs", [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": []}}]}]),
        ("mlflow.resources.requests", {"cpu": 2, "memory": "1.5Gi", "nvidia.com/gpu": 1}),
    ],
)
def test_what_kubernetes_takes_is_taken(path, value):
    VALIDATOR.validate(merged(copy.deepcopy(defaults()), path, value))
