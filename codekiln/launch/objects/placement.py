"""The placement of a job's pods: what the pool sets, with the task's own settings on top."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from codekiln.errors import InputError
from codekiln.launch.cluster.job_kinds import Object
from codekiln.launch.objects.affinity import merge_affinity
from codekiln.launch.objects.resources import accelerators, merge_resources, pool_resources
from codekiln.launch.pools import Pool

# Variables that describe the step's pod, or belong to the launchers of Kubeflow Pipelines and Kubeflow Trainer.
_STEP_ONLY = (
    "CODEKILN_POD", "CODEKILN_POD_UID", "CODEKILN_NAMESPACE", "CODEKILN_CLUSTER", "CODEKILN_KFP_RUN",
    "CODEKILN_PIPELINE", "CODEKILN_RETRIES", "CODEKILN_PUSHGATEWAY_URL", "CODEKILN_NOTIFY_URL",
)  # fmt: skip
_RESERVED = ("KFP_", "PET_", "OMPI_MCA_")
_SECRET_NAME = re.compile(r"(^|_)(TOKEN|KEY|KEY_ID|PASSWORD|PASSWD|SECRET|CREDENTIALS?)$", re.I)
_SECRET_VALUE = re.compile(r"://[^/\s@]*:[^/\s@]+@")


@dataclass(frozen=True)
class Placement:
    """Scheduling, resources, environment and volumes of one node's pod, in Kubernetes' own JSON form."""

    env: tuple[Object, ...] = ()
    volumes: tuple[Object, ...] = ()
    mounts: tuple[Object, ...] = ()
    selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Object, ...] = ()
    affinity: Object = field(default_factory=dict)
    resources: Object = field(default_factory=dict)
    accelerator: str = ""

    @property
    def processes(self) -> int:
        """Number of processes of one node: one per accelerator, at least one."""
        return max(1, accelerators(self.resources, self.accelerator))


def pool_placement(pool: Pool) -> Placement:
    """Return the placement that the pool alone sets."""
    return Placement(
        env=tuple(_passed_on(pool.env)),
        volumes=pool.volumes,
        mounts=pool.volume_mounts,
        selector=pool.node_selector,
        tolerations=pool.tolerations,
        affinity=pool.affinity,
        resources=pool_resources(pool),
        accelerator=pool.accelerator,
    )


def apply_task_config(placed: Placement, task_config: Mapping[str, Any]) -> Placement:
    """Return a placement with a task's settings on top: they extend lists, and win where both set the same thing.

    Variables that only the step may have, and values that look like secrets, are left out: more people can read a job
    than a Secret (see ``withheld_secrets``).

    Raises:
        InputError: A mount has no volume.
    """
    task = {key: value for key, value in task_config.items() if value}
    volumes, mounts = _renamed(placed.volumes, task.get("volumes", ()), task.get("volume_mounts", ()))
    resources, accelerator = merge_resources(placed.resources, task.get("resources", {}), placed.accelerator)
    return Placement(
        env=_merge_by("name", placed.env, _passed_on(task.get("env", ()))),
        volumes=_merge_by("name", placed.volumes, volumes),
        mounts=_merge_by("mountPath", placed.mounts, mounts),
        selector={**placed.selector, **task.get("node_selector", {})},
        tolerations=_union(placed.tolerations, task.get("tolerations", ())),
        affinity=merge_affinity(placed.affinity, task["affinity"]) if "affinity" in task else placed.affinity,
        resources=resources,
        accelerator=accelerator,
    )


def withheld_secrets(task_config: Mapping[str, Any]) -> list[str]:
    """Return the names of a task's variables that are not passed on, because they hold a secret in plain text."""
    return sorted({each["name"] for each in task_config.get("env") or () if _is_secret(each)})


def without_empty(item: Any) -> Any:
    """Return a JSON value without members that equal their default: None, false, and empty strings and lists."""
    if isinstance(item, Mapping):
        pairs = ((key, without_empty(value)) for key, value in item.items())
        # An empty object can be a choice, as in ``emptyDir: {}``.
        return {key: value for key, value in pairs if not (value is None or value is False or value in ("", []))}
    if isinstance(item, list | tuple):
        return [without_empty(each) for each in item]
    return item


def _passed_on(env: Iterable[Object]) -> Iterable[Object]:
    for each in env:
        name = each["name"]
        if name not in _STEP_ONLY and not name.startswith(_RESERVED) and not _is_secret(each):
            yield each


def _is_secret(variable: Object) -> bool:
    # A reference to a Secret has no value of its own, and is passed on.
    value = variable.get("value") or ""
    return bool(value) and bool(_SECRET_NAME.search(variable["name"]) or _SECRET_VALUE.search(value))


def _merge_by(key: str, first: Iterable[Object], second: Iterable[Object]) -> tuple[Object, ...]:
    merged = {_key(each, key): each for each in first}
    for each in second:
        if without_empty(merged.get(_key(each, key))) != without_empty(each):
            merged[_key(each, key)] = each
    return tuple(merged.values())


def _key(item: Object, key: str) -> str:
    return item[key].rstrip("/") or "/"


def _union(first: Iterable[Object], second: Iterable[Object]) -> tuple[Object, ...]:
    merged: list[Object] = []
    for each in (*first, *second):
        if without_empty(each) not in map(without_empty, merged):
            merged.append(each)
    return tuple(merged)


def _renamed(
    base: Iterable[Object], volumes: Iterable[Object], mounts: Iterable[Object]
) -> tuple[list[Object], list[Object]]:
    """Rename those of a task's volumes whose name the pool uses for another volume."""
    taken = {each["name"]: without_empty(each) for each in base}
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
        while name in taken and taken[name] != without_empty({**each, "name": name}):
            name = f"{name[:58]}-task"
        names[each["name"]] = name
    return (
        [{**each, "name": names[each["name"]]} for each in volumes],
        [{**each, "name": names.get(each["name"], each["name"])} for each in mounts],
    )
