"""One chat completion from an OpenAI-compatible server, retried while the server is busy or broken.

Requests go through the ``openai`` package, retries through ``tenacity``. The retries of ``openai`` do not fit: they
sleep without a way to stop, do not repeat a malformed answer, give up where ``Retry-After`` is above two minutes, and
repeat a request that an exhausted account has refused.
"""

import json
import logging
import os
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import openai
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_after_attempt,
    stop_when_event_set,
    wait_exponential_jitter,
)

from codekiln.errors import InputError, ModelError, did_you_mean
from codekiln.inference.chat_answer import MalformedAnswer, completion_of
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.inference.response_cache import Completion

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_LONGEST_RETRY_AFTER_SECONDS = 3600.0
# Request timeout, conflict, too early, too many requests; every 5xx is transient as well.
_TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})
# Bad request, content too large, unprocessable content.
_REFUSED_PROMPT = frozenset({400, 413, 422})
_QUOTED_CHARACTERS = 300


class RefusedPrompt(InputError):
    """The server refuses a request, perhaps for its prompt alone: it is too long, or was filtered."""


class ChatClient:
    """Requests chat completions from one server.

    Raises:
        InputError: The key cannot be sent in an HTTP header.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.url = settings.url.rstrip("/")
        key = _api_key(settings.api_key_env)
        # The package reads OPENAI_API_KEY, OPENAI_ORG_ID and OPENAI_PROJECT_ID itself; this server may be anybody's,
        # so it gets the configured key or none, and the other two never.
        self._headers: dict[str, str | openai.Omit] = {
            "Authorization": f"Bearer {key}" if key else openai.omit,
            "OpenAI-Organization": openai.omit,
            "OpenAI-Project": openai.omit,
        }
        self._client = openai.OpenAI(
            base_url=self.url, api_key=key or "none", timeout=settings.timeout_seconds, max_retries=0
        )

    def complete(self, body: dict[str, Any], stop: threading.Event, on_retry: Callable[[], None]) -> Completion:
        """Post one request until it is answered, waiting longer each time and never less than the server asks.

        Args:
            body: Fields of the request, of which ``model`` and ``messages`` are required.
            stop: Ends the current wait, and after one last try the retries.
            on_retry: Called before each wait.

        Raises:
            RefusedPrompt: The server refuses the request.
            InputError: The server refuses the key or the model's name.
            ModelError: The server cannot be reached or used, also after all retries.
        """

        def before_sleep(state: RetryCallState) -> None:
            left = self.settings.retries + 1 - state.attempt_number
            trouble = _words(_exception(state))
            log.warning("%s: %s; trying again in %.1f s (%d tries left)", self.url, trouble, state.upcoming_sleep, left)
            on_retry()

        retrying = Retrying(
            retry=retry_if_exception(_is_transient),
            stop=stop_after_attempt(self.settings.retries + 1) | stop_when_event_set(stop),
            wait=_wait_seconds,
            sleep=sleep_using_event(stop),
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            return retrying(self._post, body)
        except (openai.APIError, MalformedAnswer) as error:
            if isinstance(error, openai.APIStatusError) and not _is_transient(error):
                raise self._refusal(error) from None
            kept = f"answers so far are kept in {Path(self.settings.cache_dir).expanduser()}"
            fix = f"see that the server runs, and give the same command again: {kept}"
            raise ModelError(f"did not answer ({_words(error)})", where=self.url, fix=fix) from None

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        known = self._models()
        # Gateways list patterns, such as ``*`` or ``openai/*``.
        if known and not any(fnmatchcase(self.settings.model, name) for name in (*known, *map(_literal, known))):
            raise self._unknown_model(known)

    def _post(self, body: dict[str, Any]) -> Completion:
        # extra_body holds every field: servers know more of them than the package has parameters.
        response = self._client.chat.completions.with_raw_response.create(
            model=body["model"], messages=body["messages"], extra_body=body, extra_headers=self._headers
        )
        try:
            return completion_of(json.loads(response.text))
        except (ValueError, RecursionError, MalformedAnswer):
            raise MalformedAnswer(_quoted(response.status_code, response.text)) from None

    def _models(self) -> list[str]:
        """Return the models that the server lists; empty when it has no such list."""
        try:
            return [str(model.id) for model in self._client.models.list(extra_headers=self._headers).data]
        except openai.APIConnectionError as error:
            fix = "check the address and that the server runs"
            raise InputError(f"cannot be reached: {_words(error)}", where=self.url, fix=fix) from None
        except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
            raise self._refusal(error) from None
        except (openai.APIStatusError, ValueError, TypeError, AttributeError):
            return []

    def _refusal(self, error: openai.APIStatusError) -> InputError:
        message, name = _words(error), self.settings.api_key_env
        if error.status_code in (401, 403):
            verb = "check the key in" if os.environ.get(name) else "put the key into"
            fix = f"{verb} the environment variable {name}"
            return InputError(f"the server refuses the key: {message}", where=self.url, fix=fix)
        if error.status_code == 404:
            return self._unknown_model(self._models(), message)
        kind = RefusedPrompt if error.status_code in _REFUSED_PROMPT else InputError
        return kind(
            f"the server refuses the request: {message}",
            where=f"{self.url} model {self.settings.model}",
            fix='change what the message names: omit = ["seed"] leaves a field of the request out, and '
            "extra = {max_completion_tokens = 1024} adds one (this one replaces max_tokens)",
        )

    def _unknown_model(self, known: list[str], message: str = "") -> InputError:
        fix = did_you_mean(self.settings.model, known) if known else "check the address: it usually ends in /v1"
        what = f"no model '{self.settings.model}'" + (f": {message}" if message else "")
        return InputError(what, where=self.url, fix=fix)


def _literal(name: str) -> str:
    """Return a pattern that matches this name alone, which may hold characters of patterns."""
    return re.sub(r"[*?[]", r"[\g<0>]", name)


def _api_key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError("the key holds characters that no HTTP header may hold", where=variable, fix="set it again")
    return key


def _is_transient(error: BaseException) -> bool:
    """Return whether the same request may succeed later."""
    if isinstance(error, openai.APIStatusError):
        busy = error.status_code in _TRANSIENT_STATUSES or error.status_code >= 500
        # An exhausted account is answered with 429 like a busy server, but waiting does not help.
        return busy and "insufficient_quota" not in error.response.text
    return isinstance(error, openai.APIConnectionError | MalformedAnswer)


def _exception(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait_seconds(state: RetryCallState) -> float:
    """Return the longer of exponential backoff and what the server asks for."""
    backoff = wait_exponential_jitter(
        multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=FIRST_WAIT_SECONDS
    )
    error = _exception(state)
    header = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
    return max(_retry_after_seconds(header), backoff(state))


def _retry_after_seconds(value: str) -> float:
    """Return the seconds of a Retry-After header (RFC 9110, 10.2.3: a number or a date), or 0."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return 0.0
    return max(0.0, min(seconds, _LONGEST_RETRY_AFTER_SECONDS))


def _words(error: BaseException | None) -> str:
    """Return the server's error message, or the name and text of the network error."""
    if isinstance(error, openai.APIStatusError):
        body = error.body
        return _quoted(error.status_code, str(body.get("message", body) if isinstance(body, dict) else body))
    if isinstance(error, openai.APIConnectionError) and error.__cause__:
        error = error.__cause__  # the package's own text is "Connection error." for all of them
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return str(error)


def _quoted(status: int, text: str) -> str:
    return f"HTTP {status}: {' '.join(text.split())[:_QUOTED_CHARACTERS]}"
