"""How a task is placed: its image, what it may cost, what it knows of the cluster, and the pool its job asks for."""

from dataclasses import dataclass
from typing import Any

from kfp import kubernetes
from kfp.dsl import PipelineTask
from kfp.dsl.pipeline_channel import PipelineArtifactChannel, PipelineParameterChannel

CONFIG, PROFILES = "codekiln", "codekiln-profiles"
SETTINGS = ("CODEKILN_CLUSTER", "MLFLOW_TRACKING_URI", "HF_ENDPOINT", "HF_HUB_OFFLINE")
KEYS = {"CODEKILN_CLUSTER": "cluster.json"}
TRACKING = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
STORAGE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
MODELS = ("HF_TOKEN",)
TEACHER = ("CODEKILN_API_KEY",)
FIELDS = {
    "CODEKILN_POD": "metadata.name",
    "CODEKILN_POD_UID": "metadata.uid",
    "CODEKILN_NAMESPACE": "metadata.namespace",
}
HOUR = 3600
LONGEST_PAUSE = 600


@dataclass(frozen=True)
class Run:
    """The checked run, and what its tasks on a pool ask for."""

    folder: PipelineArtifactChannel
    accelerator: PipelineParameterChannel
    accelerators: PipelineParameterChannel
    node_selector: PipelineParameterChannel
    tolerations: PipelineParameterChannel


def placed(
    task: PipelineTask,
    title: str,
    image: str,
    *,
    cached: bool = True,
    hours: int = 24,
    retries: int = 2,
    secrets: tuple[str, ...] = TRACKING,
    runs_code: bool = False,
) -> PipelineTask:
    """Give a task its title and image, its limits, and what it may know of the cluster.

    Args:
        task: The task.
        title: What the graph shows.
        image: Image of the step.
        cached: Whether Kubeflow may reuse an earlier result.
        hours: A step that takes longer is ended.
        retries: How often a failed step starts again; it goes on where it stopped.
        secrets: Keys of the secret that its step may read.
        runs_code: Whether programs that a model wrote run in its pod, which the network policy then closes.
    """
    task.set_display_name(title).set_container_image(image).set_caching_options(cached)
    kubernetes.set_timeout(task, hours * HOUR)
    if retries:
        # Argo counts the maximum from the first attempt's start, and gives up what is still under way by then.
        longest = f"{(retries + 1) * (hours * HOUR + LONGEST_PAUSE)}s"
        task.set_retry(retries, backoff_duration="60s", backoff_factor=2.0, backoff_max_duration=longest)
    # Everything is optional: without the chart a step finds none of it, and says so when it needs it.
    kubernetes.use_config_map_as_env(task, CONFIG, {KEYS.get(name, name): name for name in SETTINGS}, optional=True)
    kubernetes.use_secret_as_env(task, CONFIG, {name: name for name in secrets}, optional=True)
    for name, path in FIELDS.items():
        kubernetes.use_field_path_as_env(task, name, path)
    kubernetes.add_pod_label(task, "app.kubernetes.io/part-of", "codekiln")
    if runs_code:
        kubernetes.add_pod_label(task, "codekiln.dev/runs-code", "true")
    kubernetes.set_security_context(task, run_as_non_root=True)
    return task


def sized(task: PipelineTask, cpu: str, memory: str) -> PipelineTask:
    """Ask for CPUs and memory for a task that works in its own pod."""
    return task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)


def pooled(task: PipelineTask, title: str, image: str, run: Run, **options: Any) -> PipelineTask:
    """Place a task whose job may run on a pool: what is asked for here is passed through to that job.

    The step may wait in a queue for days; how long the job itself may run is the pool's deadline.
    """
    secrets = (*TRACKING, *STORAGE, *MODELS)
    placed(task, title, image, hours=14 * 24, retries=3, secrets=secrets, **options)
    task.set_accelerator_type(run.accelerator).set_accelerator_limit(run.accelerators)
    kubernetes.add_node_selector_json(task, run.node_selector)
    kubernetes.add_toleration_json(task, run.tolerations)
    return task
