"""One chat completion from an OpenAI-compatible server, retried while the server is busy or broken.

Requests go through the ``openai`` package, retries through ``tenacity``. The retries of ``openai`` do not fit: they
sleep without a way to stop, do not repeat a malformed answer, give up where ``Retry-After`` is above two minutes, and
repeat a request that an exhausted account has refused.
"""

import json
import logging
import os
import re
import ssl
import threading
import urllib.request
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

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
from codekiln.inference import chat_errors
from codekiln.inference.chat_answer import MalformedAnswer, completion_of, decoded
from codekiln.inference.chat_errors import about_the_certificate, is_transient, quoted, words
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.inference.response_cache import Completion

log = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_LONGEST_RETRY_AFTER_SECONDS = 3600.0
# Bad request, forbidden, content too large, unprocessable content, unavailable for legal reasons.
_REFUSED_PROMPT = frozenset({400, 403, 413, 422, 451})
_ADDRESS = "check the address: it usually ends in /v1"
_VERSION = re.compile(r"/v\d\w*(?:/|$)")
_MODEL = re.compile(r"model|deployment", re.IGNORECASE)
_TOO_LONG = re.compile(r"context (?:length|window|size)|tokens\S* is too large", re.IGNORECASE)
# Claude refuses the first two together, and can do without the first.
_FIELDS = ("top_p", "temperature", "max_tokens", "seed", "response_format")
# What Gemini and GitHub Models list: models/NAME, and azureml://registries/REGISTRY/models/NAME/versions/1.
_RESOURCE = re.compile(r"(?:\w+://.*/)?models/(?P<name>[^/]+)(?:/versions/[^/]+)?")


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
        make = partial(
            openai.OpenAI,
            base_url=self.url,
            api_key=key or "none",
            timeout=settings.timeout_seconds,
            max_retries=0,
            default_query=version,
        )
        try:
            self._client = make()
        except (ImportError, ValueError) as error:
            # httpx reads the proxy of the environment: without socksio it takes no SOCKS, and never another scheme,
            # also where no request would go through it.
            if not urllib.request.proxy_bypass(urlsplit(self.url).hostname or ""):
                what = f"the proxy cannot be used: {str(error).partition('. ')[0]}"
                fix = "give an http:// proxy, or name the server in NO_PROXY"
                raise InputError(what, where="ALL_PROXY, HTTPS_PROXY or HTTP_PROXY", fix=fix) from None
            direct = openai.DefaultHttpxClient(trust_env=False, verify=ssl.create_default_context())
            self._client = make(http_client=direct)

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
            trouble = words(_exception(state))
            log.warning("%s: %s; trying again in %.1f s (%d tries left)", self.url, trouble, state.upcoming_sleep, left)
            on_retry()

        retrying = Retrying(
            retry=retry_if_exception(is_transient),
            stop=stop_after_attempt(self.settings.retries + 1) | stop_when_event_set(stop),
            wait=_wait_seconds,
            sleep=sleep_using_event(stop),
            before_sleep=before_sleep,
            reraise=True,
        )
        try:
            return retrying(self._post, body)
        except (openai.APIError, MalformedAnswer) as error:
            if (unfit := chat_errors.out_of_form(error)) is not None:
                return unfit
            if isinstance(error, openai.APIStatusError) and not is_transient(error):
                raise self._refusal(error) from None
            raise self._unsafe(error) or self._no_answer(error) from None

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        listed, model = self._models(), self.settings.model
        if not listed and (address := self._with_version()):
            raise InputError("lists no models", where=self.url, fix=f"give the address that does: {address}")
        # Gateways list patterns, such as ``*`` or ``openai/*``; routers take ``:PROVIDER`` behind a name.
        known = [*listed, *(short for name in listed if (short := _short(name)) != name)]
        is_known = any(fnmatchcase(model, name) for name in (*known, *map(_literal, known)))
        if known and not is_known and model.rpartition(":")[0] not in listed:
            raise self._unknown_model(known)

    def _post(self, body: dict[str, Any]) -> Completion:
        # extra_body holds every field: servers know more of them than the package has parameters.
        response = self._client.chat.completions.with_raw_response.create(
            model=body["model"], messages=body["messages"], extra_body=body, extra_headers=self._headers
        )
        try:
            completion = completion_of(decoded(response.text))
        except (ValueError, RecursionError, AttributeError, TypeError):
            raise MalformedAnswer(quoted(response.text, response.status_code)) from None
        except MalformedAnswer as error:
            raise MalformedAnswer(quoted(str(error) or response.text, response.status_code)) from None
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
            what = f"answers as no chat server does: {quoted(response.text, response.status_code)}"
            raise InputError(what, where=self.url, fix=_ADDRESS) from None
        except openai.APIConnectionError as error:
            fix = "check the address and that the server runs" + _between(self.url)
            unreached = InputError(f"cannot be reached: {words(error)}", where=self.url, fix=fix)
            raise self._unsafe(error) or unreached from None
        except openai.APIStatusError as error:
            # A key may be for completions alone ("Missing scopes: api.model.read").
            is_forbidden = error.status_code == 403 and "scope" not in error.response.text
            if is_forbidden or chat_errors.is_about_the_key(error):
                raise self._refusal(error) from None
            return []

    def _with_version(self) -> str | None:
        """Return the address with /v1 where that was left out and lists models there, as Ollama's does."""
        address = f"{self.url.rstrip('/')}/v1"
        if _VERSION.search(self.url):
            return None
        try:
            response = self._client.with_options(base_url=address).models.with_raw_response.list()
            return address if _names(json.loads(response.text)) else None
        except (openai.OpenAIError, ValueError, MalformedAnswer):
            return None

    def _unsafe(self, error: Exception) -> InputError | None:
        """Return the error for a connection without a trusted certificate, which waiting does not mend."""
        if (said := about_the_certificate(error)) is None:
            return None
        fix = "put the path of its authority's certificate into the environment variable SSL_CERT_FILE, or give the "
        fix += "address that the certificate is for, or one with http://"
        return InputError(f"the server's certificate is not trusted: {said}", where=self.url, fix=fix)

    def _no_answer(self, error: Exception) -> ModelError:
        """Return the error for a request that was not answered, also after all retries."""
        is_sure = self._has_answered or _VERSION.search(self.url)
        how = (
            "raise timeout_seconds, or lower concurrency or sampling.max_new_tokens"
            if chat_errors.is_slow(error)
            else "lower concurrency, or wait until the server's limit allows more"
            if isinstance(error, openai.RateLimitError)
            else "see that the server runs"
            if is_sure
            else "see that the server runs there (addresses end in /v1)"
        )
        within = f" within {self.settings.timeout_seconds:g} s" if isinstance(error, openai.APITimeoutError) else ""
        kept = Path(self.settings.cache_dir).expanduser()
        again = f", and give the same command again: answers so far are kept in {kept}"
        failure = FailedPrompt if chat_errors.may_be_the_prompt(error) else ModelError
        what = f"did not answer{within} ({words(error)})"
        return failure(what, where=self.url, fix=how + _between(self.url) + again)

    def _refusal(self, error: openai.APIStatusError) -> InputError:
        message = words(error)
        if (closed := self._closed(error, message)) is not None:
            return closed
        is_missing = error.status_code == 404
        if is_missing and self.settings.model not in (known := self._models()) and (known or _MODEL.search(message)):
            return self._unknown_model(known, message)
        if error.response.history or error.status_code == 405 or (is_missing and not known):
            # A redirection makes the POST a GET (RFC 9110, 15.4.2), so the server never sees the request.
            given = str(error.response.url).partition("?")[0].removesuffix("/chat/completions")
            fix = f"give the address it leads to: {given}" if error.response.history else _ADDRESS
            return InputError(f"the address takes no requests: {message}", where=self.url, fix=fix)
        return self._refused(error, message)

    def _refused(self, error: openai.APIStatusError, message: str) -> InputError:
        """Return the error for a request that the server understands, and does not take as it is."""
        is_over_the_rate = chat_errors.is_over_the_rate(error)
        kind = RefusedPrompt if error.status_code in _REFUSED_PROMPT or is_over_the_rate else InputError
        field = next((field for field in _FIELDS if field in message), "seed")
        return kind(
            f"the server refuses the request: {message}",
            where=f"{self.url} model {self.settings.model}",
            fix="see the message: the server knows the model, and does not offer it so"
            if error.status_code == 404
            else "lower sampling.max_new_tokens, which counts like the prompt, or raise the account's limit"
            if is_over_the_rate
            else "lower sampling.max_new_tokens, or let the server hold a longer context"
            if _TOO_LONG.search(message)
            else f'change what the message names: omit = ["{field}"] leaves a field of the request out, and '
            "extra = {max_completion_tokens = 1024} adds one (this one replaces max_tokens)",
        )

    def _closed(self, error: openai.APIStatusError, message: str) -> InputError | None:
        """Return the error for a server that takes no request of this account, key or place; None for any other."""
        name, status = self.settings.api_key_env, error.status_code
        if chat_errors.is_without_credit(error):
            fix = f"add credit to the account, or put another account's key into the environment variable {name}"
            return InputError(f"the account has no credit left: {message}", where=self.url, fix=fix)
        # What was open before is so now: moderation answers with 403, too.
        if self._has_answered and status != 401:
            return None
        has_key = bool(os.environ.get(name))
        if chat_errors.is_about_the_key(error) or (status == 403 and not has_key):
            fix = f"{'check the key in' if has_key else 'put the key into'} the environment variable {name}"
            return InputError(f"the server refuses the key: {message}", where=self.url, fix=fix)
        if status == 403:
            fix = f"see the message: it may be the rights of the key in {name}, or where the request comes from"
            return InputError(f"the server forbids the request: {message}", where=self.url, fix=fix)
        return None

    def _unknown_model(self, known: list[str], message: str = "") -> InputError:
        fix = (
            did_you_mean(self.settings.model, known)
            if known
            else "see the message: correct the name, or load the model"
        )
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


