"""Sends notifications to a webhook, whose address is a secret: it is in no message, log or record."""

import os

import httpx2
from cloudevents.core.v1.event import CloudEvent
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from codekiln.stages.monitoring import events, exchange
from codekiln.stages.monitoring.outbox import DeliveryError
from codekiln.stages.monitoring.texts import NOTIFY_URL as URL

TIMEOUT_SECONDS = 4.0
ATTEMPTS = 3
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 2.0
# Request timeout, too early, too many requests; every 5xx is transient as well.
_TRANSIENT = frozenset({408, 425, 429})


class _Transient(DeliveryError):
    """A failure that another attempt may mend."""


def notify(event: CloudEvent, attempts: int = ATTEMPTS) -> None:
    """Send an event, again where the receiver is busy or broken; every attempt has the same body.

    Raises:
        DeliveryError: The receiver cannot be reached, or refuses.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(_Transient),
        wait=wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=0.2),
        stop=stop_after_attempt(attempts),
        reraise=True,
    )
    retrying(_post, os.environ[URL].strip(), events.body(event))


def _post(url: str, body: bytes) -> None:
    address = exchange.address(url)
    if address is None:
        raise DeliveryError(f"{URL} is no http or https address, so nobody is notified")
    headers = {"content-type": f"{events.CONTENT_TYPE}; charset=utf-8"}
    try:
        answer = exchange.post(address, body, headers, TIMEOUT_SECONDS)
    except (httpx2.HTTPError, TimeoutError) as error:
        # Without its text, which may hold the address.
        raise _Transient(f"nobody can be notified at {URL}: {type(error).__name__}") from None
    if answer.status in _TRANSIENT or answer.status >= 500:
        raise _Transient(f"nobody can be notified: the receiver at {URL} answers {answer.status}")
    if not 200 <= answer.status < 300:
        hint = "; give the address it redirects to" if 300 <= answer.status < 400 else ""
        raise DeliveryError(f"nobody can be notified: the receiver at {URL} answers {answer.status}{hint}")
