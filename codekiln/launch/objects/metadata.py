"""Metadata of a job: name, labels, annotations and owner."""

from typing import Any

from codekiln.launch.cluster.request import JobRequest

IDENTITY = "codekiln.dev/identity"
OWNER = "codekiln.dev/owner"
"""Annotation with the token of the attempt of a step that owns the job; see JobOwnership."""
PART_OF = "app.kubernetes.io/part-of"
QUEUE = "kueue.x-k8s.io/queue-name"
PRIORITY = "kueue.x-k8s.io/priority-class"


def labels(request: JobRequest) -> dict[str, str]:
    """Return the labels of a job and of its pods."""
    return {PART_OF: "codekiln", "codekiln.dev/step": request.step, "codekiln.dev/pool": request.pool_name}


def metadata(request: JobRequest, namespace: str, owner: dict[str, Any] | None) -> dict[str, Any]:
    """Return the metadata of a job; ``owner`` is an owner reference, or None for a job that nothing owns."""
    queue = {QUEUE: request.pool.queue, PRIORITY: request.pool.priority_class}
    fields = {
        "name": request.name,
        "namespace": namespace,
        "labels": labels(request) | {key: value for key, value in queue.items() if value},
        "annotations": {IDENTITY: request.identity},
    }
    return fields | ({"ownerReferences": [owner]} if owner else {})
