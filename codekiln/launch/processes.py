"""The processes of a distributed job: ranks, collectives and shutdown.

torch is imported inside the functions: jobs without it, and the worker before it starts torchrun, use this module too.
"""

import os
from typing import Any, TypeVar

NO_SHARED_FOLDER = "CODEKILN_NO_SHARED_FOLDER"

Value = TypeVar("Value")


def rank() -> int:
    """Return the rank of this process; torchrun sets it, and without torchrun there is only rank 0."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """Return the number of processes."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def local_rank() -> int:
    """Return the rank of this process on its node, which is also the index of its GPU."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def nodes_share_no_folder() -> bool:
    """Return whether each node has a folder of its own, so that each has to write complete checkpoints."""
    return NO_SHARED_FOLDER in os.environ


def all_gather(value: Value) -> list[Value]:
    """Return the values of all processes, in the order of their ranks; every process has to call this."""
    import torch.distributed as distributed

    if not distributed.is_initialized():
        return [value]
    values: list[Any] = [None] * world_size()
    distributed.all_gather_object(values, value)
    return values


def any_process(flag: bool, device: Any) -> bool:
    """Return whether the flag is true in at least one process; every process has to call this."""
    import torch
    import torch.distributed as distributed

    if not distributed.is_initialized():
        return flag
    shared = torch.tensor(int(flag), device=device)
    distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
    return bool(shared.item())


def barrier() -> None:
    """Wait until every process has called this."""
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.barrier()


def shut_down() -> None:
    """Shut down together: without this, processes with ZeRO-3 over gloo abort at exit in about four runs of ten."""
    import torch.distributed as distributed

    if distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()
