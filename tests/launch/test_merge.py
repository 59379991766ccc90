import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from codekiln.errors import InputError
from codekiln.launch.objects.affinity import merge_affinity
from codekiln.launch.objects.placement import (
    _STEP_ONLY,
    Placement,
    apply_task_config,
    pool_placement,
    withheld_secrets,
    without_empty,
)
from codekiln.launch.objects.resources import accelerators
from tests.launch.steps import pool

NAMES = st.sampled_from(["a", "b", "c"])
WORDS = st.sampled_from(["x", "y", ""])
ENV = st.lists(
    st.builds(lambda n, v: {"name": n.upper(), "value": v}, NAMES, WORDS), unique_by=lambda each: each["name"]
)
VOLUMES = st.lists(
    st.builds(lambda n, c: {"name": n, "persistentVolumeClaim": {"claimName": c}}, NAMES, NAMES),
    unique_by=lambda each: each["name"],
)
TOLERATIONS = st.lists(
    st.builds(
        lambda k, s: {"key": k, "operator": "Exists", "tolerationSeconds": s}, NAMES, st.sampled_from([0, 1, None])
    )
)
EXPRESSION = st.builds(lambda k, v: {"key": k, "operator": "In", "values": [v]}, NAMES, NAMES)
TERM = st.builds(lambda e: {"matchExpressions": e}, st.lists(EXPRESSION, min_size=1, max_size=2))
NODE = st.builds(
    lambda terms: {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}},
    st.lists(TERM, min_size=1, max_size=2),
)
PODS = st.builds(
    lambda keys: {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": key} for key in keys]},
    st.lists(NAMES, min_size=1, max_size=2),
)
AFFINITY = st.fixed_dictionaries({}, optional={"nodeAffinity": NODE, "podAntiAffinity": PODS})
AMOUNTS = st.dictionaries(st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]), st.sampled_from(["1", "2"]))
RESOURCES = st.fixed_dictionaries({}, optional={"requests": AMOUNTS, "limits": AMOUNTS})


@st.composite
def settings(draw):
    volumes = draw(VOLUMES)
    mounted = st.sampled_from([each["name"] for each in volumes]) if volumes else st.nothing()
    mounts = st.builds(lambda n, p: {"name": n, "mountPath": f"/{p}"}, mounted, NAMES)
    return {
        "env": draw(ENV),
        "volumes": volumes,
        "volume_mounts": draw(st.lists(mounts, unique_by=lambda each: each["mountPath"])) if volumes else [],
        "node_selector": draw(st.dictionaries(NAMES, NAMES)),
        "tolerations": draw(TOLERATIONS),
        "affinity": draw(AFFINITY),
        "resources": draw(RESOURCES),
    }


@st.composite
def placements(draw):
    values = draw(settings())
    values["mounts"] = tuple(values.pop("volume_mounts"))
    values["selector"] = values.pop("node_selector")
    values |= {key: tuple(values[key]) for key in ("env", "volumes", "tolerations")}
    return Placement(**values, accelerator="nvidia.com/gpu")


@limits(deadline=None, max_examples=60)
@given(placements(), settings())
def test_the_same_settings_twice_change_nothing_more(base, task):
    once = apply_task_config(base, task)
    assert apply_task_config(once, task) == once


@limits(deadline=None, max_examples=60)
@given(placements(), settings())
def test_nothing_that_the_task_sets_is_lost(base, task):
    merged = apply_task_config(base, task)
    assert {each["name"]: without_empty(each) for each in task["env"]}.items() <= {
        e["name"]: without_empty(e) for e in merged.env
    }.items()
    assert task["node_selector"].items() <= merged.selector.items()
    assert all(
        each in merged.tolerations or without_empty(each) in map(without_empty, merged.tolerations)
        for each in task["tolerations"]
    )
    for part, amounts in task["resources"].items():
        assert amounts.items() <= merged.resources[part].items()
    claims = {each["name"]: each["persistentVolumeClaim"]["claimName"] for each in merged.volumes}
    wanted = {each["name"]: each["persistentVolumeClaim"]["claimName"] for each in task["volumes"]}
    at = {each["mountPath"]: claims[each["name"]] for each in merged.mounts}
    assert {each["mountPath"]: wanted[each["name"]] for each in task["volume_mounts"]}.items() <= at.items()


