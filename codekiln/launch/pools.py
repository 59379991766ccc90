"""The configuration of a cluster: its GPU pools and its exchange; written by the chart, read by every step."""

import os
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from codekiln.data.files import validation_errors
from codekiln.errors import InputError, InputErrors, did_you_mean

VARIABLE = "CODEKILN_CLUSTER"
_WORDS = {int: "a whole number", str: "a text"}


class _Record(BaseModel):
    # Strict: pydantic would read "2" and true as numbers.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Pool(_Record):
    """A GPU pool: the nodes that run a job, and how a job requests them; nested objects are Kubernetes' JSON."""

    api: Literal["trainjob", "pytorchjob"] = Field(
        "trainjob", description="TrainJob of Kubeflow Trainer 2, or PyTorchJob of the v1 training operator"
    )
    runtime: str = Field("", description="(Cluster)TrainingRuntime that a TrainJob refers to")
    runtime_kind: Literal["TrainingRuntime", "ClusterTrainingRuntime"] = "TrainingRuntime"
    image: str = Field(description="image of the jobs, with an immutable tag")
    nodes: int = Field(1, ge=1, description="nodes of one job")
    accelerator: str = Field("nvidia.com/gpu", description="resource name of an accelerator; empty: a pool of CPUs")
    accelerators: int = Field(1, ge=0, description="accelerators per node; one process each")
    accelerator_memory_gib: float = Field(0, ge=0, description="memory of one accelerator in GiB; 0: unknown")
    vllm: bool = Field(True, description="whether the image has vLLM, as codekiln/train does on NVIDIA's GPUs")
    cpu: str = Field("8", description="CPU request per node")
    memory: str = Field("64Gi", description="memory request and limit per node")
    shared_memory: str = Field("16Gi", description="size of /dev/shm")
    node_selector: dict[str, str] = {}
    tolerations: tuple[dict[str, Any], ...] = ()
    affinity: dict[str, Any] = {}
    queue: str = Field("", description="Kueue LocalQueue; empty: none")
    priority_class: str = Field("", description="Kueue WorkloadPriorityClass; empty: none")
    runtime_class: str = ""
    service_account: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    env: tuple[dict[str, Any], ...] = Field((), description="of the training container; secrets by reference")
    volumes: tuple[dict[str, Any], ...] = ()
    volume_mounts: tuple[dict[str, Any], ...] = ()
    pod_security_context: dict[str, Any] = {}
    security_context: dict[str, Any] = {}
    deadline_seconds: int = Field(172_800, ge=60, description="a job that runs longer is ended")
    grace_seconds: int = Field(120, ge=0, description="time for a checkpoint when a pod is asked to end")
    restarts: int = Field(3, ge=0, description="how often a job starts again after a lost pod")
    dead_node_seconds: int = Field(
        0, ge=0, description="time after which a pod on a node that no longer answers is deleted by force; 0: never"
    )

    @field_validator("tolerations")
    @classmethod
    def _typed(cls, given: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for number, toleration in enumerate(given):
            for key, value in toleration.items():
                wanted = int if key == "tolerationSeconds" else str
                if type(value) is not wanted:
                    raise ValueError(f"{number}.{key} is {value!r}, where {_WORDS[wanted]} is needed")
        return given

    @property
    def processes(self) -> int:
        """Number of processes of one job: one per accelerator, or one per node on CPUs."""
        return self.nodes * max(1, self.accelerators if self.accelerator else 0)


class Cluster(_Record):
    """The configuration of the cluster that a step runs in."""

    exchange: str = Field(
        description="a folder that steps and jobs both mount, or s3://bucket/prefix or gs://bucket/prefix"
    )
    claim: str = Field("", description="the PersistentVolumeClaim behind a folder")
    keep_days: int = Field(30, ge=0, description="days until a job's files leave the exchange; 0: never")
    pools: dict[str, Pool] = {}

    def pool(self, name: str) -> Pool:
        """Return a pool by name.

        Raises:
            InputError: There is no such pool.
        """
        if name not in self.pools:
            raise InputError(
                f"no GPU pool '{name}'",
                where="pool",
                fix=did_you_mean(name, self.pools) if self.pools else "add it to gpuPools in the chart's values",
            )
        return self.pools[name]


def placement(pool: str) -> tuple[str, str, dict[str, str], list[dict[str, Any]]]:
    """Return what a task on a pool requests: accelerator, accelerators per node, node selector, tolerations.

    Without a pool all of them are empty.
    """
    if not pool:
        return "", "0", {}, []
    chosen = read_cluster().pool(pool)
    return chosen.accelerator, str(chosen.accelerators), chosen.node_selector, list(chosen.tolerations)


def read_cluster() -> Cluster:
    """Return the configuration in the variable ``CODEKILN_CLUSTER``, which is JSON.

    Raises:
        InputError: The variable is not set or not valid.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        raise InputError(
            f"{VARIABLE} is not set, so no GPU pool is known here",
            where="pool",
            fix="install the chart, which gives it to every step; or leave pool empty to train in the step itself",
        )
    try:
        return Cluster.model_validate_json(text)
    except ValidationError as error:
        fix = "correct gpuPools in the chart's values and upgrade"
        raise InputErrors(validation_errors(error, f"${VARIABLE}", fix)) from None
