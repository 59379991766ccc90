"""Run a training or sampling job in this process, or on a GPU pool of the cluster."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from codekiln.launch.job import Job
from codekiln.launch.observer import JobObserver

NAME_LENGTH = 40


@dataclass(frozen=True)
class LaunchContext:
    """The step that launches a job, and where the job runs.

    Attributes:
        pool: Name of a GPU pool; empty: the job runs in this process.
        run: Id of the pipeline run.
        step: Name of the step in the run.
        identity: Digest of everything that the step's output depends on.
        task_config: Settings of the task that Kubeflow Pipelines passed through, in Kubernetes' own JSON form.
        base_model: Base model of the run, which the job says in a label, as it does the recipe.
        recipe: Recipe of the run.
        observer: Is told of the states of jobs on a pool.
    """

    pool: str = ""
    run: str = ""
    step: str = ""
    identity: str = ""
    task_config: Mapping[str, Any] = field(default_factory=dict)
    base_model: str = ""
    recipe: str = ""
    observer: JobObserver = field(default_factory=JobObserver)


def run(job: Job, context: LaunchContext, label: str = "") -> None:
    """Run a job to its end, wherever that is; its output is then in ``job.output``.

    On a pool, the same job of the same step has the same name: a step that is retried finds the job that still runs,
    and a job that is started again finds the checkpoints of its predecessor.

    Args:
        job: Job to run.
        context: The step, and where the job runs.
        label: Distinguishes the jobs of one step.

    Raises:
        InputError: The job, the pool or a setting is wrong.
        ClusterError: The cluster refused the job, or it failed there.
    """
    if context.pool:
        _run_on_pool(job, context, label)
    else:
        import_module(f"{job.module}.run").run(job)


def job_name(context: LaunchContext, label: str = "") -> str:
    """Return the name of a step's job: an RFC 1035 label, unique to the step and its inputs."""
    digest = hashlib.sha256("\0".join((context.run, context.step, label, context.identity)).encode()).hexdigest()[:10]
    words = "-".join(filter(None, (context.step, label))).replace("_", "-")
    return f"{words[: NAME_LENGTH - len(digest) - 1].rstrip('-')}-{digest}"


def _identity(job: Job, context: LaunchContext) -> str:
    """Return a digest of what the job computes and how, by which an existing job is adopted or replaced."""
    # Without the folders: their content is in the step's identity, and their paths differ between attempts.
    settings = job.model_dump_json(exclude={*job.folders, "output", "title"})
    return hashlib.sha256(f"{context.identity}\0{settings}".encode()).hexdigest()


def _run_on_pool(job: Job, context: LaunchContext, label: str) -> None:
    # Imported here for start-up time: a job that runs in this process needs neither pyarrow nor Kubernetes.
    from codekiln.launch import exchange
    from codekiln.launch.cluster.pool_run import run_on_pool
    from codekiln.launch.cluster.request import JobRequest
    from codekiln.launch.heartbeat import heartbeats
    from codekiln.launch.pools import read_cluster

    cluster = read_cluster()
    name = job_name(context, label)
    location = exchange.join(cluster.exchange, name)
    request = JobRequest(
        name=name,
        step=context.step,
        pool_name=context.pool,
        pool=cluster.pool(context.pool),
        arguments=(location,),
        identity=_identity(job, context),
        task_config=context.task_config,
        base_model=context.base_model,
        recipe=context.recipe,
        run=context.run,
        observer=context.observer,
    )
    exchange.put(job, location)
    context.observer.started(name, request.pool, context.pool)
    try:
        with heartbeats(location) as sender:
            run_on_pool(request, on_owned=sender.own)
    finally:
        context.observer.ended()
    exchange.get(location, job.output)
