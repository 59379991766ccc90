"""A decoding loop for many short completions. Imports torch: import this lazily.

``generate`` of transformers copies the whole key-value cache at every step and keeps computing rows that have ended;
on a CPU and with thousands of short programs that is most of the time. Here a prompt is prefilled once for all its
completions, the cache grows in place, and rows that have ended leave the batch.
"""

from collections.abc import Sequence

import numpy as np
import torch
from transformers import DynamicCache, PreTrainedModel
from transformers.cache_utils import DynamicLayer

from codekiln.inference import Sampling

# Positions by which a layer's cache grows: few copies, little unused memory.
BLOCK = 64
# The batch is compacted once fewer than this share of its rows is unfinished: compacting copies the whole cache.
KEEP = 0.8
# Candidates among which top-p sampling looks first: nearly always enough, and far cheaper than sorting a vocabulary.
NUCLEUS = 32


class GrowingLayer(DynamicLayer):
    """A cache layer that reserves room for BLOCK more positions at a time, instead of copying itself at every step."""

    length = 0
    # Optional in the base class, where they are missing before the first update.
    keys: torch.Tensor
    values: torch.Tensor

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append states of shape (rows, heads, positions, dim); return all there are, as views."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self.keys, self.values = key_states[:, :, :0], value_states[:, :, :0]
        end = self.length + key_states.shape[-2]
        if end > self.keys.shape[-2]:
            self.keys, self.values = self._grown(self.keys, end), self._grown(self.values, end)
        self.keys[:, :, self.length : end] = key_states
        self.values[:, :, self.length : end] = value_states
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]

    def get_seq_length(self) -> int:
        """Return the number of positions filled."""
        return self.length

    def _grown(self, states: torch.Tensor, end: int) -> torch.Tensor:
        rows, heads, _, dim = states.shape
        grown = states.new_zeros(rows, heads, end + BLOCK, dim)
        grown[:, :, : self.length] = states[:, :, : self.length]
        return grown


@torch.inference_mode()
def decode(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    seeds: Sequence[Sequence[int]],
    stop: frozenset[int],
    sampling: Sampling,
) -> list[list[int]]:
    """Complete prompts, several times each.

    Args:
        model: A causal language model in evaluation mode.
        prompts: Token ids of each prompt.
        seeds: For each prompt one seed per completion; a completion depends on its own seed and prompt alone.
        stop: Token ids that end a completion; they are not returned.
        sampling: Temperature, top_p and max_new_tokens are used.

    Returns:
        Token ids of each completion, prompt by prompt.
    """
    cache, mask, last, logits = _prefill(model, prompts, copies := len(seeds[0]))
    stops = torch.tensor(sorted(stop), device=model.device)
    uniforms = _uniforms([seed for row in seeds for seed in row], sampling.max_new_tokens).to(model.device)
    written = torch.full_like(uniforms, sorted(stop)[0], dtype=torch.long)
    rows = torch.arange(len(prompts) * copies, device=model.device)
    alive = torch.ones_like(rows, dtype=torch.bool)
    for step in range(sampling.max_new_tokens):
        tokens = _draw(logits, sampling, uniforms[rows, step])
        written[rows, step] = tokens
        alive &= ~torch.isin(tokens, stops)
        going = int(alive.sum())
        if not going or step + 1 == sampling.max_new_tokens:
            break
        if going < KEEP * len(rows):
            kept = alive.nonzero()[:, 0]
            cache.batch_select_indices(kept)
            rows, mask, last, tokens, alive = (tensor[kept] for tensor in (rows, mask, last, tokens, alive))
        mask, last = torch.nn.functional.pad(mask, (0, 1), value=1), last + 1
        logits = model(tokens[:, None], attention_mask=mask, position_ids=last, cache=cache).logits[:, -1]
    ended = torch.isin(written, stops)
    lengths = torch.where(ended.any(1), ended.int().argmax(1), sampling.max_new_tokens).tolist()
    return [row[:length] for row, length in zip(written.tolist(), lengths, strict=True)]


def _prefill(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], copies: int
) -> tuple[DynamicCache, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Run each prompt once; return cache, attention mask, last position and next-token logits, per completion."""
    width = max(map(len, prompts))
    tokens = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=model.device)
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=model.device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    cache = DynamicCache(config=model.config)
    cache.layers = [
        # transformers leaves the constructor untyped
        GrowingLayer() if type(layer) is DynamicLayer else layer  # type: ignore[no-untyped-call]
        for layer in cache.layers
    ]
    logits = model(tokens, attention_mask=mask, position_ids=positions, cache=cache, logits_to_keep=1).logits
    cache.batch_repeat_interleave(copies)
    mask, last, logits = (tensor.repeat_interleave(copies, 0) for tensor in (mask, positions[:, -1:], logits[:, -1]))
    return cache, mask, last, logits


def _uniforms(seeds: Sequence[int], length: int) -> torch.Tensor:
    """Return a random number in [0, 1) for each seed and position; NumPy's generator gives the same on every device."""
    return torch.from_numpy(np.stack([np.random.default_rng(seed).random(length, dtype=np.float32) for seed in seeds]))


def _draw(logits: torch.Tensor, sampling: Sampling, uniforms: torch.Tensor) -> torch.Tensor:
    """Draw one token per row by inverting the cumulative distribution at ``uniforms``."""
    if sampling.temperature == 0:
        return logits.argmax(-1)
    probabilities = torch.softmax(logits.float() / sampling.temperature, -1)
    if sampling.top_p < 1:
        return _draw_nucleus(probabilities, sampling.top_p, uniforms, NUCLEUS)
    cumulative = probabilities.cumsum(-1)
    return _invert(cumulative, uniforms * cumulative[:, -1])


def _draw_nucleus(probabilities: torch.Tensor, top_p: float, uniforms: torch.Tensor, size: int) -> torch.Tensor:
    """Draw from the smallest set of tokens with ``top_p``, searched among the ``size`` likeliest and then among all."""
    size = min(size, probabilities.shape[1])
    likeliest, order = probabilities.topk(size, -1)
    cumulative = likeliest.cumsum(-1)
    last = (cumulative < top_p).sum(-1, keepdim=True).clamp(max=size - 1)
    drawn = order.gather(1, _invert(cumulative, uniforms * cumulative.gather(1, last)[:, 0])[:, None])[:, 0]
    short = cumulative[:, -1] < top_p
    if size < probabilities.shape[1] and short.any():
        drawn[short] = _draw_nucleus(probabilities[short], top_p, uniforms[short], probabilities.shape[1])
    return drawn


def _invert(cumulative: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    return torch.searchsorted(cumulative, values[:, None], right=True).clamp(max=cumulative.shape[1] - 1)[:, 0]
