"""The processes of one run: how they find each other, agree and part. torch is imported inside."""

import os
from typing import Any, TypeVar

NO_SHARED_FOLDER = "CODEKILN_NODES_APART"

Answer = TypeVar("Answer")


def rank() -> int:
    """Return the number of this process among all; torchrun sets it, and without torchrun there is only number 0."""
    return int(os.environ.get("RANK", "0"))


def world() -> int:
    """Return the number of processes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_rank() -> int:
    """Return the number of this process on its node, which is also the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def nodes_share_no_folder() -> bool:
    """Return whether each node works on a folder of its own, so that each has to write whole checkpoints."""
    return NO_SHARED_FOLDER in os.environ


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
