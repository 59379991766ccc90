"""CPU, memory and accelerators of one node of a job."""

from typing import Any

from codekiln.launch.cluster.job_kinds import Object
from codekiln.launch.pools import Pool

Quantities = dict[str, Any]


def pool_resources(pool: Pool) -> dict[str, Quantities]:
    """Return the requests and limits that a pool gives to each node."""
    limits: Quantities = {"memory": pool.memory}
    if pool.accelerator and pool.accelerators:
        limits[pool.accelerator] = pool.accelerators
    return {"requests": {"cpu": pool.cpu, **limits}, "limits": limits}


def merge_resources(base: Object, task: Object, accelerator: str) -> tuple[dict[str, Quantities], str]:
    """Merge resources: what the task sets for a resource replaces what the base sets for it.

    Where the task sets only a limit or only a request, both become that; CPUs are limited only if the task says so.

    Args:
        base: Requests and limits to start from.
        task: Requests and limits that were set on the task.
        accelerator: Resource name of the base's accelerator.

    Returns:
        The resources, and the resource name of their accelerator: the task's, where it requests another one.
    """
    requests, limits = dict(base.get("requests") or {}), dict(base.get("limits") or {})
    asked, capped = dict(task.get("requests") or {}), dict(task.get("limits") or {})
    for name in {**asked, **capped}:
        requests[name] = asked.get(name, capped.get(name))
        if name != "cpu" or name in capped:
            limits[name] = capped.get(name, asked.get(name))
    others = [name for name in capped if "/" in name]
    if accelerator and others and accelerator not in others:
        # The pool's runtime sets a count of its own, which only an explicit zero overrides.
        requests[accelerator] = limits[accelerator] = 0
    return {"requests": requests, "limits": limits}, _accelerator(accelerator, others)


def accelerators(resources: Object, accelerator: str) -> int:
    """Return the number of accelerators of one node."""
    return int(resources.get("limits", {}).get(accelerator, 0)) if accelerator else 0


def _accelerator(base: str, task: list[str]) -> str:
    return base if not task or base in task else task[0]
