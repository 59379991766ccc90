"""Permissions that the code needs in the cluster: the chart's Role grants this table, and ``check`` asks for it."""

from typing import NamedTuple


class Permission(NamedTuple):
    """One verb on one resource, as a Role's rule names them; the core group is the empty string."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


def _each(group: str, resource: str, *verbs: str) -> tuple[Permission, ...]:
    return tuple(Permission(group, resource, verb) for verb in verbs)


_JOB_VERBS = ("create", "get", "list", "watch", "patch", "delete")
_COMMON = (
    *_each("", "pods", "get", "list", "watch"),
    *_each("", "pods/log", "get"),
    *_each("", "events", "list", "create", "patch"),
    *_each("", "persistentvolumeclaims", "get"),
    *_each("kueue.x-k8s.io", "localqueues", "get"),
    *_each("kueue.x-k8s.io", "workloads", "list"),
)

# A step does without these: it says once that it may not record events. The Role of an older chart lacks them.
OPTIONAL = frozenset(_each("", "events", "create", "patch"))

# By the pool's api; all of them in the namespace of the run.
PERMISSIONS: dict[str, tuple[Permission, ...]] = {
    "trainjob": (
        *_each("trainer.kubeflow.org", "trainjobs", *_JOB_VERBS),
        *_each("trainer.kubeflow.org", "trainingruntimes", "get"),
        *_COMMON,
    ),
    "pytorchjob": (*_each("kubeflow.org", "pytorchjobs", *_JOB_VERBS), *_COMMON),
}

# For pools with dead_node_seconds, by their api: the pod of a dead node is marked as failed, and deleted.
DEAD_NODE_PERMISSIONS: dict[str, tuple[Permission, ...]] = {
    "trainjob": (*_each("", "pods/status", "patch"), *_each("", "pods", "delete")),
    "pytorchjob": _each("", "pods", "delete"),
}

# Cluster-scoped, so that no Role can grant it: a pool with runtime_kind ClusterTrainingRuntime needs a ClusterRole.
CLUSTER_PERMISSIONS = _each("trainer.kubeflow.org", "clustertrainingruntimes", "get")

# Kubernetes itself grants this one to every authenticated user, so no Role names it.
REVIEW = Permission("authorization.k8s.io", "selfsubjectaccessreviews", "create")


def permissions(api: str, dead_nodes: bool = False) -> tuple[Permission, ...]:
    """Return the permissions, in the namespace of the run, for pools whose api is ``trainjob`` or ``pytorchjob``.

    Args:
        api: The pools' api.
        dead_nodes: Whether one of them has ``dead_node_seconds``.
    """
    return (*PERMISSIONS[api], *(DEAD_NODE_PERMISSIONS[api] if dead_nodes else ()))
