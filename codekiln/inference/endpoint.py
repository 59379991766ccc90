"""A generator that samples from an OpenAI-compatible chat server: concurrent, cached on disk, and counted.

Request and answer follow ``POST /v1/chat/completions`` of the OpenAI API reference, as vLLM, SGLang, llama.cpp and
the hosted services serve it. Not every server knows ``n > 1``, so each sample is a request with a seed of its own.
Imports the openai package: import this lazily.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from codekiln.data.answers import answer_in
from codekiln.data.records import Message
from codekiln.data.text import first_line, unix_lines
from codekiln.inference import Sampling
from codekiln.inference.chat_client import ChatClient, FailedPrompt, RefusedPrompt
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.inference.response_cache import REFUSED, THOUGHT, Completion, ResponseCache

T = TypeVar("T")

log = logging.getLogger(__name__)

_LESS_THOUGHT = (
    "or turn thinking off or down, for example with extra = {chat_template_kwargs = {enable_thinking = false}} or "
    'extra = {reasoning_effort = "low"} (OpenAI, gpt-oss)'
)
REFUSALS_IN_A_ROW = 5
"""So many refused prompts in a row are not to blame themselves."""


@dataclass
class Usage:
    """Requests, tokens and cost of the answers used so far.

    Attributes:
        answers: Answers used, from the server or the cache.
        cached: Answers from the cache.
        retries: Requests that were repeated.
        uncounted: Answers without token counts from the server; tokens and cost lack them.
        refused: Requests that the server refused, for their prompts.
        failed: Requests at which the server failed each time.
        only_thought: Answers that the server took for thoughts altogether.
        filtered: Answers that the server's filter ended.
        cut_off: Answers that reached the limit of tokens.
        cut_off_in_thought: Those of them that had not got beyond the model's thought.
        prompt_tokens: Prompt tokens of all answers used.
        completion_tokens: Completion tokens of all answers used.
        cost: Cost of all answers used, in the unit of the prices, whichever run paid for them.
        spent: The part of ``cost`` that this run paid.
    """

    answers: int = 0
    cached: int = 0
    retries: int = 0
    uncounted: int = 0
    refused: int = 0
    failed: int = 0
    only_thought: int = 0
    filtered: int = 0
    cut_off: int = 0
    cut_off_in_thought: int = 0
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
        self._refused: dict[tuple[Message, ...], RefusedPrompt | FailedPrompt] = {}  # prompts since the last answer

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts, as they come in.

        A text is empty where the server refused the prompt. When the consumer stops early, requests in flight finish,
        and their answers stay in the cache.

        Raises:
            InputError: The server refuses the key, the model's name, or requests in a row.
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
                results = [future.result() for future in waiting.popleft()]
                if not waiting and self._refused and not self.usage().answers:
                    # Nothing was answered: the request is to blame, and not its prompts.
                    raise next(iter(self._refused.values()))
                yield results
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
        extra = self.settings.extra
        # The newer name of the same limit; servers refuse a request with both.
        replaced = ("max_tokens",) if extra.get("max_completion_tokens") else ()
        body = {key: value for key, value in (body | fields).items() if key not in (*self.settings.omit, *replaced)}
        body |= extra
        # The whole request is the cache key, so another model, seed or setting is never answered from the cache.
        request = {"url": self._client.url, "body": body, "index": index}
        if (kept := self._cache.get(request)) is not None:
            self._count(kept, cached=True)
            return kept
        sent = {key: value for key, value in body.items() if value is not None}
        try:
            completion = self._client.complete(sent, stop, self._count_retry)
        except (RefusedPrompt, FailedPrompt) as error:
            self._count_refusal(prompt, error)
            return Completion(text="", finish_reason=REFUSED)
        self._cache.put(request, completion)
        self._count(completion, cached=False)
        return completion

    def _count_refusal(self, prompt: tuple[Message, ...], error: RefusedPrompt | FailedPrompt) -> None:
        """Count a refusal; raise it where it is one of many in a row, so that no prompt but the request is to blame."""
        with self._lock:
            self._usage.refused += isinstance(error, RefusedPrompt)
            self._usage.failed += isinstance(error, FailedPrompt)
            known = str(error) in map(str, self._refused.values())
            self._refused[prompt] = error
            in_a_row = len(self._refused)
        if in_a_row >= REFUSALS_IN_A_ROW:
            raise error
        # One request that the server does not understand is refused alike for each prompt, and raised in the end.
        if not known:
            log.warning("%s (prompt %.60r)", first_line(str(error)), prompt[-1].content)

    def _count(self, completion: Completion, cached: bool) -> None:
        self._count_ending(completion)
        with self._lock:
            self._refused.clear()
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

    def _count_ending(self, completion: Completion) -> None:
        is_cut_off = completion.finish_reason == "length"
        is_in_thought = is_cut_off and not answer_in(unix_lines(completion.text)).strip()
        with self._lock:
            self._usage.filtered += completion.finish_reason == "content_filter"
            self._usage.cut_off += is_cut_off
            self._usage.cut_off_in_thought += is_in_thought
            is_first = is_in_thought and self._usage.cut_off_in_thought == 1
            self._usage.only_thought += completion.finish_reason == THOUGHT
            is_first_thought = completion.finish_reason == THOUGHT and self._usage.only_thought == 1
        if is_first_thought:
            log.warning(
                "%s: an answer is empty, and all its text is in the thought; correct the server's reasoning parser, %s",
                self._client.url,
                _LESS_THOUGHT,
            )
        if is_first:
            log.warning(
                "%s: an answer spent all its tokens on thought; raise sampling.max_new_tokens (where extra has "
                "max_completion_tokens, that), %s",
                self._client.url,
                _LESS_THOUGHT,
            )

    def _count_retry(self) -> None:
        with self._lock:
            self._usage.retries += 1
