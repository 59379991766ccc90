"""A TrainJob of Kubeflow Trainer 2, ``trainer.kubeflow.org/v1alpha1`` as of v2.3."""

from collections.abc import Sequence
from typing import Any

from codekiln.launch.cluster.job_kinds import JOB_KINDS, Object
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.objects.go_form import go_form
from codekiln.launch.objects.metadata import labels, metadata
from codekiln.launch.objects.placement import Placement, apply_task_config, pool_placement, without_empty

KIND = JOB_KINDS["trainjob"]
MANAGER = "codekiln.dev/launch"


def train_job(request: JobRequest, namespace: str, owner: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the object: its runtime holds what the pool sets, so that the job adds only what the task sets."""
    pool = request.pool
    base = pool_placement(pool)
    placed = apply_task_config(base, request.task_config)
    job = {
        "apiVersion": KIND.api_version,
        "kind": KIND.kind,
        "metadata": metadata(request, namespace, owner),
        "spec": {
            "runtimeRef": {"apiGroup": KIND.group, "kind": pool.runtime_kind, "name": pool.runtime},
            "trainer": {
                "command": ["python", "-m", "codekiln.launch.worker"],
                "args": list(request.arguments),
                "env": [without_empty(each) for each in _added(base.env, placed.env)],
                "numNodes": pool.nodes,
                "numProcPerNode": placed.processes,
                "resourcesPerNode": placed.resources,
            },
            "runtimePatches": [_patch(request, base, placed)],
            "activeDeadlineSeconds": pool.deadline_seconds,
        },
    }
    made: dict[str, Any] = go_form(job)
    return made


def _patch(request: JobRequest, base: Placement, placed: Placement) -> dict[str, Any]:
    pod = {"metadata": {"labels": labels(request)}, "spec": _pod(base, placed)}
    job = {"name": "node", "template": {"spec": {"template": {key: value for key, value in pod.items() if value}}}}
    return {"manager": MANAGER, "trainingRuntimeSpec": {"template": {"spec": {"replicatedJobs": [job]}}}}


def _pod(base: Placement, placed: Placement) -> dict[str, Any]:
    volumes, mounts = _distinct(placed.volumes, _added(base.mounts, placed.mounts))
    spec = {
        "volumes": _added(base.volumes, (*placed.volumes, *volumes)),
        "containers": [{"name": KIND.container, "volumeMounts": mounts}] if mounts else [],
        "nodeSelector": {key: value for key, value in placed.selector.items() if base.selector.get(key) != value},
        # A patch replaces these two as a whole, so they have to repeat what the pool sets.
        "tolerations": list(placed.tolerations) if placed.tolerations != base.tolerations else [],
        "affinity": placed.affinity if placed.affinity != base.affinity else {},
    }
    return {key: value for key, value in spec.items() if value}


def _added(base: Sequence[Object], placed: Sequence[Object]) -> list[Object]:
    known = [without_empty(each) for each in base]
    return [each for each in placed if without_empty(each) not in known]


def _distinct(volumes: Sequence[Object], mounts: Sequence[Object]) -> tuple[list[Object], list[Object]]:
    """Give each mount of a patch a volume of its own: the CRD's list of mounts is keyed by the volume's name."""
    by_name = {each["name"]: each for each in volumes}
    copies: list[Object] = []
    changed: list[Object] = []
    seen: set[str] = set()
    for mount in mounts:
        name = mount["name"]
        while name in seen:
            name = f"{name[:60]}-2" if not name.endswith("-2") else f"{name}2"
        if name != mount["name"]:
            copies.append({**by_name[mount["name"]], "name": name})
        seen.add(name)
        changed.append({**mount, "name": name})
    return copies, changed