@limits(deadline=None, max_examples=60)
@given(placements(), settings())
def test_nothing_of_the_pool_is_lost_that_the_task_does_not_set(base, task):
    merged = apply_task_config(base, task)
    names = {each["name"] for each in task["env"]}
    assert all(each in merged.env for each in base.env if each["name"] not in names)
    assert all(without_empty(each) in map(without_empty, merged.tolerations) for each in base.tolerations)
    assert all(each in merged.volumes for each in base.volumes)
    paths = {each["mountPath"] for each in task["volume_mounts"]}
    assert all(each in merged.mounts for each in base.mounts if each["mountPath"] not in paths)
    assert {**base.selector, **task["node_selector"]} == merged.selector


@limits(deadline=None, max_examples=60)
@given(placements(), settings())
def test_names_paths_and_tolerations_stay_unique(base, task):
    merged = apply_task_config(base, task)
    for items, key in ((merged.env, "name"), (merged.volumes, "name"), (merged.mounts, "mountPath")):
        values = [each[key] for each in items]
        assert len(values) == len(set(values))
    requests, limits = merged.resources["requests"], merged.resources["limits"]
    assert merged.processes == max(1, int(limits.get("nvidia.com/gpu", 0)))
    assert {name for amounts in task["resources"].values() for name in amounts} <= set(requests)


def admits(node_affinity, labels):
    terms = node_affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    return any(all(labels[each["key"]] in each["values"] for each in term["matchExpressions"]) for term in terms)


@limits(deadline=None, max_examples=60)
@given(NODE, NODE, st.fixed_dictionaries({"a": NAMES, "b": NAMES, "c": NAMES}))
def test_a_node_is_admitted_when_pool_and_task_both_admit_it(one, other, labels):
    merged = merge_affinity({"nodeAffinity": one}, {"nodeAffinity": other})["nodeAffinity"]
    assert admits(merged, labels) == (admits(one, labels) and admits(other, labels))


@pytest.mark.parametrize(
    "name",
    [*_STEP_ONLY, "KFP_POD_NAME", "PET_NNODES"],
)
def test_variables_of_the_step_alone_do_not_reach_the_job(name):
    assert apply_task_config(Placement(), {"env": [{"name": name, "value": "x"}]}).env == ()


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "MLFLOW_TRACKING_TOKEN", "value": "abc"},
        {"name": "AWS_ACCESS_KEY_ID", "value": "abc"},
        {"name": "CODEKILN_API_KEY", "value": "abc"},
        {"name": "MLFLOW_TRACKING_PASSWORD", "value": "abc"},
        {"name": "HTTPS_PROXY", "value": "http://user:secret@proxy:3128"},
    ],
)
def test_a_secret_in_plain_text_never_reaches_the_job_and_is_named(variable):
    task = {"env": [variable, {"name": "A", "value": "1"}]}
    assert [each["name"] for each in apply_task_config(Placement(), task).env] == ["A"]
    assert withheld_secrets(task) == [variable["name"]]


@pytest.mark.parametrize(
    "variable",
    [
        {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "codekiln", "key": "HF_TOKEN"}}},
        {"name": "TOKENIZERS_PARALLELISM", "value": "false"},
        {"name": "MLFLOW_TRACKING_URI", "value": "http://mlflow:5000"},
        {"name": "MLFLOW_TRACKING_TOKEN", "value": ""},
    ],
)
def test_references_and_harmless_values_reach_the_job(variable):
    assert apply_task_config(Placement(), {"env": [variable]}).env == (variable,)
    assert withheld_secrets({"env": [variable]}) == []


def test_a_mount_without_a_volume_is_a_mistake_of_the_user():
    with pytest.raises(InputError, match="neither the task nor the pool has"):
        apply_task_config(Placement(), {"volume_mounts": [{"name": "scratch", "mountPath": "/scratch"}]})


@pytest.mark.parametrize(
    ("task", "requests", "limits"),
    [
        ({}, {"cpu": "8", "memory": "64Gi"}, {"memory": "64Gi"}),
        ({"limits": {"memory": "32Gi"}}, {"cpu": "8", "memory": "32Gi"}, {"memory": "32Gi"}),
        ({"requests": {"memory": "96Gi"}}, {"cpu": "8", "memory": "96Gi"}, {"memory": "96Gi"}),
        ({"limits": {"cpu": "2"}}, {"cpu": "2", "memory": "64Gi"}, {"cpu": "2", "memory": "64Gi"}),
        ({"requests": {"cpu": "2"}}, {"cpu": "2", "memory": "64Gi"}, {"memory": "64Gi"}),
    ],
)
def test_a_request_is_never_above_its_limit_unless_the_task_says_so(task, requests, limits):
    merged = apply_task_config(pool_placement(pool(accelerators=0)), {"resources": task})
    assert merged.resources == {"requests": requests, "limits": limits}
    assert accelerators(merged.resources, merged.accelerator) == 0
