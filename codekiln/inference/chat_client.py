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
from urllib.parse import parse_qsl

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
from codekiln.inference.chat_answer import MalformedAnswer, completion_of, decoded
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.inference.response_cache import Completion

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_LONGEST_RETRY_AFTER_SECONDS = 3600.0
# Request timeout, conflict, failed dependency (TGI: generation failed), too early, too many requests; 5xx as well.
_TRANSIENT_STATUSES = frozenset({408, 409, 424, 425, 429})
# Bad request, forbidden, content too large, unprocessable content, unavailable for legal reasons.
_REFUSED_PROMPT = frozenset({400, 403, 413, 422, 451})
# Failed dependency, internal server error.
_FAILED_PROMPT = frozenset({424, 500})
_NO_CREDIT = "insufficient_quota"
_ADDRESS = "check the address: it usually ends in /v1"
_VERSION = re.compile(r"/v\d\w*(?:/|$)")
_QUOTED_CHARACTERS = 300


class RefusedPrompt(InputError):
    """The server refuses a request, perhaps for its prompt alone: it is too long, or was filtered."""


class FailedPrompt(ModelError):
    """The server answers, but failed at this request each time that it was made."""


class ChatClient:
    """Requests chat completions from one server.

    Raises:
        InputError: The key cannot be sent in an HTTP header, or the proxy of the environment cannot be used.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        # Addresses are copied with the path of a request, and Azure's have a version behind a question mark.
        address, _, query = settings.url.partition("?")
        self.url = address.rstrip("/").removesuffix("/chat/completions")
        version = dict(parse_qsl(query))
        key = _api_key(settings.api_key_env)
        # The package reads OPENAI_API_KEY, OPENAI_ORG_ID and OPENAI_PROJECT_ID itself; this server may be anybody's,
        # so it gets the configured key or none, and the other two never.
        self._headers: dict[str, str | openai.Omit] = {
            "Authorization": f"Bearer {key}" if key else openai.omit,
            "OpenAI-Organization": openai.omit,
            "OpenAI-Project": openai.omit,
        }
        if version and key:
            self._headers["api-key"] = key  # Azure's classic addresses know no bearer
        self._has_answered = False
        try:
            self._client = openai.OpenAI(
                base_url=self.url,
                api_key=key or "none",
                timeout=settings.timeout_seconds,
                max_retries=0,
                default_query=version,
            )
        except (ImportError, ValueError) as error:
            # httpx reads the proxy of the environment: without socksio it takes no SOCKS, and never another scheme.
            what = f"the proxy cannot be used: {str(error).partition('. ')[0]}"
            fix = "give an http:// proxy, or name the server in NO_PROXY"
            raise InputError(what, where="ALL_PROXY, HTTPS_PROXY or HTTP_PROXY", fix=fix) from None

    def complete(self, body: dict[str, Any], stop: threading.Event, on_retry: Callable[[], None]) -> Completion:
        """Post one request until it is answered, waiting longer each time and never less than the server asks.

        Args:
            body: Fields of the request, of which ``model`` and ``messages`` are required.
            stop: Ends the current wait, and after one last try the retries.
            on_retry: Called before each wait.

        Raises:
            RefusedPrompt: The server refuses the request.
            FailedPrompt: The server answers, but fails at this request each time.
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
            if (unfit := _out_of_form(error)) is not None:
                return unfit
            if isinstance(error, openai.APIStatusError) and not _is_transient(error):
                raise self._refusal(error) from None
            kept = f"answers so far are kept in {Path(self.settings.cache_dir).expanduser()}"
            is_sure = self._has_answered or _VERSION.search(self.url)
            runs = "see that the server runs" if is_sure else "see that the server runs there (addresses end in /v1)"
            failure = FailedPrompt if _may_be_the_prompt(error) else ModelError
            fix = f"{runs}, and give the same command again: {kept}"
            raise failure(f"did not answer ({_words(error)})", where=self.url, fix=fix) from None

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        known = self._models()
        # Gateways list patterns, such as ``*`` or ``openai/*``; Ollama lists a tag that may be left out.
        known += [name.removesuffix(":latest") for name in known if name.endswith(":latest")]
        if known and not any(fnmatchcase(self.settings.model, name) for name in (*known, *map(_literal, known))):
            raise self._unknown_model(known)

    def _post(self, body: dict[str, Any]) -> Completion:
        # extra_body holds every field: servers know more of them than the package has parameters.
        response = self._client.chat.completions.with_raw_response.create(
            model=body["model"], messages=body["messages"], extra_body=body, extra_headers=self._headers
        )
        try:
            completion = completion_of(decoded(response.text))
        except (ValueError, RecursionError, AttributeError, TypeError, MalformedAnswer):
            raise MalformedAnswer(_quoted(response.status_code, response.text)) from None
        self._has_answered = True
        return completion

    def _models(self) -> list[str]:
        """Return the models that the server lists; empty when it has no such list.

        Raises:
            InputError: The server cannot be reached, refuses the key, or answers as no chat server does.
        """
        try:
            response = self._client.models.with_raw_response.list(extra_headers=self._headers)
            return _names(json.loads(response.text))
        except (ValueError, MalformedAnswer):
            what = f"answers as no chat server does: {_quoted(response.status_code, response.text)}"
            raise InputError(what, where=self.url, fix=_ADDRESS) from None
        except openai.APIConnectionError as error:
            fix = "check the address and that the server runs"
            raise InputError(f"cannot be reached: {_words(error)}", where=self.url, fix=fix) from None
        except openai.APIStatusError as error:
            if _is_about_the_key(error):
                raise self._refusal(error) from None
            return []

    def _refusal(self, error: openai.APIStatusError) -> InputError:
        message, name = _words(error), self.settings.api_key_env
        if error.status_code == 402 or _NO_CREDIT in error.response.text:
            fix = f"add credit to the account, or put another account's key into the environment variable {name}"
            return InputError(f"the account has no credit left: {message}", where=self.url, fix=fix)
        # A key that was good before is not to blame: moderation answers with 403, too.
        if _is_about_the_key(error) and (error.status_code == 401 or not self._has_answered):
            verb = "check the key in" if os.environ.get(name) else "put the key into"
            fix = f"{verb} the environment variable {name}"
            return InputError(f"the server refuses the key: {message}", where=self.url, fix=fix)
        if error.status_code == 404 and self.settings.model not in (known := self._models()):
            return self._unknown_model(known, message)
        if error.response.history or error.status_code == 405:
            # A redirection makes the POST a GET (RFC 9110, 15.4.2), so the server never sees the request.
            given = str(error.response.url).partition("?")[0].removesuffix("/chat/completions")
            fix = f"give the address it leads to: {given}" if error.response.history else _ADDRESS
            return InputError(f"the address takes no requests: {message}", where=self.url, fix=fix)
        kind = RefusedPrompt if error.status_code in _REFUSED_PROMPT else InputError
        return kind(
            f"the server refuses the request: {message}",
            where=f"{self.url} model {self.settings.model}",
            fix="see the message: the server knows the model, and does not offer it so"
            if error.status_code == 404
            else 'change what the message names: omit = ["seed"] leaves a field of the request out, and '
            "extra = {max_completion_tokens = 1024} adds one (this one replaces max_tokens)",
        )

    def _unknown_model(self, known: list[str], message: str = "") -> InputError:
        fix = did_you_mean(self.settings.model, known) if known else _ADDRESS
        what = f"no model '{self.settings.model}'" + (f": {message}" if message else "")
        return InputError(what, where=self.url, fix=fix)


