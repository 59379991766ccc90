"""Run a training or sampling job in this process, or on a GPU pool of the cluster."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from codekiln.launch.job import Job

NAME_LENGTH = 40


@dataclass(frozen=True)
class Place:
    """Where a job runs, and for what.

    Attributes:
        pool: Name of a GPU pool; empty: this process.
        run: Id of the pipeline run.
        step: Name of the step in the run.
        identity: Digest of everything the step's output depends on.
        task_config: What Kubeflow passed through from the task, in Kubernetes' own JSON form.
    """

    pool: str = ""
    run: str = ""
    step: str = ""
    identity: str = ""
    task_config: Mapping[str, Any] = field(default_factory=dict)


def run(job: Job, place: Place, label: str = "") -> None:
    """Run a job to its end; what it wrote is then in ``job.output``, wherever it ran.

    On a pool, the same job of the same step has the same name: a step that is started again finds the job that is
    still at work, and a job that is started again finds the checkpoints of the one before.

    Args:
        job: What to run.
        place: Where.
        label: Tells the jobs of one step apart.

    Raises:
        InputError: The job, the pool or a setting is wrong.
        ClusterError: The cluster refused the job, or it failed there.
    """
    if place.pool:
        _on_pool(job, place, label)
    else:
        import_module(f"{job.module}.run").run(job)


def job_name(place: Place, label: str = "") -> str:
    """Return the name of a step's job: an RFC 1035 label that other work never has."""
    digest = hashlib.sha256("\0".join((place.run, place.step, label, place.identity)).encode()).hexdigest()[:10]
    words = "-".join(filter(None, (place.step, label))).replace("_", "-")
    return f"{words[: NAME_LENGTH - len(digest) - 1].rstrip('-')}-{digest}"


def _identity(job: Job, place: Place) -> str:
    """Return a digest of what the job computes and how: a job that is planned otherwise takes the place of the old."""
    how = job.model_dump_json(exclude={*job.folders, "output"})
    return hashlib.sha256(f"{place.identity}\0{how}".encode()).hexdigest()


def _on_pool(job: Job, place: Place, label: str) -> None:
    from codekiln.launch import exchange
    from codekiln.launch.cluster.pool_run import run_on_pool
    from codekiln.launch.cluster.request import JobRequest
    from codekiln.launch.heartbeat import beating
    from codekiln.launch.pools import read_cluster

    cluster = read_cluster()
    name = job_name(place, label)
    location = exchange.join(cluster.exchange, name)
    request = JobRequest(
        name=name,
        step=place.step,
        pool_name=place.pool,
        pool=cluster.pool(place.pool),
        arguments=(location,),
        identity=_identity(job, place),
        task_config=place.task_config,
    )
    exchange.put(job, location)
    with beating(location):
        run_on_pool(request)
    exchange.get(location, job.output)
