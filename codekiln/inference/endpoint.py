"""A generator that samples from an OpenAI-compatible chat server: concurrent, cached on disk, and counted.

Request and answer follow ``POST /v1/chat/completions`` of the OpenAI API reference, as vLLM, SGLang, llama.cpp and
the hosted services serve it. Not every server knows ``n > 1``, so each sample is a request with a seed of its own.
Imports the openai package: import this lazily.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from codekiln.data.records import Message
from codekiln.inference import Sampling
from codekiln.inference.chat_client import ChatClient
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.inference.response_cache import Completion, ResponseCache

T = TypeVar("T")


@dataclass
class Usage:
    """Requests, tokens and cost of the answers used so far.

    Attributes:
        answers: Answers used, from the server or the cache.
        cached: Answers from the cache.
        retries: Requests that were repeated.
        uncounted: Answers without token counts from the server; tokens and cost lack them.
        prompt_tokens: Prompt tokens of all answers used.
        completion_tokens: Completion tokens of all answers used.
        cost: Cost of all answers used, in the unit of the prices, whichever run paid for them.
        spent: The part of ``cost`` that this run paid.
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
    """A `codekiln.inference.Generator` backed by a chat server.

    Raises:
        InputError: The key or the cache folder cannot be used.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self._cache = ResponseCache(Path(settings.cache_dir).expanduser())
        self._client = ChatClient(settings)
        self._usage, self._lock = Usage(), threading.Lock()

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts, as they come in.

        When the consumer stops early, requests in flight finish, and their answers stay in the cache.

        Raises:
            InputError: The server refuses the key, the model's name or the request.
            ModelError: The server cannot be reached or used, also after all retries.
        """

        def text(prompt: tuple[Message, ...], index: int, stop: threading.Event) -> str:
            return self.answer(prompt, sampling, index, stop).text

        return self.in_order([partial(text, prompt, index) for index in range(sampling.n)] for prompt in prompts)

    def in_order(self, jobs: Iterable[Sequence[Callable[[threading.Event], T]]]) -> Iterator[list[T]]:
        """Yield the results of each group of jobs, in order, with ``concurrency`` jobs running at once.

        A job gets an event that is set once the consumer has stopped. Jobs are submitted only a little ahead of what
        has been yielded, so that a slow consumer slows the requests down.
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
        """Return a copy of the counts so far."""
        with self._lock:
            return Usage(**asdict(self._usage))

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        self._client.check()

    def answer(
        self, prompt: tuple[Message, ...], sampling: Sampling, index: int, stop: threading.Event, **fields: Any
    ) -> Completion:
        """Return the server's answer to one request, from the cache when it was paid before.

        Args:
            prompt: The conversation.
            sampling: How the answer is drawn; its seed is ``sampling.seed + index``.
            index: Which of several answers to the same prompt this is.
            stop: Once it is set, no further retry is made.
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
        # The whole request is the cache key, so another model, seed or setting is never answered from the cache.
        request = {"url": self._client.url, "body": body, "index": index}
        if (kept := self._cache.get(request)) is not None:
            self._count(kept, cached=True)
            return kept
        sent = {key: value for key, value in body.items() if value is not None}
        completion = self._client.complete(sent, stop, self._count_retry)
        self._cache.put(request, completion)
        self._count(completion, cached=False)
        return completion

    def _count(self, completion: Completion, cached: bool) -> None:
        with self._lock:
            usage = self._usage
            usage.answers += 1
            usage.cached += cached
            read, written = completion.prompt_tokens, completion.completion_tokens
            if read is None or written is None:
                usage.uncounted += 1
                return
            usage.prompt_tokens += read
            usage.completion_tokens += written
            cost = (read * self.settings.price_in + written * self.settings.price_out) / 1e6
            usage.cost += cost
            usage.spent += 0.0 if cached else cost

    def _count_retry(self) -> None:
        with self._lock:
            self._usage.retries += 1
