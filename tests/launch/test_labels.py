import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codekiln.launch.objects.metadata import BASE_MODEL, label_value
from codekiln.launch.objects.pytorchjob import pytorch_job
from codekiln.launch.objects.trainjob import train_job
from tests import crds
from tests.launch.steps import request

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
NAMES = [path.stem for path in (ROOT / "codekiln" / "models").glob("*.toml")]
ABOUT = {"base_model": "google/gemma-3-12b-it", "recipe": "corpus-tasks", "run": "0123456789abcdef0123456789abcdef"}
# kubernetes/apimachinery, pkg/util/validation/validation.go: IsValidLabelValue.
VALID = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


@settings(deadline=None)
@given(st.text(max_size=200))
@example("google/gemma-3-12b-it")
@example("/models/" + "x" * 300)
@example("..")
@example("\ud800")
def test_any_text_gives_a_valid_value(text):
    found = label_value(text)
    assert VALID.fullmatch(found)
    assert len(found) <= 63
    assert label_value(found) == found


def test_a_valid_text_is_its_own_value_and_others_stay_readable():
    for name in (*NAMES, "dpo_further_2", "h200"):
        assert label_value(name) == name
    assert label_value("google/gemma-3-12b-it") == "google_gemma-3-12b-it"
    long = "organisation/" + "a-model-" * 10
    assert label_value(long + "v1") != label_value(long + "v2")


def pod_labels(job):
    if job["kind"] == "PyTorchJob":
        return job["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["metadata"]["labels"]
    [patch] = job["spec"]["runtimePatches"]
    [node] = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    return node["template"]["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("make", [train_job, pytorch_job])
def test_job_and_pods_say_what_they_are(make):
    job = make(request(**ABOUT), "kubeflow")
    crds.assert_valid(job)
    assert job["metadata"]["annotations"][BASE_MODEL] == "google/gemma-3-12b-it"
    assert BASE_MODEL not in make(request(base_model="gemma3-12b"), "kubeflow")["metadata"]["annotations"]
    labels = job["metadata"]["labels"]
    assert [labels[f"codekiln.dev/{each}"] for each in ("step", "base-model", "recipe", "pool", "run")] == [
        "sft",
        "google_gemma-3-12b-it",
        "corpus-tasks",
        "a",
        ABOUT["run"],
    ]
    assert pod_labels(job).items() >= {key: text for key, text in labels.items() if "codekiln" in key}.items()


@pytest.mark.parametrize("make", [train_job, pytorch_job])
def test_what_is_unknown_gets_no_label(make):
    labels = make(request(), "kubeflow")["metadata"]["labels"]
    assert {key for key in labels if key.startswith("codekiln.dev/")} == {"codekiln.dev/step", "codekiln.dev/pool"}


def test_the_commands_of_the_guide_show_each_column():
    job = train_job(request(**ABOUT), "kubeflow") | {
        "status": {
            "conditions": [{"type": "Suspended"}, {"type": "Complete"}],
            "trainerStatus": {"progressPercentage": 43, "estimatedRemainingSeconds": 1200},
        }
    }
    [keys] = re.findall(r"get trainjobs -L (\S+)", GUIDE)
    assert all(job["metadata"]["labels"][key] for key in keys.split(","))
    [columns] = re.findall(r"get trainjobs -o custom-columns='([^']+)'", GUIDE)
    shown = {}
    for column in columns.split(","):
        title, _, path = column.partition(":")
        value = job
        for key in re.split(r"(?<!\\)\.", path.removeprefix(".")):
            value = value[key.removesuffix("[-1:]").replace("\\.", ".")]
            value = value[-1] if key.endswith("[-1:]") else value
        shown[title] = value
    assert shown == {
        "NAME": "sft-0a1b2c3d4e",
        "STEP": "sft",
        "MODEL": "google_gemma-3-12b-it",
        "STATE": "Complete",
        "DONE": 43,
        "LEFT": 1200,
    }
