"""No rendering has a misconfiguration that trivy calls high or critical."""

import json
import shutil

import pytest
import yaml

from charts.places import CHART
from tests import trivy
from tests.chart import rendering
from tests.chart.variants import VARIANTS

pytestmark = pytest.mark.xdist_group("chart-trivy")

Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def as_pods(objects):
    """Return objects, with each runtime's pod as a Pod, because trivy does not look into custom objects."""
    for each in objects:
        if each["kind"].endswith("TrainingRuntime"):
            metadata = {"name": each["metadata"]["name"], "namespace": each["metadata"].get("namespace", "team-a")}
            yield {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": rendering.pod_specs(each)[0]}
        elif each["kind"] not in ("Pipeline", "PipelineVersion"):
            yield each


def different():
    """Return the objects of all renderings; of those that only metadata tells apart, one."""
    found = {
        (each["kind"], each["metadata"]["name"], json.dumps({**each, "metadata": None}, sort_keys=True)): each
        for values in VARIANTS.values()
        for each in as_pods(rendering.render(values))
        if not each["metadata"]["name"].startswith("codekiln-pipeline-")
    }
    return list(found.values())


def privileged():
    pod = rendering.pod_specs(rendering.render())[0]
    container = {**pod["containers"][0], "securityContext": {"privileged": True}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {**pod, "containers": [container]}}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What one scan says of the chart as trivy renders it, of all renderings, and of a pod that may do anything."""
    folder = tmp_path_factory.mktemp("trivy")
    shutil.copytree(CHART, folder / "scan" / "chart")
    (folder / "scan" / "all.yaml").write_text(yaml.dump_all(different(), Dumper=Dumper))
    (folder / "scan" / "bad.yaml").write_text(yaml.dump(privileged(), Dumper=Dumper))
    ran = trivy.scan(folder / "scan", "--format=json", cache=folder / "cache")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)["Results"]


def serious(results, target):
    looked_at = [each for each in results if each["Target"].startswith(target)]
    assert sum(each["MisconfSummary"]["Successes"] for each in looked_at) > 50
    return {
        f"{problem['ID']} {each['Target']}: {problem['Message']}"
        for each in looked_at
        for problem in each.get("Misconfigurations", [])
        if problem["Severity"] in ("HIGH", "CRITICAL")
    }


def test_nothing_serious_in_the_chart_as_trivy_renders_it(results):
    assert not serious(results, "chart/")


def test_nothing_serious_in_any_rendering(results):
    assert not serious(results, "all.yaml")


def test_trivy_notices_a_pod_that_may_do_anything(results):
    assert any("privileged" in each for each in serious(results, "bad.yaml"))
