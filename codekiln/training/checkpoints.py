"""Checkpoints of one job: found again after a crash, never taken over by another job."""

import json
import logging
import shutil
from pathlib import Path

from codekiln.dataset import write_atomic

FOLDER, OWNER, STATE = "checkpoints", "job.json", "trainer_state.json"
logger = logging.getLogger(__name__)


def claim(output: Path, digest: str) -> None:
    """Make ``output/checkpoints`` belong to the job with this digest: whatever another job left there is removed."""
    folder = output / FOLDER
    owner = folder / OWNER
    ours = owner.is_file() and json.loads(owner.read_bytes())["digest"] == digest
    found = list(folder.glob("checkpoint-*"))
    if found and not ours:
        logger.warning("%s holds checkpoints of a different job; starting from the beginning", folder)
    for checkpoint in found:
        if not ours or _step(checkpoint) is None:
            shutil.rmtree(checkpoint)
    write_atomic(owner, json.dumps({"digest": digest}) + "\n")


def latest(output: Path) -> tuple[Path | None, int]:
    """Return the newest complete checkpoint and its step; (None, 0) when there is none."""
    steps = {path: _step(path) for path in (output / FOLDER).glob("checkpoint-*")}
    complete = {path: step for path, step in steps.items() if step is not None}
    newest = max(complete, key=complete.__getitem__, default=None)
    return newest, complete.get(newest, 0)


def _step(checkpoint: Path) -> int | None:
    # The trainer writes its state last: a checkpoint without it, or with half of it, was cut off.
    try:
        return int(json.loads((checkpoint / STATE).read_bytes())["global_step"])
    except (FileNotFoundError, json.JSONDecodeError):
        return None