def _short(name: str) -> str:
    """Return the name that requests have for a listed one: of Ollama's without a tag, of a resource its last part."""
    found = _RESOURCE.fullmatch(name)
    return found["name"] if found else name.removesuffix(":latest")


def _between(url: str) -> str:
    """Return what to do about the proxy of the environment that requests to an address go through; empty without."""
    place = urlsplit(url)
    host, proxies = place.hostname or "", urllib.request.getproxies()
    if not (proxies.get(place.scheme) or proxies.get("all")) or urllib.request.proxy_bypass(host):
        return ""
    return f", or name {host} in NO_PROXY: requests go through the proxy of the environment"


def _literal(name: str) -> str:
    """Return a pattern that matches this name alone, which may hold characters of patterns."""
    return re.sub(r"[*?[]", r"[\g<0>]", name)


def _api_key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError("the key holds characters that no HTTP header may hold", where=variable, fix="set it again")
    return key


def _exception(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait_seconds(state: RetryCallState) -> float:
    """Return the longer of exponential backoff and what the server asks for."""
    backoff = wait_exponential_jitter(
        multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=FIRST_WAIT_SECONDS
    )
    asked = min(chat_errors.asked_seconds(_exception(state)), _LONGEST_RETRY_AFTER_SECONDS)
    return max(asked, backoff(state))
