"""An upgrade, and a rollback, changes nothing that Kubernetes does not let change, and loses no data."""

import shutil

import pytest
import yaml

from charts.places import CHART
from tests.chart import rendering
from tests.chart.rendering import of_kind, one
from tests.chart.variants import VARIANTS

# Kubernetes refuses a change of these, of everything else in the object it takes one.
IMMUTABLE = {
    "Deployment": lambda each: each["spec"]["selector"],
    "StatefulSet": lambda each: {
        key: value
        for key, value in each["spec"].items()
        if key not in ("replicas", "template", "updateStrategy", "ordinals", "minReadySeconds")
    },
    "PersistentVolumeClaim": lambda each: each["spec"],
    "RoleBinding": lambda each: each["roleRef"],
    "ClusterRoleBinding": lambda each: each["roleRef"],
    "LocalQueue": lambda each: each["spec"]["clusterQueue"],
    "PipelineVersion": lambda each: each["spec"],
    "Job": lambda each: each["spec"]["template"],
}


@pytest.fixture(scope="module")
def next_chart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("next") / "codekiln"
    shutil.copytree(CHART, folder)
    chart = yaml.safe_load((folder / "Chart.yaml").read_text())
    (folder / "Chart.yaml").write_text(yaml.safe_dump({**chart, "version": "9.9.9", "appVersion": "9.9.9"}))
    return folder


def fixed(objects):
    return {
        (each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]): IMMUTABLE[each["kind"]](each)
        for each in objects
        if each["kind"] in IMMUTABLE
    }


@pytest.mark.parametrize("name", VARIANTS)
def test_an_upgrade_changes_nothing_that_may_not_change(name, next_chart):
    before, after = fixed(rendering.render(VARIANTS[name])), fixed(rendering.render(VARIANTS[name], next_chart))
    assert before
    for key in before.keys() & after.keys():
        assert before[key] == after[key], key
    lasting = {key for key in before if key[0] not in ("PipelineVersion", "Job")}
    assert lasting <= after.keys()


def test_the_next_version_is_another_rendering(next_chart):
    image = "codekiln/train:9.9.9"
    assert image in str(rendering.render({}, next_chart))
    assert image not in str(rendering.render())


def test_other_sizes_images_and_labels_leave_the_database_as_it_is():
    changes = {"commonLabels": {"team": "a"}, "image": {"tag": "7"}, "mlflow": {"workers": 9}}
    before, after = fixed(rendering.render()), fixed(rendering.render(changes))
    key = ("StatefulSet", rendering.NAMESPACE, "codekiln-postgresql")
    assert before[key] == after[key]


@pytest.mark.parametrize("name", VARIANTS)
def test_what_holds_data_outlives_the_release(name):
    objects = rendering.render(VARIANTS[name])
    for each in of_kind(objects, "PersistentVolumeClaim"):
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
        assert "helm.sh/hook" not in each["metadata"]["annotations"]
    for each in of_kind(objects, "Secret"):
        assert each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


@pytest.mark.parametrize("name", VARIANTS)
def test_one_label_finds_every_volume_and_no_template_of_claims_has_another(name):
    ours = {"app.kubernetes.io/part-of": "codekiln"}
    objects = rendering.render(VARIANTS[name])
    for each in of_kind(objects, "PersistentVolumeClaim"):
        assert each["metadata"]["labels"].items() >= ours.items(), each["metadata"]["name"]
    for each in of_kind(objects, "StatefulSet"):
        for template in each["spec"]["volumeClaimTemplates"]:
            assert template["metadata"]["labels"] == ours


def test_selectors_pick_their_own_pods_and_no_others():
    objects = rendering.render({"vllm": {"enabled": True, "model": "m"}})
    servers = of_kind(objects, "Deployment", "StatefulSet")
    pods = {each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"] for each in servers}
    for service in of_kind(objects, "Service"):
        selector = service["spec"]["selector"].items()
        assert [name for name, labels in pods.items() if selector <= labels.items()] == [service["metadata"]["name"]]
    for server in servers:
        selector = server["spec"]["selector"]["matchLabels"].items()
        assert [name for name, labels in pods.items() if selector <= labels.items()] == [server["metadata"]["name"]]


def test_two_servers_never_share_a_volume_or_a_migration():
    for each in of_kind(rendering.render({"vllm": {"enabled": True, "model": "m"}}), "Deployment"):
        assert each["spec"]["strategy"] == {"type": "Recreate"}
    assert one(rendering.render(), "StatefulSet", "codekiln-postgresql")["spec"]["replicas"] == 1
