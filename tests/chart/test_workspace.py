"""The workspace is writable for steps from the start, because a pod with an fsGroup mounts it before them."""

import subprocess
import sys

from charts import chart
from tests.chart import rendering
from tests.chart.rendering import of_kind, pod_specs
from tests.chart.variants import VARIANTS


def jobs(objects):
    return [each for each in of_kind(objects, "Job") if each["metadata"]["name"].startswith("codekiln-workspace-")]


def names(values):
    return [each["metadata"]["name"] for each in jobs(rendering.render(values))]


def test_every_namespace_of_runs_gets_one_that_mounts_the_claim_of_the_steps():
    for values, claim in (({}, "codekiln-workspace"), (VARIANTS["existing-claims"], "files")):
        made = jobs(rendering.render({**values, "runs": {"namespaces": ["team-a", "team-b"]}}))
        assert [each["metadata"]["namespace"] for each in made] == ["team-a", "team-b"]
        for each in made:
            pod = pod_specs(each)[0]
            assert {"name": "workspace", "persistentVolumeClaim": {"claimName": claim}} in pod["volumes"]
            assert pod["securityContext"]["fsGroup"] == 0
            assert pod["serviceAccountName"] == "codekiln-job"


def test_it_goes_before_the_upload_and_goes_away():
    objects = rendering.render()
    first = jobs(objects)[0]["metadata"]["annotations"]
    upload = next(each for each in of_kind(objects, "Job") if "upload" in each["metadata"]["name"])
    then = upload["metadata"]["annotations"]
    assert first["helm.sh/hook"] == "post-install,post-upgrade"
    assert first["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"
    assert int(first["helm.sh/hook-weight"]) < int(then.get("helm.sh/hook-weight", 0))


def tried(place):
    container = pod_specs(jobs(rendering.render())[0])[0]["containers"][0]
    assert (container["command"], container["args"][0].count('"/codekiln"')) == (["python", "-c"], 1)
    program = container["args"][0].replace("/codekiln", str(place))
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_its_program_says_whether_the_place_can_be_written(tmp_path):
    assert tried(tmp_path).stdout == f"{tmp_path} can be written\n"
    (tmp_path / "file").touch()
    refused = tried(tmp_path / "file")
    assert refused.returncode != 0
    assert str(tmp_path / "file") in refused.stderr


def test_a_bucket_needs_none():
    assert not names(VARIANTS["object-store"])


def test_another_pod_has_another_name_and_the_same_pod_the_same():
    assert names({}) == names({"commonLabels": {"a": "b"}, "pipelines": {"mode": "none"}})
    assert names({}) != names({"image": {"tag": "7"}})


def test_without_helm_it_is_a_job_among_the_others():
    objects = chart.rendered({"pipelines": {"mode": "none"}})
    assert [each["metadata"]["name"] for each in jobs(objects)] == names({})
    assert "annotations" not in jobs(objects)[0]["metadata"]
