"""Which attempt of its step this process is."""

import os
import re

from codekiln.launch.cluster.api import Api
from codekiln.launch.cluster.owner_reference import POD

# Set by Kubeflow Pipelines 2.17 and later where the task has a retry policy. A manual rerun counts from 0 again.
INDEX = "KFP_RETRY_INDEX"
_NODE = "workflows.argoproj.io/node-name"


def is_retry(api: Api) -> bool:
    """Return whether Kubeflow Pipelines repeats the step by itself after an attempt that failed."""
    index = os.environ.get(INDEX, "") or _of_pod(api)
    return index.isdecimal() and int(index) > 0


def _of_pod(api: Api) -> str:
    """Return the index that Argo puts at the end of the node's name, for earlier versions of Kubeflow Pipelines."""
    name = os.environ.get(POD, "")
    pod = api.pod(name) if name else None
    node = (pod or {"metadata": {}})["metadata"].get("annotations", {}).get(_NODE, "")
    found = re.search(r"\((\d+)\)$", node)
    return found[1] if found else ""
