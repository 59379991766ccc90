"""The queues that the chart makes."""

import pytest
from kubernetes.utils import parse_quantity

from codekiln.launch.pools import Cluster
from tests.chart import rendering
from tests.chart.rendering import examples, of_kind, one

KUEUE = examples()["kueue"]


def quotas(objects, queue, flavor):
    groups = one(objects, "ClusterQueue", queue)["spec"]["resourceGroups"]
    found = next(each for group in groups for each in group["flavors"] if each["name"] == flavor)
    return {each["name"]: parse_quantity(each["nominalQuota"]) for each in found["resources"]}


def test_a_queue_admits_as_many_nodes_as_the_pool_says():
    objects = rendering.render(KUEUE)
    gibibyte = 2**30
    small = quotas(objects, "codekiln-small", "codekiln-l40s")
    large = quotas(objects, "codekiln-large", "codekiln-h200")
    assert small == {"cpu": 8 * 8, "memory": 8 * 64 * gibibyte, "nvidia.com/gpu": 8}
    assert large == {"cpu": 2 * 96, "memory": 2 * 1200 * gibibyte, "nvidia.com/gpu": 16}


@pytest.mark.parametrize(
    ("cpu", "memory", "nodes", "total"),
    [("500m", "1Gi", 3, (1.5, 3 * 2**30)), ("2", "1.5Gi", 2, (4, 3 * 2**30)), ("1", "68719476736", 2, (2, 2**37))],
)
def test_quantities_are_multiplied_whatever_their_unit(cpu, memory, nodes, total):
    pool = {"queue": "q", "cpu": cpu, "memory": memory, "nodes": nodes}
    found = quotas(
        rendering.render({"gpuPools": {"gpu": pool}, "kueue": {"create": True}}), "codekiln-q", "codekiln-gpu"
    )
    assert (float(found["cpu"]), float(found["memory"])) == total


def test_one_job_of_each_pool_fits_into_its_queue():
    objects = rendering.render(KUEUE)
    cluster = Cluster.model_validate_json(one(objects, "ConfigMap", "codekiln")["data"]["cluster.json"])
    for name, pool in cluster.pools.items():
        local = one(objects, "LocalQueue", pool.queue)
        quota = quotas(objects, local["spec"]["clusterQueue"], f"codekiln-{name}")
        assert pool.nodes * parse_quantity(pool.cpu) <= quota["cpu"]
        assert pool.nodes * parse_quantity(pool.memory) <= quota["memory"]
        assert pool.nodes * pool.accelerators <= quota[pool.accelerator]
        classes = {each["metadata"]["name"] for each in of_kind(objects, "WorkloadPriorityClass")}
        assert pool.priority_class in {"", *classes}


def test_pools_that_share_a_queue_are_flavors_of_it_with_the_same_resources():
    pools = {"gpu": {"queue": "q"}, "amd": {"queue": "q", "accelerator": "amd.com/gpu"}}
    objects = rendering.render({"gpuPools": pools, "kueue": {"create": True}})
    assert quotas(objects, "codekiln-q", "codekiln-gpu")["amd.com/gpu"] == 0
    assert quotas(objects, "codekiln-q", "codekiln-amd")["amd.com/gpu"] == 1
    assert len(of_kind(objects, "LocalQueue")) == 1


def test_every_namespace_of_runs_gets_its_queue_and_no_other_may_use_it():
    values = {**KUEUE, "runs": {"namespaces": ["team-a", "team-b"]}}
    objects = rendering.render(values)
    places = {(each["metadata"]["namespace"], each["metadata"]["name"]) for each in of_kind(objects, "LocalQueue")}
    assert places == {(team, queue) for team in ("team-a", "team-b") for queue in ("small", "large")}
    for each in of_kind(objects, "ClusterQueue"):
        assert each["spec"]["namespaceSelector"]["matchExpressions"][0]["values"] == ["team-a", "team-b"]


def test_a_flavor_is_the_pools_nodes():
    objects = rendering.render(KUEUE)
    for name in ("l40s", "h200"):
        flavor = one(objects, "ResourceFlavor", f"codekiln-{name}")
        assert flavor["spec"]["nodeLabels"] == KUEUE["gpuPools"][name]["nodeSelector"]
