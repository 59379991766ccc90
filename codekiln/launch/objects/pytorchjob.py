"""A PyTorchJob of the v1 training operator, ``kubeflow.org/v1`` as of v1.9."""

from typing import Any

from codekiln.launch.cluster.job_kinds import JOB_KINDS, Object
from codekiln.launch.cluster.request import JobRequest
from codekiln.launch.objects.go_form import go_form
from codekiln.launch.objects.metadata import labels, metadata
from codekiln.launch.objects.placement import Placement, apply_task_config, pool_placement, without_empty

KIND = JOB_KINDS["pytorchjob"]
KEEP_SECONDS = 604_800
_NO_PROXY = {"sidecar.istio.io/inject": "false"}
# Paths that the image writes to while its root file system is read-only, and the memory that processes share.
_SCRATCH = {"/tmp": "codekiln-tmp", "/cache": "codekiln-cache", "/dev/shm": "codekiln-shm"}


def pytorch_job(request: JobRequest, namespace: str, owner: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the object with its whole pod template: this kind has no runtime to refer to."""
    pool = request.pool
    placed = apply_task_config(pool_placement(pool), request.task_config)
    workers = {"Worker": _replicas(request, placed, pool.nodes - 1)} if pool.nodes > 1 else {}
    job = {
        "apiVersion": KIND.api_version,
        "kind": KIND.kind,
        "metadata": metadata(request, namespace, owner),
        "spec": {
            "nprocPerNode": str(placed.processes),
            "runPolicy": {
                # Terminated pods stay, so that their logs and exit codes can be read.
                "cleanPodPolicy": "Running",
                "backoffLimit": pool.restarts,
                "activeDeadlineSeconds": pool.deadline_seconds,
                "ttlSecondsAfterFinished": KEEP_SECONDS,
            },
            "pytorchReplicaSpecs": {"Master": _replicas(request, placed, 1), **workers},
        },
    }
    made: dict[str, Any] = go_form(job)
    return made


def _replicas(request: JobRequest, placed: Placement, count: int) -> dict[str, Any]:
    return {
        "replicas": count,
        # Restarts a pod that was killed (128 and above), never one that ended over a mistake of the user (2). The
        # operator does not count such restarts against backoffLimit; the step does (see RestartCounter).
        "restartPolicy": "ExitCode",
        "template": {
            # A sidecar proxy never ends, so that with one the pod would never complete.
            "metadata": {"labels": labels(request) | _NO_PROXY, "annotations": dict(_NO_PROXY)},
            "spec": _pod(request, placed),
        },
    }


def _pod(request: JobRequest, placed: Placement) -> dict[str, Any]:
    pool = request.pool
    mounted = {each["mountPath"].rstrip("/") for each in placed.mounts}
    scratch = {path: name for path, name in _SCRATCH.items() if path not in mounted}
    mounts = [*placed.mounts, *({"name": name, "mountPath": path} for path, name in scratch.items())]
    sizes = {"/dev/shm": {"medium": "Memory", "sizeLimit": pool.shared_memory}}
    spec = {
        "containers": [_container(request, placed, mounts)],
        "volumes": [
            *placed.volumes,
            *({"name": name, "emptyDir": sizes.get(path, {})} for path, name in scratch.items()),
        ],
        "nodeSelector": placed.selector,
        "tolerations": list(placed.tolerations),
        "affinity": placed.affinity,
        "runtimeClassName": pool.runtime_class,
        "serviceAccountName": pool.service_account,
        "imagePullSecrets": [{"name": name} for name in pool.image_pull_secrets],
        "securityContext": pool.pod_security_context,
        "terminationGracePeriodSeconds": pool.grace_seconds,
    }
    return {key: value for key, value in spec.items() if value or value == 0} | {"automountServiceAccountToken": False}


def _container(request: JobRequest, placed: Placement, mounts: list[Object]) -> dict[str, Any]:
    return {
        "name": KIND.container,
        "image": request.pool.image,
        "command": ["python", "-m", "codekiln.launch.worker"],
        "args": list(request.arguments),
        "env": [without_empty(each) for each in placed.env],
        "resources": {
            part: {name: amount for name, amount in amounts.items() if amount != 0}
            for part, amounts in placed.resources.items()
        },
        "volumeMounts": mounts,
        "securityContext": dict(request.pool.security_context),
    }
