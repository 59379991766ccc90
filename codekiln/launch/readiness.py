"""Whether a cluster is ready for a run: every problem at once, each with its fix."""

import os
from collections.abc import Callable, Iterable, Mapping

from codekiln.errors import CodekilnError, InputError, InputErrors
from codekiln.launch import exchange
from codekiln.launch.kfp_client import answers
from codekiln.launch.pools import Cluster, Pool, read_cluster

Probe = Callable[[], str]


def examine(probes: Mapping[str, Probe]) -> dict[str, str]:
    """Run every probe, print what each found, and return it.

    Raises:
        InputErrors: Everything that is wrong.
    """
    notes: dict[str, str] = {}
    found: list[InputError] = []
    for name, probe in probes.items():
        try:
            notes[name] = probe()
            print(f"check: {name}: {notes[name]}", flush=True)
        except InputErrors as error:
            found += error.errors
        except CodekilnError as error:
            found.append(error if isinstance(error, InputError) else InputError(str(error), where=name))
    if found:
        raise InputErrors(found)
    return notes


def pool_probes(cluster: Cluster, names: Iterable[str]) -> dict[str, Probe]:
    """Return the probes of pools: the runtime, the queue, the volume, permissions, the exchange and the image."""
    probes = {f"pool {name}": _pool_probe(cluster, name) for name in names}
    return {"exchange": lambda: _exchange(cluster), **probes}


def check_cluster(kfp_host: str = "") -> None:
    """Examine everything that a run on this cluster needs, apart from its own settings.

    Args:
        kfp_host: Address of Kubeflow Pipelines; empty: it is not looked at.

    Raises:
        InputErrors: Everything that is wrong.
    """
    cluster = read_cluster()
    probes = pool_probes(cluster, cluster.pools)
    if kfp_host:
        probes["Kubeflow Pipelines"] = lambda: answers(kfp_host.rstrip("/"))
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    probes["MLflow"] = lambda: tracking_probe(uri)
    examine(probes)


def tracking_probe(uri: str) -> str:
    """Say that an experiment can be looked for and a registered model listed at an MLflow server.

    Raises:
        RegistryError: The server cannot be reached or refuses.
    """
    from codekiln.registry import Registry

    if not uri:
        raise InputError(
            "MLFLOW_TRACKING_URI is not set", where="MLflow", fix="set mlflow in the chart's values and upgrade"
        )
    Registry(uri, "codekiln").champion("codekiln-readiness-probe")
    return f"answers at {uri}"


def _exchange(cluster: Cluster) -> str:
    found = exchange.probe(cluster.exchange)
    removed = exchange.sweep(cluster.exchange, cluster.keep_days) if cluster.keep_days else 0
    if not removed:
        return found
    return f"{found}; {removed} jobs that no step has waited for in {cluster.keep_days} days were removed"


def _pool_probe(cluster: Cluster, name: str) -> Probe:
    def probe() -> str:
        from codekiln.launch.cluster.cluster_checks import probe_pool
        from codekiln.launch.cluster.permissions import missing_permissions

        pool = cluster.pool(name)
        if found := [*_image(name, pool), *missing_permissions(pool.api), *probe_pool(name, pool, cluster)]:
            raise InputErrors(found)
        return f"{pool.nodes} x {pool.accelerators} {pool.accelerator or 'CPU nodes'}, {pool.api}, {pool.image}"

    return probe


def _image(name: str, pool: Pool) -> list[InputError]:
    _, _, tag = pool.image.rpartition("/")[2].partition(":")
    if "@sha256:" in pool.image or tag not in ("", "latest"):
        return []
    return [
        InputError(
            f"the image of pool '{name}' has no tag that stays what it is: {pool.image}",
            where=f"gpuPools.{name}.image",
            fix="name a release or a digest, so that a job started again runs the same code",
        )
    ]
