"""Whether this process is a retry of its step by Kubeflow Pipelines."""

import os
import re

from codekiln.launch.cluster.api import ClusterApi
from codekiln.launch.cluster.owner_reference import POD

# Set by Kubeflow Pipelines 2.17 and later where the task has a retry policy. A manual rerun counts from 0 again.
RETRY_INDEX = "KFP_RETRY_INDEX"
_NODE_NAME = "workflows.argoproj.io/node-name"


def is_retry(api: ClusterApi) -> bool:
    """Return whether Kubeflow Pipelines runs the step again after an attempt that failed."""
    index = os.environ.get(RETRY_INDEX, "") or _argo_index(api)
    return index.isdecimal() and int(index) > 0


def _argo_index(api: ClusterApi) -> str:
    """Return the index that Argo appends to the node's name, which earlier versions of Kubeflow Pipelines have too."""
    name = os.environ.get(POD, "")
    pod = api.pod(name) if name else None
    node = (pod or {"metadata": {}})["metadata"].get("annotations", {}).get(_NODE_NAME, "")
    found = re.search(r"\((\d+)\)$", node)
    return found[1] if found else ""
