"""Makes the memory of a process cheap to share with the children that it forks.

A child copies each page that it writes, and Python writes to every object that it uses; what is not done here once,
each child does in copies of its own.
"""

import ctypes
import gc
import resource
import sys

_BATCH, _MOST = 64, 1 << 17
_GROWN = 24
"""Pages that are new when the table of interned strings has grown; 64 strings alone need fewer."""


def prepare_to_fork() -> None:
    """Return memory that is not in use, and keep children from touching the rest of it without need."""
    gc.collect()
    _make_room_for_interned_strings()
    release = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if release is not None:
        release(0)
    # The collector of a child leaves alone what is frozen.
    gc.freeze()


def _make_room_for_interned_strings() -> None:
    """Intern strings until the table of them has grown.

    It is a dict, which is copied to a larger one when it is full: half a megabyte, in each child that interns the one
    string too many. After a growth there is room for as many strings again as there are.
    """
    kept: list[str] = []
    while len(kept) < _MOST:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        kept += [sys.intern(f"\x00{number}") for number in range(len(kept), len(kept) + _BATCH)]
        if resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before > _GROWN:
            return
