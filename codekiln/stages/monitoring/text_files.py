"""Metrics in files for the textfile collector of node_exporter, which reads each whole or not at all."""

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from codekiln.data.files import write_atomic
from codekiln.stages.monitoring.context import FOLDER
from codekiln.stages.monitoring.families import COMMON, Measurement, metrics, registry
from codekiln.stages.monitoring.outbox import DeliveryError
from codekiln.stages.monitoring.texts import digest

LOCK_SECONDS = 5.0
_LONGEST_FILE, _LONGEST_NAME = 1 << 22, 100


def write(common: Mapping[str, str], measurements: Sequence[Measurement]) -> None:
    """Replace the metrics of these names in the group's file ``codekiln-STAGE-DIGEST.prom``; others stay.

    Raises:
        DeliveryError: It cannot be written.
    """
    folder = Path(os.environ[FOLDER])
    words = re.sub(r"[^\w-]+", "-", common["stage"], flags=re.ASCII)[:_LONGEST_NAME]
    path = folder / f"codekiln-{words}-{digest(*(common[name] for name in COMMON))[:10]}.prom"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            made = {each.name: each for each in (*read(path), *metrics(common, measurements))}
            write_atomic(path, generate_latest(registry(made.values())))
    except OSError as error:
        raise DeliveryError(f"the metrics cannot be written: {error}") from None


def read(path: Path) -> list[Metric]:
    """Return the metrics of a file; none of one that is not there yet, that is no file, or that somebody has edited."""
    try:
        # Whoever may write to the folder may have put a link or a pipe there.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LONGEST_FILE:
            return []
        try:
            return list(text_string_to_metric_families(file.read(_LONGEST_FILE).decode()))
        except (ValueError, LookupError):  # the parser raises both
            return []


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let one process and thread at a time read a file and write it again; else one would undo what another wrote."""
    descriptor, end = os.open(folder, os.O_RDONLY), time.monotonic() + LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise TimeoutError(f"{folder} is locked") from None
                time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)
