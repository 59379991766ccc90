"""The request for a job on a pool."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from codekiln.launch.observer import JobObserver
from codekiln.launch.pools import Pool


@dataclass(frozen=True)
class JobRequest:
    """One job on one pool.

    Attributes:
        name: Name of the job, an RFC 1035 label of at most 40 characters; the same work always has the same name.
        step: Name of the pipeline step, for labels and messages.
        pool_name: Name of the pool.
        pool: The pool.
        arguments: Of ``python -m codekiln.launch.worker``.
        identity: Digest of what the job computes; an existing job with another identity is replaced, not adopted.
        task_config: What Kubeflow Pipelines' ``dsl.TaskConfig`` passed through, in Kubernetes' own JSON form: any of
            affinity, tolerations, node_selector, env, volumes, volume_mounts and resources, each perhaps None.
        base_model: Base model of the run, for labels, as are the next two.
        recipe: Recipe of the run.
        run: Id of the run in MLflow.
        observer: Is told of the job's states.
    """

    name: str
    step: str
    pool_name: str
    pool: Pool
    arguments: tuple[str, ...]
    identity: str
    task_config: Mapping[str, Any] = field(default_factory=dict)
    base_model: str = ""
    recipe: str = ""
    run: str = ""
    observer: JobObserver = field(default_factory=JobObserver)
