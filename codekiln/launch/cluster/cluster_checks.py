"""Checks that the cluster has what a pool needs: permissions, runtime, queue and volume; every problem at once."""

import time
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, TypeVar

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.api import UNREACHABLE, ApiUnavailable, ClusterApi, RequestRefused
from codekiln.launch.cluster.forbidden import FORBIDDEN
from codekiln.launch.cluster.job_kinds import JOB_KINDS, condition
from codekiln.launch.cluster.permissions import Permission, permissions
from codekiln.launch.cluster.workload import KUEUE, KUEUE_VERSIONS
from codekiln.launch.pools import Cluster, Pool

T = TypeVar("T")

PATIENCE = 2.0
_PAUSE = 0.1
_SHARED = "ReadWriteMany"


def check_pool(
    name: str, pool: Pool, cluster: Cluster, lacking: Collection[Permission] = (), patience: float = PATIENCE
) -> list[InputError]:
    """Return the problems of a pool, each with its fix.

    Args:
        name: Name of the pool.
        pool: The pool.
        cluster: The cluster it belongs to.
        lacking: Permissions that are known to be missing; what is refused for them is not said again.
        patience: Seconds for which what is forbidden is asked again: the API server may just have started.

    Raises:
        ClusterError: The API server cannot be reached.
    """
    api = ClusterApi(forbidden_seconds=patience)
    found: list[InputError] = []
    checks: tuple[Callable[[ClusterApi, str, Pool, Cluster], list[InputError]], ...]
    checks = (_check_controller, _check_runtime, _check_queue, _check_claim)
    for check in checks:
        try:
            found += _patiently(partial(check, api, name, pool, cluster))
        except RequestRefused as error:
            if not any(f'cannot {each.verb} resource "{each.resource}"' in str(error) for each in lacking):
                fix = (
                    "bind the chart's Role 'codekiln' to this ServiceAccount: runs.serviceAccount in the chart's values"
                )
                found.append(InputError(str(error), fix=fix))
        except ApiUnavailable as error:
            raise ClusterError(f"cannot be examined: {error}", fix=UNREACHABLE) from None
    return [InputError(each.what, where=f"pool {name}", fix=each.fix) for each in found]


def missing_permissions(
    kind: str, namespace: str = "", patience: float = PATIENCE, dead_nodes: bool = False
) -> list[InputError]:
    """Return one error for each permission that this process lacks, with its fix; see `lacking_permissions`."""
    return [missing(each, namespace) for each in lacking_permissions(kind, namespace, patience, dead_nodes)]


def lacking_permissions(
    kind: str, namespace: str = "", patience: float = PATIENCE, dead_nodes: bool = False
) -> list[Permission]:
    """Return the permissions that this process lacks.

    Args:
        kind: ``trainjob`` or ``pytorchjob``.
        namespace: Namespace of the run; empty: the one this process runs in.
        patience: Seconds after which what is missing is asked for again: the API server may just have started.
        dead_nodes: Whether a pool has ``dead_node_seconds``.

    Raises:
        ClusterError: The API server cannot be reached.
    """
    api = ClusterApi(namespace, forbidden_seconds=patience)
    try:
        if lacking := _lacking_of(api, permissions(kind, dead_nodes)):
            time.sleep(patience)
            lacking = _lacking_of(api, lacking)
    except (RequestRefused, ApiUnavailable) as error:
        raise ClusterError(f"cannot ask the API server for permissions: {error}", fix=UNREACHABLE) from None
    return lacking


def _lacking_of(api: ClusterApi, table: Iterable[Permission]) -> list[Permission]:
    return [each for each in table if not _patiently(partial(api.is_allowed, each))]


def _patiently(ask: Callable[[], T]) -> T:
    while True:
        try:
            return ask()
        except ApiUnavailable as error:
            # It becomes a RequestRefused once it has been forbidden for long enough.
            if error.status != FORBIDDEN:
                raise
            time.sleep(_PAUSE)


def missing(permission: Permission, namespace: str = "") -> InputError:
    """Return the error for a permission that this process lacks in a namespace; empty: the one it runs in."""
    return InputError(
        f"this ServiceAccount may not {permission}",
        where=f"namespace {ClusterApi(namespace).namespace}",
        fix="bind the chart's Role 'codekiln' to it: runs.serviceAccount and runs.namespaces in the chart's values",
    )


