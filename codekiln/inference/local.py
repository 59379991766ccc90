"""Sampling in this process with transformers, on a GPU or a CPU. Imports torch: import this lazily."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from transformers import PretrainedConfig, PreTrainedModel

from codekiln import models
from codekiln.data.records import Message
from codekiln.errors import ModelError
from codekiln.inference import Sampling
from codekiln.inference.decoding import decode
from codekiln.inference.seeds import completion_seed
from codekiln.models.adapter_files import check_adapter
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.models.loading import attach_adapter, device, load_model
from codekiln.progress import progress

# Share of free memory for completions; the rest holds activations, and a layer's cache twice while it grows.
SHARE = 0.8
# Per row and vocabulary entry: logits, their float32 copy, probabilities, and their cumulative sums.
DRAWING_BYTES = 16


class LocalGenerator:
    """A base model, with or without an adapter, that completes conversations.

    In float32 the adapter is merged into the weights, which is faster and the same policy up to rounding; in bfloat16
    merging would round part of the adapter away, so it stays separate.

    Args:
        base: A name of the model table, a folder or a Hub id.
        adapter: Folder of a LoRA adapter trained on that base.
        revision: Hub revision, when it is not the one of the table.
        batch_size: Most completions that are decoded together; on a GPU its free memory may allow fewer.
        dtype: 'auto' (bfloat16 on a GPU, float32 on a CPU), 'float32', 'bfloat16' or 'float16'.
        on_progress: Called after each batch with the number of completions that `generate` has made so far.
        merge: Whether a float32 adapter is merged; an export compares with one that is not.
        title: What lines of progress call the work.

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
        on_progress: Callable[[int], None] = lambda done: None,
        merge: bool = True,
        title: str = "sample",
    ) -> None:
        spec = models.get(base)
        self.spec = spec.model_copy(update={"revision": revision}) if revision else spec
        self.batch_size, self.on_progress, self.title = batch_size, on_progress, title
        if adapter:  # before the base is loaded
            check_adapter(self.spec, adapter)
        self.chat = load_chat_tokenizer(self.spec)
        # Straight to the GPU: in the node's memory the base would be there once per GPU.
        with torch.device(device()):
            model: torch.nn.Module = self._load(dtype, adapter, merge)
        # A PeftModel passes every attribute on to the model it wraps.
        self.model = cast(PreTrainedModel, model.to(device()).eval())
        self.stop = self.chat.stop_tokens(self.model.generation_config)

    def _load(self, dtype: str, adapter: Path | None, merge: bool) -> torch.nn.Module:
        base = load_model(self.spec, dtype)
        if not adapter:
            return base
        wrapped = attach_adapter(base, self.spec, adapter)
        return wrapped.merge_and_unload() if merge and base.dtype is torch.float32 else wrapped

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts.

        A text depends on its prompt, the seed and its index among the n. Other prompts can change it only through the
        rounding of floating-point sums, whose order depends on the shape of the batch: very rarely, and on a CPU never
        with the same ``prompts`` and ``batch_size``.

        Raises:
            ModelError: The GPU's memory does not hold a single completion.
        """
        texts = [self.chat.render(prompt) for prompt in prompts]
        tokens = self.chat.encode(texts)
        order = sorted(range(len(prompts)), key=lambda index: len(tokens[index]))
        size = max(1, self._rows(max(map(len, tokens), default=0) + sampling.max_new_tokens) // sampling.n)
        batches = [order[start : start + size] for start in range(0, len(order), size)]

        def complete(batch: list[int]) -> list[list[int]]:
            seeds = [
                [completion_seed(sampling.seed, texts[index], copy) for copy in range(sampling.n)] for index in batch
            ]
            return self._decode([tokens[index] for index in batch], seeds, sampling)

        finished: dict[int, list[str]] = {}
        following = done = 0
        with progress(self.title, len(prompts) * sampling.n, unit="programs") as step, _workers(self.model) as map_:
            for batch, rows in zip(batches, map_(complete, batches), strict=True):
                for place, index in enumerate(batch):
                    finished[index] = self.chat.texts(rows[place * sampling.n : (place + 1) * sampling.n])
                step(len(rows))
                done += len(rows)
                self.on_progress(done)
                while following in finished:
                    yield finished.pop(following)
                    following += 1

    def _rows(self, width: int) -> int:
        if self.model.device.type != "cuda":
            return self.batch_size
        free, _ = torch.cuda.mem_get_info()
        config = self.model.config.get_text_config()
        return min(self.batch_size, rows_that_fit(config, self.model.dtype.itemsize, width, free))

    def _decode(self, prompts: list[list[int]], seeds: list[list[int]], sampling: Sampling) -> list[list[int]]:
        """Decode a batch; when the GPU runs out of memory, decode its halves one after the other."""
        try:
            return decode(self.model, prompts, seeds, self.stop, sampling)
        except torch.OutOfMemoryError as error:
            if len(prompts) == len(seeds[0]) == 1:
                raise ModelError(
                    f"the GPU's memory does not hold one completion: {error}",
                    where=self.spec.name,
                    fix="lower max_new_tokens, or use a pool with more memory",
                ) from None
        # Outside the handler, because the exception keeps the tensors of the failed attempt in memory.
        torch.cuda.empty_cache()
        if len(prompts) > 1:
            middle = len(prompts) // 2
            halves = ((prompts[:middle], seeds[:middle]), (prompts[middle:], seeds[middle:]))
        else:
            middle = len(seeds[0]) // 2
            halves = ((prompts, [seeds[0][:middle]]), (prompts, [seeds[0][middle:]]))
        return [row for half in halves for row in self._decode(*half, sampling)]


def rows_that_fit(config: PretrainedConfig, width_bytes: int, length: int, free: int) -> int:
    """Return how many completions a GPU's free memory holds, at least 1.

    Args:
        config: The model's text configuration.
        width_bytes: Bytes of one number in the key-value cache.
        length: Longest prompt and completion together, in tokens.
        free: Free memory in bytes.
    """
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    # Keys and values of full attention; layers with a sliding window need less, which the estimate leaves out.
    cache = 2 * config.num_hidden_layers * heads * dim * width_bytes * length
    drawing = config.vocab_size * DRAWING_BYTES
    return max(1, int(SHARE * free / (cache + drawing)))


@contextmanager
def _workers(model: PreTrainedModel) -> Iterator[Callable[..., Iterator[list[list[int]]]]]:
    """Yield a ``map``; on a CPU it decodes one batch per core, each in one thread.

    Cores that share the small matrices of one batch mostly wait for each other, all the more when anything else runs
    on the machine.
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
