"""A stand-in for training, without torch: each process does what the job says for its rank.

``python -m tests.launch.ranks --worker PLACE`` is the worker with this module allowed.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil

from codekiln.launch import worker

NAME = "tests.launch.ranks"


def main(path: Path) -> int:
    job = json.loads(path.read_text())
    rank = os.environ["RANK"]
    if job.get("report"):
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
        (path.parent / f"rank-{rank}").write_text(json.dumps({name: os.environ[name] for name in names}))
    does = job.get("ranks", {}).get(rank, job.get("others", {}))
    if "writes_for" in does:
        return _writes(path.parent / f"checkpoint-{rank}", does["writes_for"])
    time.sleep(does.get("after", 0))
    while "behind" in does and not _has_ended(path.parent / f"said-{does['behind']}"):
        time.sleep(0.01)
    if "says" in does:
        worker.report_failure(does["says"])
        (path.parent / f"said-{rank}").write_text(str(os.getpid()))
    if "signal" in does:
        os.kill(os.getpid(), does["signal"])
    return does.get("code", 0)


def _has_ended(said: Path) -> bool:
    # Not only reported: torchrun takes the process that it finds ended first for the one that failed first.
    try:
        return psutil.Process(int(said.read_text())).status() == psutil.STATUS_ZOMBIE
    except (FileNotFoundError, ValueError):
        return False
    except psutil.NoSuchProcess:
        return True


def _writes(checkpoint: Path, seconds: float) -> int:
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
    Path(f"{checkpoint}-ready").touch()
    while not asked:
        time.sleep(0.01)
    time.sleep(seconds)
    checkpoint.touch()
    return 143


if __name__ == "__main__":
    if sys.argv[1] == "--worker":
        worker.MODULES = (NAME,)
        sys.exit(worker.main(sys.argv[2:]))
    sys.exit(main(Path(sys.argv[1])))
