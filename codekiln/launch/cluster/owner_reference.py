"""The owner reference of a job: the workflow of its step, so that deleting the run deletes the job."""

import os
from typing import Any

from codekiln.errors import ClusterError
from codekiln.launch.cluster.api import ClusterApi

POD = "CODEKILN_POD"


def owner_reference(api: ClusterApi) -> dict[str, Any] | None:
    """Return a reference to the controller of this step's pod, or to the pod itself; None outside a step.

    Raises:
        ClusterError: This step's pod no longer exists.
    """
    name = os.environ.get(POD, "")
    if not name:
        return None
    pod = api.pod(name)
    if pod is None:
        raise ClusterError(
            "no longer exists, so no job is started for it",
            where=f"pod {name} of this step",
            fix="run the step again",
        )
    controllers = [each for each in pod["metadata"].get("ownerReferences", ()) if each.get("controller")]
    if controllers:
        return {key: controllers[0][key] for key in ("apiVersion", "kind", "name", "uid")}
    return {"apiVersion": "v1", "kind": "Pod", "name": name, "uid": pod["metadata"]["uid"]}
