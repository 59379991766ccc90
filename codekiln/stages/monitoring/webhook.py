"""Sends notifications to a webhook, whose address is a secret: it is in no message, log or record."""

import logging
import os

import httpx2
from cloudevents.core.v1.event import CloudEvent
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from codekiln.stages.monitoring import events
from codekiln.stages.monitoring.context import NOTIFY_URL as URL
from codekiln.stages.monitoring.outbox import DeliveryError

TIMEOUT_SECONDS = 4.0
ATTEMPTS = 3
FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 2.0
# Request timeout, too early, too many requests; every 5xx is transient as well.
_TRANSIENT = frozenset({408, 425, 429})


class _Transient(DeliveryError):
    """A failure that another attempt may mend."""


def notify(event: CloudEvent, attempts: int = ATTEMPTS) -> None:
    """Send an event, again where the receiver is busy or broken; every attempt has the same body.

    Redirects are not followed: the address is the one that somebody has chosen to trust.

    Raises:
        DeliveryError: The receiver cannot be reached, or refuses.
    """
    for name in ("httpx2", "httpcore2"):
        # Both log the address of every request.
        logging.getLogger(name).setLevel(logging.WARNING)
    retrying = Retrying(
        retry=retry_if_exception_type(_Transient),
        wait=wait_exponential_jitter(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=0.2),
        stop=stop_after_attempt(attempts),
        reraise=True,
    )
    retrying(_post, os.environ[URL].strip(), events.body(event))


def _post(url: str, body: bytes) -> None:
    try:
        address = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        address = httpx2.URL("")
    if address.scheme not in ("http", "https") or not address.host:
        raise DeliveryError(f"{URL} is no http or https address, so nobody is notified")
    try:
        answer = httpx2.post(
            address,
            content=body,
            headers={"content-type": f"{events.CONTENT_TYPE}; charset=utf-8"},
            timeout=TIMEOUT_SECONDS,
            follow_redirects=False,
        )
    except httpx2.HTTPError as error:
        # Without its text, which may hold the address.
        raise _Transient(f"nobody can be notified at {URL}: {type(error).__name__}") from None
    if answer.status_code in _TRANSIENT or answer.status_code >= 500:
        raise _Transient(f"nobody can be notified: the receiver at {URL} answers {answer.status_code}")
    if not answer.is_success:
        hint = "; give the address it redirects to" if answer.is_redirect else ""
        raise DeliveryError(f"nobody can be notified: the receiver at {URL} answers {answer.status_code}{hint}")
