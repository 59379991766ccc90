"""Checkpoints of one job: found again after a crash, never taken over by another job, never half of one.

Several processes write a checkpoint, on several nodes. When all have written, one adds a list of the files with their
sizes; a checkpoint counts when the list is there and true.
"""

import json
import logging
import shutil
from pathlib import Path

from codekiln.data.files import write_atomic
from codekiln.launch import processes

FOLDER, OWNER, COMPLETE = "checkpoints", "job.json", "complete.json"
TAG, STATE = "latest", "trainer_state.json"
logger = logging.getLogger(__name__)


def claim(output: Path, digest: str) -> None:
    """Make ``output/checkpoints`` belong to this job: what another job, or other numbers of processes, left is removed.

    Every process calls this; only the first of a node changes anything.
    """
    if processes.local_rank() == 0:
        _claim(output / FOLDER, {"digest": digest, "processes": processes.world()})
    processes.wait()


def complete(output: Path, step: int) -> None:
    """List the files of a checkpoint that every process has written; every process calls this."""
    folder = output / FOLDER / f"checkpoint-{step}"
    processes.wait()
    if processes.apart():
        _share_tag(folder / TAG)
    views = processes.gathered(_sizes(folder) if processes.local_rank() == 0 else {})
    if processes.local_rank() == 0:
        write_atomic(folder / COMPLETE, json.dumps({"step": step, "files": _agreed(views)}) + "\n")
    processes.wait()


def latest(output: Path) -> tuple[Path | None, int]:
    """Return the newest checkpoint that is complete for every process, and its step; (None, 0) when there is none."""
    folder = output / FOLDER
    steps = {step for path in folder.glob("checkpoint-*") if (step := _step(path)) and _best_is_there(path)}
    step = max(set.intersection(*processes.gathered(steps)), default=0)
    return (folder / f"checkpoint-{step}", step) if step else (None, 0)


def _best_is_there(checkpoint: Path) -> bool:
    # The end of a run goes back to the checkpoint with the best held-out loss.
    try:
        best = json.loads((checkpoint / STATE).read_bytes())["best_global_step"]
    except FileNotFoundError:
        return False
    return not best or _step(checkpoint.parent / f"checkpoint-{best}") is not None


def remove(output: Path) -> None:
    """Remove all checkpoints of a finished run, once no process needs one any more; every process calls this."""
    processes.wait()
    if processes.local_rank() == 0:
        shutil.rmtree(output / FOLDER, ignore_errors=True)


def _claim(folder: Path, owner: dict[str, str | int]) -> None:
    file = folder / OWNER
    ours = file.is_file() and json.loads(file.read_bytes()) == owner
    found = list(folder.glob("checkpoint-*"))
    if found and not ours:
        logger.warning("%s holds checkpoints of a different job; starting from the beginning", folder)
    for checkpoint in found:
        if not ours or _step(checkpoint) is None:
            # Another node may be removing the same.
            shutil.rmtree(checkpoint, ignore_errors=True)
    write_atomic(file, json.dumps(owner) + "\n")


def _share_tag(file: Path) -> None:
    # DeepSpeed writes its tag in the first process of all only, and cannot load a folder without one.
    tag = processes.gathered(file.read_text(encoding="utf-8") if file.is_file() else "")[0]
    if tag and processes.local_rank() == 0:
        write_atomic(file, tag)


def _agreed(views: list[dict[str, int]]) -> dict[str, int | None]:
    # No size where nodes see different ones: a network file system may be late, and nodes apart write their own times.
    sizes = {name: {view[name] for view in views if name in view} for name in sorted(set().union(*views))}
    return {name: found.pop() if len(found) == 1 else None for name, found in sizes.items()}


def _sizes(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()}


def _step(checkpoint: Path) -> int | None:
    try:
        content = json.loads((checkpoint / COMPLETE).read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    sizes = _sizes(checkpoint)
    whole = all(name in sizes and size in (None, sizes[name]) for name, size in content["files"].items())
    return int(content["step"]) if whole else None
