"""Kueue's Workload of a job: its conditions say why the job waits, also what no event says."""

from typing import Any

from codekiln.launch.cluster.api import ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.job_kinds import Object

KUEUE = "/apis/kueue.x-k8s.io"
KUEUE_VERSIONS = ("v1beta2", "v1beta1")


def quota_condition(api: ClusterApi, job: Object) -> Object | None:
    """Return the condition with which Kueue says why a job has no quota; None where there is none, or no Kueue."""
    for workload in _workloads(api):
        owners = workload["metadata"].get("ownerReferences") or ()
        if any(each.get("uid") == job["metadata"]["uid"] for each in owners):
            conditions: list[Object] = workload.get("status", {}).get("conditions") or []
            waits = (each for each in conditions if each.get("type") == "QuotaReserved" and each["status"] != "True")
            return next(waits, None)
    return None


def _workloads(api: ClusterApi) -> list[dict[str, Any]]:
    for version in KUEUE_VERSIONS:
        try:
            path = f"{KUEUE}/{version}/namespaces/{api.namespace}/workloads"
            items: list[dict[str, Any]] = api.list_objects(path, {})["items"]
            return items
        except RequestRefused as error:
            if error.status != 404:
                break
        except ApiUnavailable:
            break
    # A condition only explains a state; monitoring a job works without it.
    return []
