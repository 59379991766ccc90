"""Completions from any OpenAI-compatible chat server: concurrent, retried, cached on disk, and counted.

Request and answer follow ``POST /v1/chat/completions`` of the OpenAI API reference, as vLLM, SGLang, llama.cpp and
the hosted services serve it. Not every server knows ``n > 1``, so each sample is a request with a seed of its own.
"""

import logging
import os
import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.records import Message
from codekiln.errors import InputError, ModelError, did_you_mean
from codekiln.inference import Sampling
from codekiln.inference.responses import Reply, Responses

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
_LONGEST_ASKED_SECONDS = 3600.0
_WORTH_RETRYING = frozenset({408, 409, 425, 429})


class EndpointSettings(BaseModel):
    """Where the server is, how it is asked, and what it costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://\S+$", description="address, like http://localhost:8000/v1")
    model: str = Field(min_length=1, description="the model's name at the server")
    api_key_env: str = Field("CODEKILN_API_KEY", description="environment variable with the key; unset: none is sent")
    concurrency: int = Field(8, ge=1, le=512, description="requests under way at once")
    timeout_seconds: float = Field(120.0, gt=0, description="longest silence of the server before another try")
    retries: int = Field(6, ge=0, description="further tries when the server is busy or broken")
    cache_dir: str = Field("~/.cache/codekiln/responses", description="folder of paid answers")
    price_in: float = Field(0.0, ge=0, description="price of a million prompt tokens")
    price_out: float = Field(0.0, ge=0, description="price of a million completion tokens")
    extra: dict[str, Any] = Field({}, description="further fields of the request body, as the server knows them")


@dataclass
class Usage:
    """What the answers used so far have cost, in requests, tokens, and the unit of the prices.

    Attributes:
        answers: Answers used, from the server or the cache.
        cached: Those that came from the cache.
        retries: Requests that had to be repeated.
        uncounted: Answers whose token counts the server did not give; they are missing in tokens and costs.
        prompt_tokens: Prompt tokens of all answers used.
        completion_tokens: Completion tokens of all answers used.
        cost: Cost of all answers used, whenever they were paid.
        spent: The part of it that this run paid.
    """

    answers: int = 0
    cached: int = 0
    retries: int = 0
    uncounted: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    spent: float = 0.0


class EndpointGenerator:
    """A `codekiln.inference.Generator` that asks a server.

    Raises:
        InputError: The key or the cache folder cannot be used.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self._url = settings.url.rstrip("/")
        self._responses = Responses(Path(settings.cache_dir).expanduser())
        self._usage, self._lock = Usage(), threading.Lock()
        limits = httpx2.Limits(max_connections=settings.concurrency)
        headers = _authorization(settings.api_key_env)
        self._client = httpx2.Client(timeout=settings.timeout_seconds, limits=limits, headers=headers)

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts, as they come in.

        When it stops early, for whatever reason, the requests under way finish and are kept in the cache.

        Raises:
            InputError: The server refuses the key, the model's name or the request.
            ModelError: The server cannot be reached or used, also after all retries.
        """

        def text(prompt: tuple[Message, ...], index: int, stop: threading.Event) -> str:
            return self.answer(prompt, sampling, index, stop).text

        return self.in_order([partial(text, prompt, index) for index in range(sampling.n)] for prompt in prompts)

    def in_order(self, jobs: Iterable[Sequence[Callable[[threading.Event], T]]]) -> Iterator[list[T]]:
        """Yield the results of each group of jobs, in order, with ``concurrency`` of them at work.

        A job gets an event that is set when nobody waits for it any more. Jobs are taken a little ahead of what has
        been yielded, so that a slow consumer holds them back.
        """
        stop = threading.Event()
        waiting: deque[list[Future[T]]] = deque()
        pool = ThreadPoolExecutor(self.settings.concurrency, thread_name_prefix="endpoint")
        try:
            for group in jobs:
                waiting.append([pool.submit(job, stop) for job in group])
                if len(waiting) > max(1, 4 * self.settings.concurrency // max(1, len(group))):
                    yield [future.result() for future in waiting.popleft()]
            while waiting:
                yield [future.result() for future in waiting.popleft()]
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)

    def usage(self) -> Usage:
        """Return what the answers used so far have cost."""
        with self._lock:
            return Usage(**asdict(self._usage))

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        response = self._list_models()
        if response.status_code in (401, 403):
            raise self._refusal(response)
        known = _model_names(response)
        if known and self.settings.model not in known:
            raise self._unknown_model(known)

    def _list_models(self) -> httpx2.Response:
        try:
            return self._client.get(f"{self._url}/models")
        except httpx2.TransportError as error:
            raise InputError(
                f"cannot be reached: {_name(error)}", where=self._url, fix="check the address and that the server runs"
            ) from None

    def answer(
        self, prompt: tuple[Message, ...], sampling: Sampling, index: int, stop: threading.Event, **fields: Any
    ) -> Reply:
        """Return the server's answer to one request, from the cache when it was paid before.

        Args:
            prompt: The conversation.
            sampling: How the answer is drawn; its seed is ``sampling.seed + index``.
            index: Which of several answers to the same prompt this is.
            stop: No further try is made once it is set.
            **fields: Further fields of the request body.
        """
        body = {
            "model": self.settings.model,
            "messages": [message.model_dump() for message in prompt],
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_new_tokens,
            "seed": sampling.seed + index,
        }
        body |= fields | self.settings.extra
        request = {"url": self._url, "body": body, "index": index}
        reply = self._responses.get(request)
        cached = reply is not None
        if not cached:
            reply = self._ask({key: value for key, value in body.items() if value is not None}, stop)
            self._responses.put(request, reply)
        self._count(reply, cached)
        return reply

    def _ask(self, body: dict[str, Any], stop: threading.Event) -> Reply:
        """Post one request until it is answered, waiting longer each time and never less than the server asks."""
        wait = FIRST_WAIT_SECONDS
        for left in reversed(range(self.settings.retries + 1)):
            asked = 0.0
            try:
                response = self._client.post(f"{self._url}/chat/completions", json=body)
            except httpx2.TransportError as error:
                trouble = _name(error)
            else:
                if response.is_success and (reply := _reply(response)) is not None:
                    return reply
                if not response.is_success and not self._worth_retrying(response):
                    raise self._refusal(response)
                trouble, asked = _message(response), _retry_after(response)
            pause = max(asked, wait * random.uniform(0.5, 1.0))
            if not left or stop.is_set():
                break
            log.warning("%s: %s; trying again in %.1f s (%d tries left)", self._url, trouble, pause, left)
            self._count_retry()
            stop.wait(pause)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
        kept = f"answers so far are kept in {self._responses.folder}, run again to go on"
        raise ModelError(f"{self._url} did not answer ({trouble}); {kept}")

    def _worth_retrying(self, response: httpx2.Response) -> bool:
        if "insufficient_quota" in response.text:
            return False
        return response.status_code in _WORTH_RETRYING or response.status_code >= 500

    def _refusal(self, response: httpx2.Response) -> InputError:
        message, name = _message(response), self.settings.api_key_env
        if response.status_code in (401, 403):
            verb = "check the key in" if os.environ.get(name) else "put the key into"
            fix = f"{verb} the environment variable {name}"
            return InputError(f"the server refuses the key: {message}", where=self._url, fix=fix)
        if response.status_code == 404:
            return self._unknown_model(_model_names(self._list_models()), message)
        return InputError(
            f"the server refuses the request: {message}",
            where=f"{self._url} model {self.settings.model}",
            fix="change the settings of the request that the message names",
        )

    def _unknown_model(self, known: list[str], message: str = "") -> InputError:
        fix = did_you_mean(self.settings.model, known) if known else "check the address: it usually ends in /v1"
        what = f"no model '{self.settings.model}'" + (f": {message}" if message else "")
        return InputError(what, where=self._url, fix=fix)

    def _count(self, reply: Reply, cached: bool) -> None:
        with self._lock:
            usage = self._usage
            usage.answers += 1
            usage.cached += cached
            if reply.prompt_tokens is None or reply.completion_tokens is None:
                usage.uncounted += 1
                return
            usage.prompt_tokens += reply.prompt_tokens
            usage.completion_tokens += reply.completion_tokens
            cost = (
                reply.prompt_tokens * self.settings.price_in + reply.completion_tokens * self.settings.price_out
            ) / 1e6
            usage.cost += cost
            usage.spent += 0.0 if cached else cost

    def _count_retry(self) -> None:
        with self._lock:
            self._usage.retries += 1


def _authorization(variable: str) -> dict[str, str]:
    key = os.environ.get(variable, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError("the key holds characters that no HTTP header may hold", where=variable, fix="set it again")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _reply(response: httpx2.Response) -> Reply | None:
    """Return the answer, or None when it has not the form of the API; no content (a refusal) is an empty text."""
    try:
        answer = response.json()
        choice, usage = answer["choices"][0], answer.get("usage") or {}
        return Reply(
            text=choice["message"]["content"] or "",
            finish_reason=choice.get("finish_reason"),
            prompt_tokens=usage.get("prompt_tokens"),
            completion_tokens=usage.get("completion_tokens"),
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _message(response: httpx2.Response) -> str:
    """Return the server's own words, cut to 300 characters."""
    try:
        error = response.json()["error"]
        text = str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, LookupError, TypeError):
        text = " ".join(response.text.split())
    return f"HTTP {response.status_code}: {text[:300]}"


def _retry_after(response: httpx2.Response) -> float:
    """Return the seconds that the server asks to wait (RFC 9110, 10.2.3: a number or a date), or 0."""
    value = response.headers.get("retry-after", "")
    try:
        return max(0.0, min(float(value), _LONGEST_ASKED_SECONDS))
    except ValueError:
        pass
    try:
        seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        return max(0.0, min(seconds, _LONGEST_ASKED_SECONDS))
    except (ValueError, TypeError):
        return 0.0


def _model_names(response: httpx2.Response) -> list[str]:
    """Return the models a server lists; empty when it keeps no list."""
    try:
        return [str(model["id"]) for model in response.json()["data"]]
    except (ValueError, LookupError, TypeError):
        return []


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
