"""CPU, memory and accelerators of one node of a job."""

from collections.abc import Mapping
from typing import Any

from codekiln.launch.pools import Pool

Item = Mapping[str, Any]
Quantities = dict[str, Any]


def pool_resources(pool: Pool) -> dict[str, Quantities]:
    """Return the requests and limits that a pool gives to each node."""
    limits: Quantities = {"memory": pool.memory}
    if pool.accelerator and pool.accelerators:
        limits[pool.accelerator] = pool.accelerators
    return {"requests": {"cpu": pool.cpu, **limits}, "limits": limits}


def merge_resources(base: Item, task: Item, accelerator: str) -> tuple[dict[str, Quantities], str]:
    """Return resources in which what the task says about a resource replaces what the base says about it.

    Where the task gives only a limit or only a request, both become that; CPUs are limited only if the task says so.

    Args:
        base: Requests and limits to start from.
        task: Requests and limits that the task was given.
        accelerator: Resource name of the base's accelerator.

    Returns:
        The resources and the name of their accelerator, which is the task's where it asks for another one.
    """
    requests, limits = dict(base.get("requests") or {}), dict(base.get("limits") or {})
    asked, capped = dict(task.get("requests") or {}), dict(task.get("limits") or {})
    for name in {**asked, **capped}:
        requests[name] = asked.get(name, capped.get(name))
        if name != "cpu" or name in capped:
            limits[name] = capped.get(name, asked.get(name))
    others = [name for name in capped if "/" in name]
    if accelerator and others and accelerator not in others:
        # The runtime of a pool has its own count, which only a zero can take away.
        requests[accelerator] = limits[accelerator] = 0
    return {"requests": requests, "limits": limits}, _accelerator(accelerator, others)


def accelerators(resources: Item, accelerator: str) -> int:
    """Return how many of an accelerator one node has."""
    return int(resources.get("limits", {}).get(accelerator, 0)) if accelerator else 0


def _accelerator(there: str, asked: list[str]) -> str:
    return there if not asked or there in asked else asked[0]
