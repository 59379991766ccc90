"""Jobs and runtimes against the Python models that Kubeflow publishes of them.

The models come from the package index, so these checks run on every machine. They know the fields, their types and
which are required; the definitions of an API server know more (see ``tests/crds.py``).
"""

import datetime
import json
import re
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

# The older models keep every quantity as text and the newer ones as a float; an API server takes numbers too.
_QUANTITY = re.compile(r"\.(limits|requests)\.[^\[\]]+$")


def has(document: dict[str, Any]) -> bool:
    """Return whether there is a model of ``document``."""
    return (document["apiVersion"], document["kind"]) in _READERS


def errors(document: dict[str, Any]) -> list[str]:
    """Return what its model refuses, and every field that the model does not know or reads as something else."""
    try:
        kept = _READERS[document["apiVersion"], document["kind"]](document)
    except (ValueError, TypeError, AttributeError) as error:
        return [f"$: {error}"]
    return list(_lost(document, kept, "$"))


def _trainer(document: dict[str, Any]) -> dict[str, Any]:
    from kubeflow_trainer_api import models

    return getattr(models, f"TrainerV1alpha1{document['kind']}").from_dict(document).to_dict()


def _pytorch_job(document: dict[str, Any]) -> dict[str, Any]:
    from kubeflow.training import ApiClient, KubeflowOrgV1PyTorchJob

    client = ApiClient()
    job = client.deserialize(SimpleNamespace(data=json.dumps(document)), KubeflowOrgV1PyTorchJob)
    return client.sanitize_for_serialization(job)


_READERS: dict[tuple[str, str], Callable[[dict[str, Any]], dict[str, Any]]] = {
    ("trainer.kubeflow.org/v1alpha1", "TrainJob"): _trainer,
    ("trainer.kubeflow.org/v1alpha1", "TrainingRuntime"): _trainer,
    ("trainer.kubeflow.org/v1alpha1", "ClusterTrainingRuntime"): _trainer,
    ("kubeflow.org/v1", "PyTorchJob"): _pytorch_job,
}


def _lost(sent: Any, kept: Any, path: str) -> Iterator[str]:
    """Yield the fields of ``sent`` that are not in ``kept``, and the values that changed."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        for name, value in sent.items():
            if name in kept:
                yield from _lost(value, kept[name], f"{path}.{name}")
            elif value is not None:
                yield f"{path}.{name}: unknown field"
    elif isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        for number, (item, read) in enumerate(zip(sent, kept, strict=True)):
            yield from _lost(item, read, f"{path}[{number}]")
    elif sent != kept and not isinstance(kept, datetime.datetime) and not _QUANTITY.search(path):
        yield f"{path}: {sent!r} is read as {kept!r}"
