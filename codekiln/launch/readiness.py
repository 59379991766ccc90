"""Readiness of a cluster for a run: every problem at once, each with its fix."""

import os
from collections.abc import Callable, Iterable, Mapping

from codekiln.errors import CodekilnError, InputError, InputErrors
from codekiln.launch import exchange
from codekiln.launch.cluster.cluster_checks import check_pool, missing_permissions
from codekiln.launch.kfp_client import check_health
from codekiln.launch.pools import Cluster, Pool, read_cluster
from codekiln.registry import Registry

Probe = Callable[[], str]


def run_probes(probes: Mapping[str, Probe]) -> dict[str, str]:
    """Run every probe, print its finding, and return the findings by name.

    Raises:
        InputErrors: The problems of all probes.
    """
    findings: dict[str, str] = {}
    problems: list[InputError] = []
    for name, probe in probes.items():
        try:
            findings[name] = probe()
            print(f"check: {name}: {findings[name]}", flush=True)
        except InputErrors as error:
            problems += error.errors
        except CodekilnError as error:
            problems.append(error if isinstance(error, InputError) else InputError(str(error), where=name))
    if problems:
        raise InputErrors(problems)
    return findings


def pool_probes(cluster: Cluster, names: Iterable[str]) -> dict[str, Probe]:
    """Return the probes of pools: image, permissions, runtime, queue, volume and exchange."""
    probes = {f"pool {name}": _pool_probe(cluster, name) for name in names}
    return {"exchange": lambda: _probe_exchange(cluster), **probes}


def check_cluster(kfp_host: str = "") -> None:
    """Probe everything that a run on this cluster needs, except for its own settings.

    Args:
        kfp_host: Address of Kubeflow Pipelines; empty: it is not probed.

    Raises:
        InputErrors: The problems of all probes.
    """
    cluster = read_cluster()
    probes = pool_probes(cluster, cluster.pools)
    if kfp_host:
        probes["Kubeflow Pipelines"] = lambda: check_health(kfp_host.rstrip("/"))
    uri = os.environ.get("MLFLOW_TRACKING_URI", "")
    probes["MLflow"] = lambda: tracking_probe(uri)
    run_probes(probes)


def tracking_probe(uri: str) -> str:
    """Search an experiment and a registered model on an MLflow server; returns a sentence for the check's report.

    Raises:
        InputError: There is no URI.
        RegistryError: The server cannot be reached or refuses.
    """
    if not uri:
        raise InputError(
            "MLFLOW_TRACKING_URI is not set", where="MLflow", fix="set mlflow in the chart's values and upgrade"
        )
    Registry(uri, "codekiln").champion("codekiln-readiness-probe")
    return f"answers at {uri}"


def _probe_exchange(cluster: Cluster) -> str:
    found = exchange.probe(cluster.exchange)
    removed = exchange.delete_stale_jobs(cluster.exchange, cluster.keep_days) if cluster.keep_days else 0
    if not removed:
        return found
    return f"{found}; {removed} jobs that no step has waited for in {cluster.keep_days} days were removed"


def _pool_probe(cluster: Cluster, name: str) -> Probe:
    def probe() -> str:
        pool = cluster.pool(name)
        missing = missing_permissions(pool.api, dead_nodes=pool.dead_node_seconds > 0)
        if found := [*_check_image(name, pool), *missing, *check_pool(name, pool, cluster)]:
            raise InputErrors(found)
        return f"{pool.nodes} x {pool.accelerators} {pool.accelerator or 'CPU nodes'}, {pool.api}, {pool.image}"

    return probe


def _check_image(name: str, pool: Pool) -> list[InputError]:
    _, _, tag = pool.image.rpartition("/")[2].partition(":")
    if "@sha256:" in pool.image or tag not in ("", "latest"):
        return []
    return [
        InputError(
            f"the image of pool '{name}' has no immutable tag: {pool.image}",
            where=f"gpuPools.{name}.image",
            fix="name a release or a digest, so that a job started again runs the same code",
        )
    ]
