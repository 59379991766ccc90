"""Where metrics go: a Pushgateway, or files for the textfile collector of node_exporter.

Both keep the last values of a step of a pipeline; neither forgets. So what tells series apart is what administrators
name (`families.COMMON`), and never a run: two runs of one pipeline, experiment and pool write over each other.
"""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from prometheus_client import pushadd_to_gateway, write_to_textfile
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from codekiln.registry.connection import without_password
from codekiln.stages.monitoring.context import FOLDER, GATEWAY, digest
from codekiln.stages.monitoring.families import COMMON, Measurement, metrics, registry
from codekiln.stages.monitoring.outbox import DeliveryError

JOB = "codekiln"
TIMEOUT_SECONDS = 5.0

Sink = Callable[[Mapping[str, str], Sequence[Measurement]], None]


def sinks() -> list[Sink]:
    """Return where the environment says that metrics go; by default nowhere."""
    return [sink for variable, sink in ((GATEWAY, _push), (FOLDER, _write)) if os.environ.get(variable)]


def _push(common: Mapping[str, str], measurements: Sequence[Measurement]) -> None:
    """Replace the metrics of these names in the group on the Pushgateway; others, as the last success, stay.

    Raises:
        DeliveryError: It cannot be reached within ``TIMEOUT_SECONDS``, or refuses.
    """
    url = os.environ[GATEWAY]
    shown = without_password(url)
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise DeliveryError(f"{GATEWAY} is no http or https address, so there are no metrics")
    made = registry(metrics(common, measurements))
    try:
        pushadd_to_gateway(url, JOB, made, grouping_key=dict(common), timeout=TIMEOUT_SECONDS)
    except HTTPError as error:
        why = error.read(300).decode(errors="replace").strip() or error.reason
        raise DeliveryError(f"the Pushgateway at {shown} answers {error.code}: {why}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise DeliveryError(f"no answer from the Pushgateway at {shown}: {error}") from None


def _write(common: Mapping[str, str], measurements: Sequence[Measurement]) -> None:
    """Do the same with the group's file ``codekiln-STAGE-DIGEST.prom``, which the collector reads whole or not at all.

    Raises:
        DeliveryError: It cannot be written.
    """
    folder = Path(os.environ[FOLDER])
    words = re.sub(r"[^\w-]+", "-", common["stage"])
    path = folder / f"codekiln-{words}-{digest(*(common[name] for name in COMMON))[:10]}.prom"
    made = {each.name: each for each in (*_read(path), *metrics(common, measurements))}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(path), registry(made.values()))
    except OSError as error:
        raise DeliveryError(f"the metrics cannot be written: {error}") from None


def _read(path: Path) -> list[Metric]:
    try:
        return list(text_string_to_metric_families(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        # A file that is not there yet, or that somebody has edited.
        return []
