"""Let a model write programs for problems. Imports torch: import this lazily."""

import os
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

from codekiln.dataset import Dataset, write_dataset
from codekiln.inference.local import LocalGenerator
from codekiln.records import Problem, Sample
from codekiln.sampling.candidates import collect
from codekiln.sampling.job import SamplingJob
from codekiln.teachers import ask

SHARDS = "shards"
# Processes end far apart when their problems differ in length.
PATIENCE = timedelta(days=7)


def run(job: SamplingJob) -> None:
    """Write the samples of all problems into ``job.output``; run again after a crash, it asks nothing twice.

    Under torchrun, each process takes every n-th problem, on a GPU of its own where there is one.

    Raises:
        InputError: The problems, the base model or the adapter are wrong.
        ModelError: The base model cannot be used.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))  # set by torchrun
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    problems = Dataset(job.problems, Problem).rows()
    if world == 1:
        _collect(job, problems, job.output, job.label)
        return
    distributed.init_process_group("gloo", timeout=PATIENCE)
    _collect(job, problems[rank::world], _shard(job, rank, world), f"{job.label} {rank + 1}/{world}")
    distributed.barrier()
    if rank == 0:
        _merge(job, problems, world)


def _collect(job: SamplingJob, problems: Sequence[Problem], folder: Path, label: str) -> None:
    if (folder / "manifest.json").exists():
        return

    def solve(rows: Sequence[Problem]):
        return ask(LocalGenerator(job.base, job.adapter), job.sampling, rows, model=job.label)

    collect(problems, solve, folder, label, job.code_version, shown=False)


def _shard(job: SamplingJob, rank: int, world: int) -> Path:
    # Named by both numbers: after a restart on other nodes, another number of processes splits the problems otherwise.
    return job.output / SHARDS / f"{rank}-of-{world}"


def _merge(job: SamplingJob, problems: Sequence[Problem], world: int) -> None:
    found: dict[str, list[Sample]] = {problem.task_id: [] for problem in problems}
    for rank in range(world):
        for sample in Dataset(_shard(job, rank, world), Sample).rows():
            found[sample.task_id].append(sample)
    rows = [sample for samples in found.values() for sample in samples]
    write_dataset(job.output, rows, Sample, code_version=job.code_version)
    shutil.rmtree(job.output / SHARDS)
