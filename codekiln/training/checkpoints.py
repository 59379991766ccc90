"""Checkpoints of one job: only complete ones are resumed from, and only by the job that wrote them.

Several processes on several nodes write a checkpoint. When all have finished, a list of its files with their sizes is
added; a checkpoint is complete when this list exists and matches the files.
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


def claim(output: Path, digest: str) -> bool:
    """Take over ``output/checkpoints``, and return whether the same job has been at work there before.

    Checkpoints of another job or of another number of processes are removed.

    Every process calls this; only the first process of a node changes files.
    """
    is_repeated = False
    if processes.local_rank() == 0:
        is_repeated = _claim(output / FOLDER, {"digest": digest, "processes": processes.world_size()})
    processes.barrier()
    return is_repeated


def complete(output: Path, step: int) -> None:
    """Mark a checkpoint as complete by a list of its files; every process calls this after it has written its part."""
    folder = output / FOLDER / f"checkpoint-{step}"
    processes.barrier()
    if processes.nodes_share_no_folder():
        _share_tag(folder / TAG)
    views = processes.all_gather(_sizes(folder) if processes.local_rank() == 0 else {})
    if processes.local_rank() == 0:
        write_atomic(folder / COMPLETE, json.dumps({"step": step, "files": _agreed(views)}) + "\n")
    processes.barrier()


def latest(output: Path) -> tuple[Path | None, int]:
    """Return the newest checkpoint that every process sees as complete, and its step; (None, 0) where there is none."""
    folder = output / FOLDER
    steps = {step for path in folder.glob("checkpoint-*") if (step := _step(path)) and _best_is_there(path)}
    step = max(set.intersection(*processes.all_gather(steps)), default=0)
    return (folder / f"checkpoint-{step}", step) if step else (None, 0)


def reached(output: Path) -> tuple[int, int] | None:
    """Return the step at which a training would go on, and its last step; None where there is no whole checkpoint.

    For messages, and for one process: a training that goes on asks all of its own.
    """
    folders = [path for path in (output / FOLDER).glob("checkpoint-*") if _step(path) and _best_is_there(path)]
    if not folders:
        return None
    newest = max(folders, key=lambda path: _step(path) or 0)
    return _step(newest) or 0, int(json.loads((newest / STATE).read_bytes())["max_steps"])


def _best_is_there(checkpoint: Path) -> bool:
    # At its end a run loads the checkpoint with the best held-out loss, so without that one it cannot be resumed.
    try:
        best = json.loads((checkpoint / STATE).read_bytes())["best_global_step"]
    except FileNotFoundError:
        return False
    return not best or _step(checkpoint.parent / f"checkpoint-{best}") is not None


def remove(output: Path) -> None:
    """Remove all checkpoints of a finished run, once every process is done with them; every process calls this."""
    processes.barrier()
    if processes.local_rank() == 0:
        shutil.rmtree(output / FOLDER, ignore_errors=True)


def _claim(folder: Path, owner: dict[str, str | int]) -> bool:
    file = folder / OWNER
    ours = file.is_file() and json.loads(file.read_bytes()) == owner
    found = list(folder.glob("checkpoint-*"))
    if found and not ours:
        logger.warning("%s holds checkpoints of a different job; starting from the beginning", folder)
    for checkpoint in found:
        if not ours or _step(checkpoint) is None:
            # Errors are ignored because another node may be removing the same folder.
            shutil.rmtree(checkpoint, ignore_errors=True)
    write_atomic(file, json.dumps(owner) + "\n")
    return ours


def _share_tag(file: Path) -> None:
    # Only global rank 0 writes DeepSpeed's tag file, and no node can load a checkpoint without it.
    tag = processes.all_gather(file.read_text(encoding="utf-8") if file.is_file() else "")[0]
    if tag and processes.local_rank() == 0:
        write_atomic(file, tag)


def _agreed(views: list[dict[str, int]]) -> dict[str, int | None]:
    # None where nodes see different sizes: a network file system may lag, and separate disks hold separate files.
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
