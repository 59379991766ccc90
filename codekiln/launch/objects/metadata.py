"""Metadata of a job: name, labels, annotations and owner."""

import hashlib
import re
from typing import Any

from codekiln.launch.cluster.request import JobRequest

IDENTITY = "codekiln.dev/identity"
OWNER = "codekiln.dev/owner"
"""Annotation with the token of the attempt of a step that owns the job; see JobOwnership."""
PART_OF = "app.kubernetes.io/part-of"
QUEUE = "kueue.x-k8s.io/queue-name"
PRIORITY = "kueue.x-k8s.io/priority-class"


STEP, POOL = "codekiln.dev/step", "codekiln.dev/pool"
BASE_MODEL, RECIPE, RUN = "codekiln.dev/base-model", "codekiln.dev/recipe", "codekiln.dev/run"
_LABEL_LENGTH, _DIGEST_LENGTH = 63, 8


def labels(request: JobRequest) -> dict[str, str]:
    """Return the labels of a job and of its pods: what it is, for ``kubectl get -L`` and ``-l``."""
    texts = {key: label_value(text) for key, text in _about(request).items()}
    return {PART_OF: "codekiln"} | {key: text for key, text in texts.items() if text}


def label_value(text: str) -> str:
    """Return a valid value of a label for a text, the same text where it is one.

    Other characters become underscores, as the slash of a Hub id; a text that is too long is cut and gets a digest, so
    that two of them stay different.
    """
    valid = re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip("._-")
    if len(valid) <= _LABEL_LENGTH:
        return valid
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_DIGEST_LENGTH]
    return f"{valid[: _LABEL_LENGTH - _DIGEST_LENGTH - 1].rstrip('._-')}-{digest}"


def metadata(request: JobRequest, namespace: str, owner: dict[str, Any] | None) -> dict[str, Any]:
    """Return the metadata of a job; ``owner`` is an owner reference, or None for a job that nothing owns."""
    queue = {QUEUE: request.pool.queue, PRIORITY: request.pool.priority_class}
    changed = {key: text for key, text in _about(request).items() if label_value(text) != text}
    fields = {
        "name": request.name,
        "namespace": namespace,
        "labels": labels(request) | {key: value for key, value in queue.items() if value},
        # The exact text, where a label cannot hold it.
        "annotations": {IDENTITY: request.identity, **changed},
    }
    return fields | ({"ownerReferences": [owner]} if owner else {})


def _about(request: JobRequest) -> dict[str, str]:
    return {
        STEP: request.step,
        POOL: request.pool_name,
        BASE_MODEL: request.base_model,
        RECIPE: request.recipe,
        RUN: request.run,
    }
