"""Whether the cluster has what a pool names: its runtime, its queue and its volume; every problem at once."""

from typing import Any

from codekiln.errors import ClusterError, InputError
from codekiln.launch.cluster.api import Api, Refused, Trouble, connect
from codekiln.launch.cluster.job_kinds import KINDS, condition
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
            found += probe(api, name, pool, cluster)
        except Refused as error:
            fix = "bind the chart's Role 'codekiln' to this ServiceAccount: runs.serviceAccount in the chart's values"
            found.append(InputError(str(error), fix=fix))
        except Trouble as error:
            raise ClusterError(f"pool {name} cannot be examined: {error}") from None
    return [InputError(each.what, where=f"pool {name}", fix=each.fix) for each in found]


def _controller(api: Api, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
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


def _runtime(api: Api, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
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
        fix = f"upgrade the chart's release, which sets both from gpuPools.{name}.image"
        found.append(InputError(what, fix=fix))
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


def _queue(api: Api, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
    if not pool.queue:
        return []
    paths = [f"/apis/kueue.x-k8s.io/{v}/namespaces/{api.namespace}/localqueues/{pool.queue}" for v in _KUEUE]
    queue = next(filter(None, map(api.get, paths)), None)
    about = f"LocalQueue '{pool.queue}'"
    if queue is None:
        fix = f"install Kueue and create it, or let gpuPools.{name}.queue in the chart's values be empty"
        return [InputError(f"namespace {api.namespace} has no {about}", fix=fix)]
    if condition(queue, "Active") is None:
        said = [each for each in queue.get("status", {}).get("conditions", ()) if each["type"] == "Active"]
        why = said[0].get("message", "") if said else "it has no status yet"
        fix = "see `kubectl describe localqueue`; its ClusterQueue and ResourceFlavors have to exist"
        return [InputError(f"{about} admits nothing: {why}", fix=fix)]
    return []


def _claim(api: Api, name: str, pool: Pool, cluster: Cluster) -> list[InputError]:
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
    if _SHARED in modes:
        return found
    fix = f"set storage.sharedVolume.accessModes to {_SHARED}, with a storage class that has it, or use an object store"
    if pool.nodes > 1 or "ReadWriteOnce" not in modes:
        what = f"{about} has access mode {', '.join(modes)}, and steps and {pool.nodes} nodes write to it"
        found.append(InputError(what, fix=fix))
    else:
        print(
            f"check: pool {name}: the claim {cluster.claim} is ReadWriteOnce: steps and jobs must run on one node\n"
            f"  fix, where they do not: {fix}",
            flush=True,
        )
    return found
