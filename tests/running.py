"""Run codekiln as a user would: as a command, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

SMALL = [
    "problems.train=24", "problems.evaluation=16", "evaluate.n=2", "evaluation.k=[1, 2]", "self_generate.n=4",
    "sft.epochs=1", "dpo.epochs=1", "dpo_further.epochs=1", "evaluation.resamples=500",
    "evaluation.minimum_problems=10",
]  # fmt: skip


def command(*words: str, settings: list[str] = SMALL) -> list[str]:
    sets = [word for setting in settings for word in ("--set", setting)]
    return [sys.executable, "-m", "codekiln", *words, *sets]


def codekiln(*words: str, settings: list[str] = SMALL, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words, settings=settings), capture_output=True, text=True, cwd=cwd, timeout=900,
        env={**os.environ, "OMP_NUM_THREADS": "1"}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
