"""How many programs can run at the same time: cores of the machine, or what a container may use of them."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cores(cgroup: Path = CGROUP) -> int:
    """Return the number of cores that this process may use, at least one.

    A container sees all cores of its node; what it may use is in ``cpu.max`` (Linux's cgroup v2: quota and period in
    microseconds) or in ``cpu.cfs_quota_us`` and ``cpu.cfs_period_us`` (v1). A part of a core counts as one.

    Args:
        cgroup: Where the files of the process's control group are.
    """
    cores = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    return max(1, cores if quota is None else min(cores, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota, period = " ".join((cgroup / name).read_text() for name in names).split()
            return int(quota) / int(period) if int(quota) > 0 else None
        except (OSError, ValueError):  # no such file, or "max": no limit
            continue
    return None
