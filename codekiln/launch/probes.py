"""Whether the cluster has what a pool names: its runtime, its queue and its volume; every problem at once."""

from typing import Any

from codekiln.errors import ClusterError, InputError
from codekiln.launch.api import Api, Refused, Trouble, connect
from codekiln.launch.kinds import KINDS, condition
from codekiln.launch.pools import Cluster, Pool

_KUEUE = ("v1beta2", "v1beta1")
_SHARED = "ReadWriteMany"


def probe_pool(name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
    """Return what is wrong with a pool, each problem with its fix.

    Args:
        name: Name of the pool.
        pool: The pool.
        cluster: The cluster it belongs to.

    Raises:
        ClusterError: The API server cannot be reached.
    """
    api = connect()
    found: list[InputError] = []
    for probe in (_controller, _runtime, _queue, _claim):
        try:
            found += probe(api, pool, cluster)
        except Refused as error:
            found.append(
                InputError(str(error), fix="let this ServiceAccount read it: the chart's Role 'codekiln' does")
            )
        except Trouble as error:
            raise ClusterError(f"pool {name} cannot be examined: {error}") from None
    return [InputError(each.what, where=f"pool {name}", fix=each.fix) for each in found]


def _controller(api: Api, pool: Pool, cluster: Cluster) -> list[InputError]:
    kind = KINDS[pool.api]
    try:
        api.listing(api.jobs_path(kind), {"limit": 1})
    except Refused as error:
        if error.status != 404:
            raise
        what = f"the cluster does not know {kind.kind} ({kind.api_version})"
        return [
            InputError(what, fix=f"install its controller, or set api to '{_other(pool.api)}' in the chart's values")
        ]
    return []


def _other(api: str) -> str:
    return next(each for each in KINDS if each != api)


def _runtime(api: Api, pool: Pool, cluster: Cluster) -> list[InputError]:
    if pool.api != "trainjob":
        return []
    about = f"{pool.runtime_kind} '{pool.runtime}'"
    group = f"/apis/{KINDS['trainjob'].api_version}"
    if pool.runtime_kind == "TrainingRuntime":
        path = f"{group}/namespaces/{api.namespace}/trainingruntimes/{pool.runtime}"
    else:
        path = f"{group}/clustertrainingruntimes/{pool.runtime}"
    runtime = api.get(path)
    if runtime is None:
        return [InputError(f"there is no {about}", fix="upgrade the chart's release, which makes it from gpuPools")]
    container = _container(runtime)
    if container is None:
        fix = "name its replicated job and the container that trains 'node', as the chart does"
        return [InputError(f"{about} has no job 'node' with a container 'node'", fix=fix)]
    found = []
    if container.get("image") != pool.image:
        what = f"{about} runs image {container.get('image')}, and the pool names {pool.image}"
        found.append(
            InputError(what, fix="upgrade the chart's release, or set the pool's image to what the runtime has")
        )
    if "torch" not in runtime["spec"].get("mlPolicy", {}):
        what = f"{about} does not set torchrun's variables"
        found.append(InputError(what, fix="set spec.mlPolicy to 'torch: {}', as the chart does"))
    return found


def _container(runtime: dict[str, Any]) -> dict[str, Any] | None:
    for job in runtime["spec"]["template"]["spec"].get("replicatedJobs", ()):
        for container in job["template"]["spec"]["template"]["spec"].get("containers", ()):
            if job["name"] == container["name"] == "node":
                return container
    return None


def _queue(api: Api, pool: Pool, cluster: Cluster) -> list[InputError]:
    if not pool.queue:
        return []
    paths = [f"/apis/kueue.x-k8s.io/{v}/namespaces/{api.namespace}/localqueues/{pool.queue}" for v in _KUEUE]
    queue = next(filter(None, map(api.get, paths)), None)
    about = f"LocalQueue '{pool.queue}'"
    if queue is None:
        fix = "install Kueue and create it, or leave the pool's queue empty"
        return [InputError(f"namespace {api.namespace} has no {about}", fix=fix)]
    if condition(queue, "Active") is None:
        said = [each for each in queue.get("status", {}).get("conditions", ()) if each["type"] == "Active"]
        why = said[0].get("message", "") if said else "it has no status yet"
        fix = "see `kubectl describe localqueue`; its ClusterQueue and ResourceFlavors have to exist"
        return [InputError(f"{about} admits nothing: {why}", fix=fix)]
    return []


def _claim(api: Api, pool: Pool, cluster: Cluster) -> list[InputError]:
    if not cluster.claim:
        return []
    claim = api.get(f"/api/v1/namespaces/{api.namespace}/persistentvolumeclaims/{cluster.claim}")
    about = f"PersistentVolumeClaim '{cluster.claim}'"
    if claim is None:
        fix = "create it, or let the chart: workspace in its values"
        return [InputError(f"namespace {api.namespace} has no {about}", fix=fix)]
    phase, modes = claim.get("status", {}).get("phase", ""), claim["spec"].get("accessModes", [])
    found = []
    if phase != "Bound":
        fix = f"see `kubectl -n {api.namespace} describe pvc {cluster.claim}`; its storage class has to exist"
        found.append(InputError(f"{about} is {phase or 'not bound'}, not Bound", fix=fix))
    if _SHARED not in modes and (pool.nodes > 1 or "ReadWriteOnce" not in modes):
        what = f"{about} has access mode {', '.join(modes)}, and steps and {pool.nodes} nodes write to it"
        found.append(InputError(what, fix=f"use a storage class with {_SHARED}, or object storage as the exchange"))
    return found
