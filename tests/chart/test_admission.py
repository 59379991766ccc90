"""Only an adapter whose promotion was verified may be served, where the chart's policy is on."""

import pytest

from codekiln.registry.promotion_record import (
    ANNOTATION_FOLLOWS,
    ANNOTATION_MODEL,
    ANNOTATION_RECORD,
    VERIFIED_RECORDS,
)
from tests.chart.admission import refusal
from tests.chart.rendering import NAMESPACE, of_kind, one, render

DIGEST, MODEL = "a" * 64, "codekiln-tiny/2"
RECORDS = {NAMESPACE: {DIGEST: MODEL}}
PROVEN = {ANNOTATION_RECORD: DIGEST, ANNOTATION_MODEL: MODEL}
LORA = ["--enable-lora", "--lora-modules", "codekiln=/adapter"]
FOLLOWS = {ANNOTATION_FOLLOWS: "codekiln-tiny@champion"}
RESOURCES = ("pods", "deployments", "statefulsets", "inferenceservices")


@pytest.fixture(scope="module")
def chart():
    return render({"admission": {"enabled": True}})


def serving(resource, annotations=None, args=LORA, namespace=NAMESPACE, **container):
    """Return an object that serves an adapter."""
    about = {"name": "served", "namespace": namespace}
    marked = {"annotations": annotations} if annotations else {}
    spec = {"containers": [{"name": "vllm", "image": "vllm", "args": args, **container}]}
    if resource == "pods":
        return {"metadata": about | marked, "spec": spec}
    if resource == "inferenceservices":
        return {"metadata": about | marked, "spec": {"predictor": {"model": {"args": args}}}}
    return {"metadata": about, "spec": {"replicas": 1, "template": {"metadata": marked, "spec": spec}}}


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_verified_adapter_may_be_served_and_no_other(chart, resource):
    def refused(annotations, records=RECORDS):
        return refusal(chart, serving(resource, annotations), records, resource)

    assert refused(PROVEN) == ""
    assert "there is no codekiln.dev/model" in refused(None)
    assert f"name no verified record: {MODEL}" in refused(PROVEN | {ANNOTATION_RECORD: "b" * 64})
    assert "name no verified record: codekiln-tiny/3" in refused(PROVEN | {ANNOTATION_MODEL: "codekiln-tiny/3"})
    assert "no verified record" in refused({ANNOTATION_RECORD: DIGEST})
    assert "no verified record" in refused({ANNOTATION_MODEL: MODEL})
    # Nothing was published yet, or somebody deleted the ConfigMap.
    assert "no verified record" in refused(PROVEN, {NAMESPACE: {}})
    assert "no ConfigMap" in refused(PROVEN, {})


@pytest.mark.parametrize("resource", RESOURCES)
def test_records_of_another_namespace_do_not_count(chart, resource):
    """Whoever may write ConfigMaps where models are served publishes nothing by that."""
    guarded = render({"admission": {"enabled": True, "namespaces": [NAMESPACE, "team-a"]}})
    served = serving(resource, PROVEN, namespace="team-a")
    assert "no verified record" in refusal(guarded, served, {NAMESPACE: {}, "team-a": {DIGEST: MODEL}}, resource)
    assert refusal(guarded, served, RECORDS, resource) == ""
    assert refusal(chart, serving(resource, namespace="elsewhere"), RECORDS, resource) == ""


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_serves_no_adapter_is_not_asked(chart, resource):
    assert refusal(chart, serving(resource, {"team": "a"}, args=["--model", "/base"]), {NAMESPACE: {}}, resource) == ""
    # With an annotation of ours it says itself that it serves one.
    assert "no verified record" in refusal(
        chart, serving(resource, {ANNOTATION_MODEL: MODEL}, args=["--model", "/base"]), {NAMESPACE: {}}, resource
    )


@pytest.mark.parametrize(
    "container",
    [
        {"args": ["--enable_lora"]},
        {"args": ["--lora_modules=x=/y"]},
        {"args": [], "command": ["sh", "-c", "vllm serve /base --lora-modules x=/y"]},
        {"args": [], "env": [{"name": "VLLM_ALLOW_RUNTIME_LORA_UPDATING", "value": "True"}]},
    ],
)
def test_each_way_to_load_an_adapter_is_seen(chart, container):
    assert "no verified record" in refusal(chart, serving("pods", **container), RECORDS, "pods")
    hidden = serving("pods", args=[])
    hidden["spec"]["initContainers"] = [{"name": "vllm", "image": "vllm", "restartPolicy": "Always", **container}]
    assert "no verified record" in refusal(chart, hidden, RECORDS, "pods")


def follower(image, *args):
    served = serving("deployments", FOLLOWS)
    served["spec"]["template"]["spec"]["containers"].append({"name": "follow", "image": image, "args": list(args)})
    return served


def test_what_follows_an_alias_has_to_verify_each_version_itself(chart):
    def refused(served):
        return refusal(chart, served, {NAMESPACE: {}}, "deployments")

    assert refused(follower("codekiln/cpu:0.1.0", "follow", "--public-key=/keys/key.pub")) == ""
    assert refused(follower("codekiln/cpu:0.1.0", "follow", "--public-key", "/keys/key.pub")) == ""
    assert "no verified record" in refused(follower("codekiln/cpu:0.1.0", "follow"))
    assert "no verified record" in refused(follower("busybox", "--public-key=/keys/key.pub"))
    assert "no verified record" in refused(serving("deployments", FOLLOWS))


@pytest.mark.parametrize("resource", RESOURCES)
def test_an_update_that_changes_nothing_that_runs_and_an_end_are_let_through(chart, resource):
    before = serving(resource)
    labelled = {**before, "metadata": {**before["metadata"], "labels": {"a": "b"}}}
    assert refusal(chart, labelled, RECORDS, resource, old=before) == ""
    ending = {**before, "metadata": {**before["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert refusal(chart, ending, RECORDS, resource, old=serving(resource, args=[])) == ""
    assert "no verified record" in refusal(chart, before, RECORDS, resource, old=serving(resource, args=[]))


def test_it_is_off_unless_asked_for_and_an_upgrade_keeps_what_was_published(chart):
    assert not of_kind(render(), "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
    found = one(chart, "ConfigMap", VERIFIED_RECORDS)
    assert "data" not in found
    assert found["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_only_who_is_named_may_publish_and_only_that(chart):
    assert not [
        each for each in of_kind(chart, "RoleBinding") if each["roleRef"]["name"] == "codekiln-record-publisher"
    ]
    role = one(chart, "Role", "codekiln-record-publisher")
    (rule,) = role["rules"]
    assert (rule["resourceNames"], rule["verbs"]) == ([VERIFIED_RECORDS], ["get", "patch"])
    subject = {"kind": "ServiceAccount", "name": "release", "namespace": "ci"}
    named = render({"admission": {"enabled": True, "publishers": [subject]}})
    assert one(named, "RoleBinding", "codekiln-record-publisher")["subjects"] == [subject]


def test_a_trial_warns_and_audits():
    for action, wanted in (("Warn", ["Warn", "Audit"]), ("Audit", ["Audit"])):
        trial = render({"admission": {"enabled": True, "action": action}})
        found = of_kind(trial, "ValidatingAdmissionPolicyBinding")
        assert [each["spec"]["validationActions"] for each in found] == [wanted] * 3
