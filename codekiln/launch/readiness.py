"""Readiness of a cluster for a run: every problem at once, each with its fix."""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import httpx2

from codekiln.errors import CodekilnError, InputError, InputErrors, extra_of, missing_extra
from codekiln.launch import exchange
from codekiln.launch.cluster.cluster_checks import PATIENCE, check_pool, lacking_permissions, missing
from codekiln.launch.cluster.permissions import OPTIONAL, Permission, permissions
from codekiln.launch.kfp_client import check_health
from codekiln.launch.pools import Cluster, Pool, read_cluster
from codekiln.registry import Registry
from codekiln.registry.connection import without_password
from codekiln.registry.kubeflow import KubeflowClient
from codekiln.registry.kubeflow_connection import VARIABLE, KubeflowRegistrySettings, find_connection

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
        except ModuleNotFoundError as error:
            if extra_of(error.name) is None:
                raise
            problems.append(missing_extra([str(error.name)], name))
    if problems:
        raise InputErrors(merged(problems))
    return findings


def merged(problems: Iterable[InputError]) -> list[InputError]:
    """Return problems with each said once: those that differ only in their places become one that names all places."""
    places: dict[tuple[str, str], list[str]] = {}
    for each in problems:
        places.setdefault((each.what, each.fix), []).append(each.where)
    return [InputError(what, where=", ".join(dict.fromkeys(found)), fix=fix) for (what, fix), found in places.items()]


def pool_probes(cluster: Cluster, names: Iterable[str]) -> dict[str, Probe]:
    """Return the probes of pools: permissions of each kind of job, and per pool image, runtime, queue and volume."""
    chosen, lacking = list(names), dict[str, list[Permission]]()
    dead_nodes: dict[str, bool] = {}
    for pool in map(cluster.pool, chosen):
        dead_nodes[pool.api] = dead_nodes.get(pool.api, False) or pool.dead_node_seconds > 0
    return {
        "exchange": lambda: _probe_exchange(cluster),
        **{
            f"permissions for {kind}": partial(_probe_permissions, kind, frees_nodes, lacking)
            for kind, frees_nodes in dead_nodes.items()
        },
        **{f"pool {name}": partial(_probe_pool, cluster, name, lacking) for name in chosen},
    }


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
    if gateway := os.environ.get("CODEKILN_PUSHGATEWAY_URL", ""):
        probes["Pushgateway"] = lambda: _probe_gateway(gateway)
    if os.environ.get(VARIABLE):
        probes["Kubeflow's Model Registry"] = _probe_kubeflow_registry
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
    return f"answers at {without_password(uri)}"


def _probe_gateway(url: str) -> str:
    """Ask a Pushgateway whether it is ready; runs go on without it, and without metrics."""
    shown = "metrics.pushgateway.url"
    try:
        address = httpx2.URL(f"{url.rstrip('/')}/-/ready")
        # What else there is in an address may be a secret.
        shown = f"{address.scheme}://{address.netloc.decode()}"
        answer = httpx2.get(address, timeout=10)
        why = "" if answer.is_success else f"it answers {answer.status_code}"
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        why = str(error) or type(error).__name__
    if why:
        fix = "look at the Deployment codekiln-pushgateway, or correct metrics.pushgateway.url in the chart's values"
        raise InputError(f"the Pushgateway at {shown} is not ready: {why}", where="metrics", fix=fix)
    return f"answers at {shown}"


def _probe_kubeflow_registry() -> str:
    connection = find_connection(KubeflowRegistrySettings())
    if connection is None:
        raise InputError(
            "names no registry", where=f"${VARIABLE}", fix="set kubeflowRegistry.uri in the chart's values"
        )
    client = KubeflowClient(connection)
    client.require_writable(None)
    client.model("codekiln-readiness-probe")
    return f"answers at {without_password(client.uri)}, and may be written to"


def _probe_exchange(cluster: Cluster) -> str:
    found = exchange.probe(cluster.exchange)
    removed = exchange.delete_stale_jobs(cluster.exchange, cluster.keep_days) if cluster.keep_days else 0
    if not removed:
        return found
    return f"{found}; {removed} jobs that no step has waited for in {cluster.keep_days} days were removed"


def _probe_permissions(kind: str, dead_nodes: bool, lacking: dict[str, list[Permission]]) -> str:
    found = lacking_permissions(kind, dead_nodes=dead_nodes)
    lacking[kind] = [each for each in found if each not in OPTIONAL]
    if lacking[kind]:
        raise InputErrors(missing(each) for each in found)
    if found:
        without = " and ".join(map(str, found))
        return f"all are granted but {without}, so jobs get no events of codekiln: `helm upgrade` grants them"
    return f"all {len(permissions(kind, dead_nodes))} are granted"


def _probe_pool(cluster: Cluster, name: str, lacking: Mapping[str, list[Permission]]) -> str:
    pool = cluster.pool(name)
    known = lacking.get(pool.api, ())
    # What is still forbidden after the permissions were asked for twice will not be granted in two seconds more.
    patience = 0.0 if known else PATIENCE
    if found := [*_check_image(name, pool), *check_pool(name, pool, cluster, known, patience)]:
        raise InputErrors(found)
    node = f"{pool.accelerators} {pool.accelerator}" if pool.accelerator else "a node's CPUs"
    return f"{pool.nodes} x {node}, {pool.api}, {pool.image}"


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
