"""What this process has open, and a check that a block leaves nothing open."""

import contextlib
import gc
import os
import time
from collections import Counter
from collections.abc import Iterator

_SECONDS = 5.0


def open_descriptors() -> Counter[str]:
    """Return what the descriptors of this process point to, such as ``socket:[123]`` or a path, with their number."""
    found: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the descriptor of the folder itself, and what others close
            found[os.readlink(f"/proc/self/fd/{name}")] += 1
    return found


@contextlib.contextmanager
def nothing_left_open(seconds: float = _SECONDS) -> Iterator[None]:
    """Fail where the block leaves descriptors open that were not open before; what it closes late may take a while.

    Names are compared, not numbers: other threads of the tests may close theirs meanwhile.
    """
    before = open_descriptors()
    yield
    end = time.monotonic() + seconds
    while (left := open_descriptors() - before) and time.monotonic() < end:
        gc.collect()
        time.sleep(0.02)
    assert not left, f"left open: {dict(left)}"
