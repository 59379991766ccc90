"""Sampling in this process with transformers, on a GPU or a CPU. Imports torch: import this lazily."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import torch

from codekiln import models
from codekiln.inference import Sampling
from codekiln.inference.decoding import decode
from codekiln.models.chat import load_chat
from codekiln.models.loading import attach, device, load_model
from codekiln.progress import progress
from codekiln.records import Message


class LocalGenerator:
    """A base model, with or without an adapter, that completes conversations.

    In float32 the adapter is merged into the weights, which is faster and the same policy up to rounding; in bfloat16
    merging would round the adapter away in part, so it stays beside them.

    Args:
        base: A name of the model table, a folder or a Hub id.
        adapter: Folder of a LoRA adapter trained on that base.
        revision: Hub revision, when it is not the one of the table.
        batch_size: Completions that are decoded together.
        dtype: 'auto' (bfloat16 on a GPU, float32 on a CPU), 'float32' or 'bfloat16'.

    Raises:
        InputError: The model or the adapter cannot be read, or they do not belong together.
        ModelError: The model cannot be used for chat.
    """

    def __init__(
        self,
        base: str,
        adapter: Path | None = None,
        revision: str | None = None,
        batch_size: int = 512,
        dtype: str = "auto",
    ) -> None:
        spec = models.get(base)
        self.spec = spec.model_copy(update={"revision": revision}) if revision else spec
        self.batch_size = batch_size
        self.chat = load_chat(self.spec)
        model = load_model(self.spec, dtype)
        if adapter:
            wrapped = attach(model, self.spec, adapter)
            model = wrapped.merge_and_unload() if model.dtype is torch.float32 else wrapped
        self.model = model.to(device()).eval()
        ends = model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        self.stop = frozenset({self.chat.end_of_turn_id, self.chat.tokenizer.eos_token_id, *ends} - {None})

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts.

        A text depends on the prompt, the seed and its number among the n. Other prompts can change it only through the
        rounding of floating-point sums, whose order depends on the shape of the batch: very seldom, and never at the
        same ``prompts`` and ``batch_size``.
        """
        texts = [self.chat.render(prompt, reply=True) for prompt in prompts]
        tokens = self.chat.encode(texts)
        order = sorted(range(len(prompts)), key=lambda index: len(tokens[index]))
        size = max(1, self.batch_size // sampling.n)
        batches = [order[start : start + size] for start in range(0, len(order), size)]

        def complete(batch: list[int]) -> list[list[int]]:
            seeds = [[_seed(sampling.seed, texts[index], copy) for copy in range(sampling.n)] for index in batch]
            return decode(self.model, [tokens[index] for index in batch], seeds, self.stop, sampling)

        finished: dict[int, list[str]] = {}
        following = 0
        with progress("sample", len(prompts) * sampling.n, unit="programs") as step, _workers(self.model) as map_:
            for batch, rows in zip(batches, map_(complete, batches), strict=True):
                for place, index in enumerate(batch):
                    finished[index] = self._texts(rows[place * sampling.n : (place + 1) * sampling.n])
                step(len(rows))
                while following in finished:
                    yield finished.pop(following)
                    following += 1

    def _texts(self, rows: list[list[int]]) -> list[str]:
        return self.chat.tokenizer.batch_decode(rows, skip_special_tokens=True, clean_up_tokenization_spaces=False)


@contextmanager
def _workers(model: torch.nn.Module) -> Iterator[Callable[..., Iterator[list[list[int]]]]]:
    """Yield a ``map``; on a CPU it decodes one batch per core, each in one thread.

    Cores that share the small matrices of one batch mostly wait for each other, and lose most of their speed as soon
    as anything else runs on the machine.
    """
    if model.device.type != "cpu" or (threads := torch.get_num_threads()) == 1:
        yield map
        return
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _seed(seed: int, prompt: str, copy: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}\n{copy}\n{prompt}".encode()).digest()[:8])