def _names(answer: Any) -> list[str]:
    """Return the names in a list of models, as OpenAI's, Together's (bare) and Ollama's servers send it.

    Raises:
        MalformedAnswer: It is no such list, but says that something failed.
    """
    if isinstance(answer, dict) and "error" in answer:
        raise MalformedAnswer
    rows = (
        next((answer[key] for key in ("data", "models") if answer.get(key)), []) if isinstance(answer, dict) else answer
    )
    models = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [str(name) for row in models if (name := row.get("id") or row.get("name") or row.get("model"))]


def _is_about_the_key(error: openai.APIStatusError) -> bool:
    """Return whether a refusal is one of the key; Gemini's status says that the request is bad."""
    return error.status_code in (401, 403) or (error.status_code == 400 and "api key" in error.response.text.lower())


def _out_of_form(error: Exception) -> Completion | None:
    """Return what the model wrote where the server refuses that for its form (Groq); None for any other error."""
    body = error.body if isinstance(error, openai.APIStatusError) else None
    written = body.get("failed_generation") if isinstance(body, dict) else None
    return Completion(text=written or "{}", finish_reason="stop") if isinstance(written, str) else None


def _may_be_the_prompt(error: Exception) -> bool:
    """Return whether a server that answers others may fail at one request each time it is made."""
    return isinstance(error, MalformedAnswer) or (
        isinstance(error, openai.APIStatusError) and error.status_code in _FAILED_PROMPT
    )


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
        return busy and _NO_CREDIT not in error.response.text
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
        body = error.body[0] if isinstance(error.body, list) and error.body else error.body
        body = body.get("error", body) if isinstance(body, dict) else body
        return _quoted(error.status_code, str(body.get("message", body) if isinstance(body, dict) else body))
    if isinstance(error, openai.APIConnectionError) and error.__cause__:
        error = error.__cause__  # the package's own text is "Connection error." for all of them
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return str(error)


def _quoted(status: int, text: str) -> str:
    return f"HTTP {status}: {' '.join(text.split())[:_QUOTED_CHARACTERS]}"
