"""What the code asks of the Kubernetes API; the chart's Role grants this table, and ``check`` asks about it."""

from typing import NamedTuple

from codekiln.errors import InputError


class Permission(NamedTuple):
    """One verb on one resource, as a Role's rule names them; the core group is the empty string."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


def _each(group: str, resource: str, *verbs: str) -> tuple[Permission, ...]:
    return tuple(Permission(group, resource, verb) for verb in verbs)


_JOB_VERBS = ("create", "get", "list", "watch", "delete")
_COMMON = (
    *_each("", "pods", "get", "list", "watch"),
    *_each("", "pods/log", "get"),
    *_each("", "events", "list"),
    *_each("", "persistentvolumeclaims", "get"),
    *_each("kueue.x-k8s.io", "localqueues", "get"),
)

# By the pool's api; all of it in the namespace of the run.
PERMISSIONS: dict[str, tuple[Permission, ...]] = {
    "trainjob": (
        *_each("trainer.kubeflow.org", "trainjobs", *_JOB_VERBS),
        *_each("trainer.kubeflow.org", "trainingruntimes", "get"),
        *_COMMON,
    ),
    "pytorchjob": (*_each("kubeflow.org", "pytorchjobs", *_JOB_VERBS), *_COMMON),
}

# No Role can grant a cluster-scoped resource: a pool with runtime_kind ClusterTrainingRuntime needs a ClusterRole.
CLUSTER_PERMISSIONS = _each("trainer.kubeflow.org", "clustertrainingruntimes", "get")

# Kubernetes itself grants this one to every authenticated user, so no Role names it.
REVIEW = Permission("authorization.k8s.io", "selfsubjectaccessreviews", "create")


def permissions(api: str) -> tuple[Permission, ...]:
    """Return what jobs of one kind need in the namespace of the run; ``api`` is ``trainjob`` or ``pytorchjob``."""
    return PERMISSIONS[api]


def missing_permissions(api: str, namespace: str = "") -> list[InputError]:
    """Ask the API server about every permission; returns one error per refusal, each with its fix.

    Args:
        api: ``trainjob`` or ``pytorchjob``.
        namespace: Namespace of the run; empty: the one this process runs in.

    Raises:
        ClusterError: The API server cannot be reached.
    """
    from codekiln.launch.cluster.api import connect

    client = connect(namespace)
    return [_error(each, client.namespace) for each in permissions(api) if not client.allowed(each)]


def _error(permission: Permission, namespace: str) -> InputError:
    return InputError(
        f"this ServiceAccount may not {permission}",
        where=f"namespace {namespace}",
        fix="bind the chart's Role 'codekiln' to it: runs.serviceAccount and runs.namespaces in the chart's values",
    )
