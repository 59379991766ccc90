"""What a pool gives to each node of a job, and what a task's own settings add to it or change in it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codekiln.errors import InputError
from codekiln.launch.objects.affinity import merge_affinity
from codekiln.launch.objects.resources import accelerators, merge_resources, pool_resources
from codekiln.launch.pools import Pool

Item = Mapping[str, Any]

# They describe the step's pod, or belong to the launchers of Kubeflow Pipelines and Kubeflow Trainer.
_STEP_ONLY = ("CODEKILN_POD", "CODEKILN_POD_UID", "CODEKILN_NAMESPACE", "CODEKILN_CLUSTER")
_RESERVED = ("KFP_", "PET_", "OMPI_MCA_")
_SECRET_NAME = re.compile(r"(^|_)(TOKEN|KEY|KEY_ID|PASSWORD|PASSWD|SECRET|CREDENTIALS?)$", re.I)
_SECRET_VALUE = re.compile(r"://[^/\s@]*:[^/\s@]+@")


@dataclass(frozen=True)
class Placement:
    """Where and with what one node of a job runs, in Kubernetes' own JSON form."""

    env: tuple[Item, ...] = ()
    volumes: tuple[Item, ...] = ()
    mounts: tuple[Item, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Item, ...] = ()
    affinity: Item = field(default_factory=dict)
    resources: Item = field(default_factory=dict)
    accelerator: str = ""

    @property
    def processes(self) -> int:
        """Processes of one node: one per accelerator, at least one."""
        return max(1, accelerators(self.resources, self.accelerator))


def of_pool(pool: Pool) -> Placement:
    """Return what the pool alone gives."""
    return Placement(
        env=tuple(_passable(pool.env)),
        volumes=pool.volumes,
        mounts=pool.volume_mounts,
        selector=pool.node_selector,
        tolerations=pool.tolerations,
        affinity=pool.affinity,
        resources=pool_resources(pool),
        accelerator=pool.accelerator,
    )


def overlay(placed: Placement, task_config: Mapping[str, Any]) -> Placement:
    """Return a placement with a task's settings on top: they add to lists, and win where both set the same thing.

    Variables that only the step may have, and values that look like secrets, are left out; see ``withheld``.

    Raises:
        InputError: A mount has no volume.
    """
    task = {key: value for key, value in task_config.items() if value}
    volumes, mounts = _renamed(placed.volumes, task.get("volumes", ()), task.get("volume_mounts", ()))
    resources, accelerator = merge_resources(placed.resources, task.get("resources", {}), placed.accelerator)
    return Placement(
        env=_by_key("name", placed.env, _passable(task.get("env", ()))),
        volumes=_by_key("name", placed.volumes, volumes),
        mounts=_by_key("mountPath", placed.mounts, mounts),
        selector={**placed.selector, **task.get("node_selector", {})},
        tolerations=_union(placed.tolerations, task.get("tolerations", ())),
        affinity=merge_affinity(placed.affinity, task["affinity"]) if "affinity" in task else placed.affinity,
        resources=resources,
        accelerator=accelerator,
    )


def withheld(task_config: Mapping[str, Any]) -> list[str]:
    """Return the names of a task's variables that hold a secret in plain text, which no job gets."""
    return sorted({each["name"] for each in task_config.get("env") or () if _is_secret(each)})


def lean(item: Any) -> Any:
    """Return a JSON value without the members that mean nothing: None, false and what is empty."""
    if isinstance(item, Mapping):
        pairs = ((key, lean(value)) for key, value in item.items())
        # An empty object can be a choice, as in ``emptyDir: {}``.
        return {key: value for key, value in pairs if not (value is None or value is False or value in ("", []))}
    if isinstance(item, list | tuple):
        return [lean(each) for each in item]
    return item


def _passable(env: Iterable[Item]) -> Iterable[Item]:
    for each in env:
        name = each["name"]
        if name not in _STEP_ONLY and not name.startswith(_RESERVED) and not _is_secret(each):
            yield each


def _is_secret(variable: Item) -> bool:
    value = variable.get("value")
    return bool(value) and bool(_SECRET_NAME.search(variable["name"]) or _SECRET_VALUE.search(value))


def _by_key(key: str, first: Iterable[Item], second: Iterable[Item]) -> tuple[Item, ...]:
    merged = {_key(each, key): each for each in first}
    for each in second:
        if lean(merged.get(_key(each, key))) != lean(each):
            merged[_key(each, key)] = each
    return tuple(merged.values())


def _key(item: Item, key: str) -> str:
    return item[key].rstrip("/") or "/"


def _union(first: Iterable[Item], second: Iterable[Item]) -> tuple[Item, ...]:
    merged: list[Item] = []
    for each in (*first, *second):
        if lean(each) not in map(lean, merged):
            merged.append(each)
    return tuple(merged)


def _renamed(there: Iterable[Item], volumes: Iterable[Item], mounts: Iterable[Item]) -> tuple[list[Item], list[Item]]:
    """Give another name to those of a task's volumes whose name the pool uses for something else."""
    taken = {each["name"]: lean(each) for each in there}
    names = {}
    for mount in mounts:
        if mount["name"] not in {*taken, *(each["name"] for each in volumes)}:
            raise InputError(
                f"mounts volume '{mount['name']}', which neither the task nor the pool has",
                where="task_config.volume_mounts",
                fix="mount a claim, a Secret or a ConfigMap; an emptyDir of the task does not reach the job",
            )
    for each in volumes:
        name = each["name"]
        while name in taken and taken[name] != lean({**each, "name": name}):
            name = f"{name[:58]}-task"
        names[each["name"]] = name
    return (
        [{**each, "name": names[each["name"]]} for each in volumes],
        [{**each, "name": names.get(each["name"], each["name"])} for each in mounts],
    )
