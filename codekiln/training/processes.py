"""The processes of one run: how they find each other, agree and part. torch is imported inside."""

import os
from typing import Any, TypeVar

from codekiln.errors import InputError
from codekiln.launch.worker import APART
from codekiln.training.settings import Strategy

Answer = TypeVar("Answer")


def rank() -> int:
    """Return the number of this process among all; torchrun sets it, and without torchrun there is only number 0."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """Return the number of processes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def start(strategy: Strategy) -> None:
    """Connect the processes for DeepSpeed, which has to happen before its configuration and the model are made.

    Without it transformers would, on CPUs, describe a run of one process to DeepSpeed. DDP needs nothing: the trainer
    connects the processes itself.

    Raises:
        InputError: ZeRO is asked of a process that torchrun did not start.
    """
    if strategy == "ddp":
        return
    if "RANK" not in os.environ:
        raise InputError(
            f"strategy {strategy} needs processes that torchrun started",
            where="strategy",
            fix="start the job with python -m codekiln.launch.worker, or use strategy = ddp",
        )
    import deepspeed
    import torch

    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(local_rank())
    else:
        # DeepSpeed would compile an all-reduce over shared memory, for which it needs a C++ compiler; gloo serves.
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed("nccl" if gpu else "gloo", verbose=False)


def local_rank() -> int:
    """Return the number of this process on its node, which is also the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def apart() -> bool:
    """Return whether each node works on a folder of its own, so that each has to write whole checkpoints."""
    return APART in os.environ


def gathered(answer: Answer) -> list[Answer]:
    """Return the answers of all processes, in their order; every process has to call this."""
    import torch.distributed as distributed

    if not distributed.is_initialized():
        return [answer]
    answers: list[Any] = [None] * world()
    distributed.all_gather_object(answers, answer)
    return answers


def any_of(flag: bool, device: Any) -> bool:
    """Return whether the flag is up in at least one process; every process has to ask."""
    import torch
    import torch.distributed as distributed

    if not distributed.is_initialized():
        return flag
    shared = torch.tensor(int(flag), device=device)
    distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
    return bool(shared.item())


def wait() -> None:
    """Wait until every process has come here."""
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.barrier()


def leave() -> None:
    """Part in order: without this, processes that use ZeRO-3 over gloo abort at exit in about four runs of ten."""
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
