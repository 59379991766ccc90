"""Settings of a task: image, limits, environment, secrets, and the resources that its job requests on a pool."""

from dataclasses import dataclass
from typing import Any

from kfp import kubernetes
from kfp.dsl import PipelineTask
from kfp.dsl.pipeline_channel import PipelineArtifactChannel, PipelineParameterChannel
from kfp.dsl.pipeline_context import Pipeline

CONFIG, PROFILES = "codekiln", "codekiln-profiles"
SETTINGS = ("CODEKILN_CLUSTER", "MLFLOW_TRACKING_URI", "HF_ENDPOINT", "HF_HUB_OFFLINE", "CODEKILN_PUSHGATEWAY_URL")
KEYS = {"CODEKILN_CLUSTER": "cluster.json"}
TRACKING = ("MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
STORAGE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
MODELS = ("HF_TOKEN",)
TEACHER = ("CODEKILN_API_KEY",)
SIGNING = ("CODEKILN_SIGNING_KEY",)
# Of a webhook the address is the secret.
NOTIFICATIONS = ("CODEKILN_NOTIFY_URL",)
KUBEFLOW_REGISTRY, KUBEFLOW_REGISTRY_TOKEN = "CODEKILN_KUBEFLOW_REGISTRY", "CODEKILN_KUBEFLOW_REGISTRY_TOKEN"
FIELDS = {
    "CODEKILN_POD": "metadata.name",
    "CODEKILN_POD_UID": "metadata.uid",
    "CODEKILN_NAMESPACE": "metadata.namespace",
    "CODEKILN_KFP_RUN": "metadata.labels['pipeline/runid']",
}
HOUR = 3600
LONGEST_PAUSE = 600


@dataclass(frozen=True)
class CheckedRun:
    """Outputs of check: the folder of the run, and what its tasks on a pool request."""

    folder: PipelineArtifactChannel
    accelerator: PipelineParameterChannel
    accelerators: PipelineParameterChannel
    node_selector: PipelineParameterChannel
    tolerations: PipelineParameterChannel


def configure(
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
    """Set the title, image, limits, environment and labels of a task; returns it.

    Args:
        task: The task.
        title: Title in the graph.
        image: Image of the step.
        cached: Whether Kubeflow may reuse an earlier result.
        hours: Time limit of the step.
        retries: Number of retries of a failed step, which continues where it stopped.
        secrets: Keys of the Secret that the step gets, beside that of notifications.
        runs_code: Whether programs that a model wrote run in the pod; the network policy then isolates it, and the
            chart alone decides whether it may notify.
    """
    task.set_display_name(title).set_container_image(image).set_caching_options(cached)
    kubernetes.set_timeout(task, hours * HOUR)
    if retries:
        # Argo counts this maximum from the start of the first attempt, and ends an attempt that exceeds it.
        longest = f"{(retries + 1) * (hours * HOUR + LONGEST_PAUSE)}s"
        task.set_retry(retries, backoff_duration="60s", backoff_factor=2.0, backoff_max_duration=longest)
    # Optional, so that a step starts without the chart too; it reports what is missing when it needs it.
    kubernetes.use_config_map_as_env(task, CONFIG, {KEYS.get(name, name): name for name in SETTINGS}, optional=True)
    keys = secrets if runs_code else (*secrets, *NOTIFICATIONS)
    kubernetes.use_secret_as_env(task, CONFIG, {name: name for name in keys}, optional=True)
    task.set_env_variable("CODEKILN_PIPELINE", Pipeline.get_default_pipeline().name)
    task.set_env_variable("CODEKILN_RETRIES", str(retries))
    for name, path in FIELDS.items():
        kubernetes.use_field_path_as_env(task, name, path)
    kubernetes.add_pod_label(task, "app.kubernetes.io/part-of", "codekiln")
    if runs_code:
        kubernetes.add_pod_label(task, "codekiln.dev/runs-code", "true")
    kubernetes.set_security_context(task, run_as_non_root=True)
    return task


def reach_kubeflow_registry(task: PipelineTask) -> PipelineTask:
    """Tell a task where Kubeflow's Model Registry is, if the chart names one, and give it the token; returns it."""
    kubernetes.use_config_map_as_env(task, CONFIG, {KUBEFLOW_REGISTRY: KUBEFLOW_REGISTRY}, optional=True)
    token = {KUBEFLOW_REGISTRY_TOKEN: KUBEFLOW_REGISTRY_TOKEN}
    return kubernetes.use_secret_as_env(task, CONFIG, token, optional=True)


def set_resources(task: PipelineTask, cpu: str, memory: str) -> PipelineTask:
    """Set CPUs and memory of a task that computes in its own pod; returns it."""
    return task.set_cpu_request(cpu).set_memory_request(memory).set_memory_limit(memory)


def configure_for_pool(task: PipelineTask, title: str, image: str, run: CheckedRun, **options: Any) -> PipelineTask:
    """Configure a task whose job may run on a pool: its resources are passed through to that job; returns it.

    The time limit is long because the job may wait in a queue for days; the pool's deadline limits the job itself.
    """
    secrets = (*TRACKING, *STORAGE, *MODELS)
    configure(task, title, image, hours=14 * 24, retries=3, secrets=secrets, **options)
    task.set_accelerator_type(run.accelerator).set_accelerator_limit(run.accelerators)
    kubernetes.add_node_selector_json(task, run.node_selector)
    kubernetes.add_toleration_json(task, run.tolerations)
    return task
