"""The adapter folder that a training run writes, with a record of how it was trained."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.files import sha256_file, write_atomic
from codekiln.errors import InputError
from codekiln.launch import processes
from codekiln.models.chat_files import CHAT_FILES
from codekiln.training.settings import Quantization

if TYPE_CHECKING:  # transformers takes seconds to import
    from transformers import Trainer

WEIGHTS, CONFIG, RECORD = "adapter_model.safetensors", "adapter_config.json", "codekiln.json"
SUMMARY = "summary.json"


class AdapterRecord(BaseModel):
    """Lineage of an adapter, stored in codekiln.json next to its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str = Field(description="id of the base model")
    revision: str | None = Field(description="Hub revision of the base model; empty for a folder")
    kind: Literal["sft", "dpo"]
    reference: Literal["previous", "base"] | None = Field(description="reference policy of DPO; empty: none")
    quantization: Quantization = Field(
        "none", description="how the base was held while training; it is sampled and served in full precision"
    )
    parent: str | None = Field(description="sha256 of the weights training started from; empty: a new adapter")
    data: str = Field(description="sha256 of the rows trained on")
    seed: int
    code_version: str
    job: str = Field(description="digest of the training job")


def digest_of(adapter: Path) -> str:
    """Return the sha256 of an adapter's weights; InputError when the folder holds none."""
    weights = Path(adapter) / WEIGHTS
    if not weights.is_file():
        raise InputError(f"holds no adapter ({WEIGHTS})", where=str(adapter), fix="give an adapter's folder")
    return sha256_file(weights)


def finished(output: Path, record: AdapterRecord) -> bool:
    """Return whether the folder holds all results of this job; a run writes the summary last."""
    file = output / RECORD
    return (output / SUMMARY).is_file() and file.is_file() and json.loads(file.read_bytes()) == record.model_dump()


def clear(output: Path) -> None:
    """Remove the results of an earlier run, so that a run that crashes leaves no adapter that looks finished."""
    for name in (RECORD, SUMMARY, WEIGHTS, CONFIG, "curve.jsonl", "rejected.jsonl", *CHAT_FILES):
        (output / name).unlink(missing_ok=True)


def save(trainer: "Trainer", output: Path, record: AdapterRecord) -> None:
    """Write the trained adapter, in the precision of training, and its record; every process calls this.

    Only the trained adapter is kept: under ZeRO-3 the trainer's copy of the reference adapter has wrong contents.
    """
    staging = output / "saving"
    trainer.save_model(str(staging))
    if not trainer.is_world_process_zero():
        if processes.nodes_share_no_folder() and processes.local_rank() == 0:
            shutil.rmtree(staging, ignore_errors=True)
        return
    config = json.loads((staging / CONFIG).read_text(encoding="utf-8"))
    # PEFT keeps the modules in a set; sorted, equal adapters have equal files.
    config["target_modules"] = sorted(config["target_modules"])
    config["revision"] = record.revision
    (staging / WEIGHTS).chmod(0o644)
    shutil.move(staging / WEIGHTS, output / WEIGHTS)
    write_atomic(output / CONFIG, json.dumps(config, indent=2, sort_keys=True) + "\n")
    write_atomic(output / RECORD, record.model_dump_json(indent=2) + "\n")
    shutil.rmtree(staging)
