"""One sampling run, from problems to samples. Imports torch: import this lazily."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed

from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.manifests import MANIFEST
from codekiln.data.records import Problem, Sample
from codekiln.inference.engines import open_generator
from codekiln.inference.sampling.candidates import collect, sample_programs
from codekiln.inference.sampling.job import SamplingJob
from codekiln.launch import processes
from codekiln.launch.trainer_status import TrainerStatus, trainer_status

SHARDS = "shards"
# Generous, because processes finish far apart when their problems differ in length.
PATIENCE = timedelta(days=7)


def run(job: SamplingJob) -> None:
    """Write the samples of all problems into ``job.output``; after a crash, only missing problems are sampled.

    Under torchrun, each process takes every n-th problem, on a GPU of its own where there is one.

    Raises:
        InputError: The problems, the base model or the adapter are wrong.
        ModelError: The base model cannot be used.
    """
    rank, world = processes.rank(), processes.world_size()
    # Rank 0 takes every n-th problem, so that its progress is that of all.
    status = trainer_status() if rank == 0 else None
    # vLLM's process has the GPU to itself.
    if job.engine == "transformers" and torch.cuda.is_available():
        torch.cuda.set_device(processes.local_rank())
    problems = Dataset(job.problems, Problem).rows()
    if world == 1:
        _collect(job, problems, job.output, job.label, status)
        _finish(status, job, problems)
        return
    distributed.init_process_group("gloo", timeout=PATIENCE)
    # A pod that is lost after the end restarts all of them; global rank 0 decides for all whether the work is done.
    if processes.all_gather((job.output / MANIFEST).exists())[0]:
        return
    # Named by rank and world size: after a restart with another world size the problems are split differently.
    shard = job.output / SHARDS / f"{rank}-of-{world}"
    _collect(job, problems[rank::world], shard, f"{job.label} {rank + 1}/{world}", status)
    _gather(job, problems, Dataset(shard, Sample).rows(), rank, world)
    _finish(status, job, problems)


def _collect(
    job: SamplingJob, problems: Sequence[Problem], folder: Path, label: str, status: TrainerStatus | None
) -> None:
    if (folder / MANIFEST).exists():
        return

    def solve(rows: Sequence[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        total, before = (count * job.sampling.n for count in (len(problems), len(problems) - len(rows)))
        if status:
            status.start(total, before)

        def on_progress(done: int) -> None:
            if status:
                status.reached(before + done, {"samples": before + done, "total_samples": total})

        generator = open_generator(
            job.engine, job.base, job.adapter, settings=job.vllm, on_progress=on_progress, title=job.title or job.label
        )
        return sample_programs(generator, job.sampling, rows, model=job.label)

    collect(problems, solve, folder, label, job.code_version, shown=False, settings={"engine": job.engine})


def _finish(status: TrainerStatus | None, job: SamplingJob, problems: Sequence[Problem]) -> None:
    if status:
        total = len(problems) * job.sampling.n
        status.finish({"samples": total, "total_samples": total})


def _gather(job: SamplingJob, problems: Sequence[Problem], rows: list[Sample], rank: int, world: int) -> None:
    """Gather all samples in rank 0, which writes them: nodes may have no file system in common."""
    gathered: list[list[Sample]] | None = [[]] * world if rank == 0 else None
    distributed.gather_object(rows, gathered)
    if gathered is not None:
        found: dict[str, list[Sample]] = {problem.task_id: [] for problem in problems}
        for sample in (sample for rows in gathered for sample in rows):
            found[sample.task_id].append(sample)
        together = [sample for samples in found.values() for sample in samples]
        write_dataset(job.output, together, Sample, settings={"engine": job.engine}, code_version=job.code_version)
    processes.barrier()
    shutil.rmtree(job.output / SHARDS, ignore_errors=True)
