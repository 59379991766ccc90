"""The reference policy's log-likelihoods, computed once and kept. Imports torch and PEFT: import this lazily.

They are kept with the run's checkpoints, not with its data: a job's inputs may be read-only or copies, and its output
survives a pod.
"""

import hashlib
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from datasets import Dataset
from peft import PeftModel
from safetensors.torch import load_file, save

from codekiln.data.files import write_atomic
from codekiln.models import BaseModelSpec
from codekiln.training.adapter import digest_of
from codekiln.training.checkpoints import FOLDER
from codekiln.training.job import TrainingJob

ADAPTER = "ref"
"""The adapter that TRL takes for the reference policy, where it exists; else that is the model without adapters."""
_TABLE = "log_likelihoods"


def file_of(job: TrainingJob, spec: BaseModelSpec, sets: list[Dataset]) -> Path:
    """Return the file for the reference of a job over its rows, named by a digest of all that its values depend on."""
    start = digest_of(job.adapter) if job.adapter and job.dpo.reference == "previous" else ""
    focus = job.dpo.model_dump_json(include={"focus", "focus_rest", "focus_on"})
    found = hashlib.sha256("\n".join((spec.id, spec.hub_revision or "", start, focus)).encode())
    found.update(job.model_dump_json(include={"lora": {"quantization"}, "code_version": True}).encode())
    found.update(job.dpo.dtype.encode())
    for rows in sets:
        for name in ("prompt_ids", "chosen_ids", "rejected_ids"):
            for ids in rows[name]:
                found.update(array("q", [len(ids), *ids]).tobytes())
    return job.output / FOLDER / f"reference-{found.hexdigest()[:16]}.safetensors"


def read(file: Path) -> torch.Tensor | None:
    """Return the kept values, shape (rows, 2); None where there are none."""
    return load_file(file)[_TABLE] if file.is_file() else None


def keep(file: Path, places: list[int], values: torch.Tensor) -> torch.Tensor:
    """Write values to a file and return them, in the order of the data set.

    Args:
        file: Where they are kept.
        places: Places of the rows in the data set.
        values: Their log-likelihoods, shape (rows, 2).
    """
    table = torch.full((1 + max(places), 2), torch.nan)
    table[places] = values.cpu().float()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, save({_TABLE: table}))
    return table


@contextmanager
def policy(model: PeftModel) -> Iterator[None]:
    """Let the model be the reference policy in this context."""
    if ADAPTER not in model.peft_config:
        with model.disable_adapter():
            yield
        return
    trained = model.active_adapter
    model.set_adapter(ADAPTER, inference_mode=True)
    try:
        yield
    finally:
        model.set_adapter(trained)
