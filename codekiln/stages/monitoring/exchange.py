"""One HTTP request to a receiver that may be anybody: bounded in time and in what is read, and never redirected."""

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx2

from codekiln.launch.deadline import Deadline

_LONGEST_ANSWER = 300


@dataclass(frozen=True)
class Answer:
    """Status of an answer, and of a refusal the beginning of its text."""

    status: int
    text: str = ""


def address(url: str) -> httpx2.URL | None:
    """Return an http or https address, or None for anything else."""
    try:
        found = httpx2.URL(url)
        return found if found.scheme in ("http", "https") and found.host else None
    except (httpx2.InvalidURL, ValueError):
        return None


def post(url: httpx2.URL, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
    """Post a body; of an answer nothing is read but its head and, of a refusal, a few hundred bytes.

    Redirects are not followed: the address is the one that somebody has chosen to trust.

    Raises:
        TimeoutError: The whole exchange has taken ``seconds``.
        httpx2.HTTPError: The receiver cannot be reached, or does not speak HTTP. Its text may hold the address.
    """
    for name in ("httpx2", "httpcore2"):
        # Both log the address of every request.
        logging.getLogger(name).setLevel(logging.WARNING)
    with Deadline(seconds) as deadline:

        def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith(".connect_tcp.complete"):  # of a proxy as well
                deadline.watch(info["return_value"].get_extra_info("socket"))

        sent: dict[str, Any] = {"content": body, "headers": dict(headers), "extensions": {"trace": trace}}
        try:
            with (
                httpx2.Client(timeout=seconds, follow_redirects=False) as client,
                client.stream("POST", url, **sent) as answer,
            ):
                return Answer(answer.status_code, "" if answer.is_success else _beginning(answer))
        except httpx2.HTTPError:
            if deadline.is_over:
                raise TimeoutError(f"no whole answer within {seconds:.0f} s") from None
            raise


def _beginning(answer: httpx2.Response) -> str:
    with suppress(httpx2.HTTPError):
        # As it was sent: what is decompressed has no limit.
        return next(answer.iter_raw(_LONGEST_ANSWER), b"").decode(errors="replace")
    return ""