def _check_controller(api: ClusterApi, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
    kind = JOB_KINDS[pool.api]
    try:
        api.list_objects(api.jobs_path(kind), {"limit": 1})
    except RequestRefused as error:
        if error.status != 404:
            raise
        what = f"the cluster does not know {kind.kind} ({kind.api_version})"
        other = next(each for each in JOB_KINDS if each != pool.api)
        return [InputError(what, fix=f"install its controller, or set api to '{other}' in the chart's values")]
    return []


def _check_runtime(api: ClusterApi, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
    if pool.api != "trainjob":
        return []
    about = f"{pool.runtime_kind} '{pool.runtime}'"
    runtime = api.get(_runtime_path(api, pool))
    if runtime is None:
        return [InputError(f"there is no {about}", fix="upgrade the chart's release, which makes it from gpuPools")]
    container = _training_container(runtime)
    if container is None:
        fix = "name its replicated job and the container that trains 'node', as the chart does"
        return [InputError(f"{about} has no job 'node' with a container 'node'", fix=fix)]
    found = []
    if container.get("image") != pool.image:
        what = f"{about} runs image {container.get('image')}, and the pool names {pool.image}"
        fix = f"upgrade the chart's release, which sets both from gpuPools.{name}.image"
        found.append(InputError(what, fix=fix))
    if "torch" not in runtime["spec"].get("mlPolicy", {}):
        what = f"{about} does not set torchrun's variables"
        found.append(InputError(what, fix="set spec.mlPolicy to 'torch: {}', as the chart does"))
    return found


def _runtime_path(api: ClusterApi, pool: Pool) -> str:
    group = f"/apis/{JOB_KINDS['trainjob'].api_version}"
    if pool.runtime_kind == "TrainingRuntime":
        return f"{group}/namespaces/{api.namespace}/trainingruntimes/{pool.runtime}"
    return f"{group}/clustertrainingruntimes/{pool.runtime}"


def _training_container(runtime: dict[str, Any]) -> dict[str, Any] | None:
    for job in runtime["spec"]["template"]["spec"].get("replicatedJobs", ()):
        containers: list[dict[str, Any]] = job["template"]["spec"]["template"]["spec"].get("containers", [])
        for container in containers:
            if job["name"] == container["name"] == "node":
                return container
    return None


def _check_queue(api: ClusterApi, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
    if not pool.queue:
        return []
    paths = [f"{KUEUE}/{version}/namespaces/{api.namespace}/localqueues/{pool.queue}" for version in KUEUE_VERSIONS]
    queue = next(filter(None, map(api.get, paths)), None)
    about = f"LocalQueue '{pool.queue}'"
    if queue is None:
        fix = f"install Kueue and create it, or let gpuPools.{name}.queue in the chart's values be empty"
        return [InputError(f"namespace {api.namespace} has no {about}", fix=fix)]
    if condition(queue, "Active") is None:
        inactive = [each for each in queue.get("status", {}).get("conditions", ()) if each["type"] == "Active"]
        why = inactive[0].get("message", "") if inactive else "it has no status yet"
        fix = "see `kubectl describe localqueue`; its ClusterQueue and ResourceFlavors have to exist"
        return [InputError(f"{about} admits nothing: {why}", fix=fix)]
    return []


def _check_claim(api: ClusterApi, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
    if not cluster.claim:
        return []
    claim = api.get(f"/api/v1/namespaces/{api.namespace}/persistentvolumeclaims/{cluster.claim}")
    about = f"PersistentVolumeClaim '{cluster.claim}'"
    if claim is None:
        fix = "create it, or let the chart make one: storage.sharedVolume.existingClaim empty in its values"
        return [InputError(f"namespace {api.namespace} has no {about}", fix=fix)]
    phase, modes = claim.get("status", {}).get("phase", ""), claim["spec"].get("accessModes", [])
    found = []
    if phase != "Bound":
        look = f"kubectl -n {api.namespace} describe pvc {cluster.claim}"
        fix = f"see `{look}`; storage.sharedVolume.storageClass in the chart's values has to exist"
        found.append(InputError(f"{about} is {phase or 'not bound'}, not Bound", fix=fix))
    return [*found, *_check_access_modes(modes, name, pool, cluster.claim)]


def _check_access_modes(modes: list[str], name: str, pool: Pool, claim: str) -> list[InputError]:
    if _SHARED in modes:
        return []
    fix = f"set storage.sharedVolume.accessModes to {_SHARED}, with a storage class that has it, or use an object store"
    if pool.nodes > 1 or "ReadWriteOnce" not in modes:
        what = f"has access mode {', '.join(modes)}, and steps and {pool.nodes} nodes write to it"
        return [InputError(f"PersistentVolumeClaim '{claim}' {what}", fix=fix)]
    # Not an error: steps and one-node jobs on the same node can share such a volume, as on a cluster with one node.
    print(
        f"check: pool {name}: the claim {claim} is ReadWriteOnce: steps and jobs must run on one node\n"
        f"  fix, where they do not: {fix}",
        flush=True,
    )
    return []
