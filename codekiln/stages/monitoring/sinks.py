"""Where metrics go: a Pushgateway, or files for the textfile collector of node_exporter.

Both keep the last values of a step of a pipeline; neither forgets. So what tells series apart is what administrators
name (`families.COMMON`), and never a run: two runs of one pipeline, experiment and pool write over each other.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import httpx2
from prometheus_client import pushadd_to_gateway

from codekiln.stages.monitoring import exchange
from codekiln.stages.monitoring.context import FOLDER, GATEWAY
from codekiln.stages.monitoring.families import Measurement, metrics, registry
from codekiln.stages.monitoring.outbox import DeliveryError
from codekiln.stages.monitoring.text_files import write

JOB = "codekiln"
TIMEOUT_SECONDS = 5.0

Sink = Callable[[Mapping[str, str], Sequence[Measurement]], None]


def sinks() -> list[Sink]:
    """Return where the environment says that metrics go; by default nowhere."""
    return [sink for variable, sink in ((GATEWAY, _push), (FOLDER, write)) if os.environ.get(variable)]


def _push(common: Mapping[str, str], measurements: Sequence[Measurement]) -> None:
    """Replace the metrics of these names in the group on the Pushgateway; others, as the last success, stay.

    Raises:
        DeliveryError: It has not answered after ``TIMEOUT_SECONDS``, or refuses.
    """
    url = exchange.address(os.environ[GATEWAY].strip())
    if url is None:
        raise DeliveryError(f"{GATEWAY} is no http or https address, so there are no metrics")
    # What else there is in the address may be a secret.
    shown = f"{url.scheme}://{url.netloc.decode()}"
    made = registry(metrics(common, measurements))
    pushadd_to_gateway(str(url), JOB, made, dict(common), TIMEOUT_SECONDS, handler=partial(_handler, shown))


def _handler(
    shown: str, *, url: str, method: str, timeout: float | None, headers: list[tuple[str, str]], data: bytes
) -> Callable[[], None]:
    """Send as `prometheus_client` wants it sent; its own handler has no limit of the time, and follows redirects."""

    def handle() -> None:
        try:
            answer = exchange.post(httpx2.URL(url), data, dict(headers), timeout or TIMEOUT_SECONDS)
        except (httpx2.HTTPError, TimeoutError) as error:
            why = str(error) or type(error).__name__
            raise DeliveryError(f"no answer from the Pushgateway at {shown}: {why}") from None
        if not 200 <= answer.status < 300:
            raise DeliveryError(f"the Pushgateway at {shown} answers {answer.status}: {answer.text}")

    return handle
