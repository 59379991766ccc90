"""Attention of packed rows, registered with transformers. Imports torch and transformers: import this lazily.

A model whose ``attn_implementation`` is `NAME` calls `packed_attention` in every layer. transformers makes no mask for
it; what a token sees follows from the `Packed` rows, which the model hands down as a keyword. Each row is attended to
by itself, so that nothing is spent on the pairs of tokens between rows.
"""

from functools import partial
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from codekiln.training.packing.layout import Packed, Parts

NAME = "codekiln_packed"


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    *,
    packed_rows: Packed,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **unused: Any,
) -> tuple[torch.Tensor, None]:
    """Return the attention of each token to what it sees of its own row, shape (1, tokens, heads, width).

    Args:
        module: The layer's attention.
        query: Shape (1, heads, tokens, width).
        key: Shape (1, groups of heads, tokens, width).
        value: Like ``key``.
        attention_mask: None, as for every implementation that transformers makes no mask for.
        packed_rows: The rows.
        dropout: Share of attention weights that are dropped.
        scaling: Factor of the scores; None: 1 / sqrt(width).
        sliding_window: Positions that a token sees in this layer; None: all.
        unused: What transformers hands to other implementations.
    """
    if (shared := query.size(1) // key.size(1)) > 1:
        key, value = (part.repeat_interleave(shared, dim=1) for part in (key, value))
    lengths = [part.total for part in packed_rows.parts]
    pieces = zip(*(torch.split(part, lengths, dim=2) for part in (query, key, value)), strict=True)
    attend = partial(scaled_dot_product_attention, dropout_p=dropout, scale=scaling)
    masks = _row_masks(packed_rows, sliding_window, query)
    found = [
        attend(q, k, v, attn_mask=mask, is_causal=mask is None) for (q, k, v), mask in zip(pieces, masks, strict=True)
    ]
    return torch.cat(found, dim=2).transpose(1, 2), None


def _row_masks(rows: Packed, window: int | None, like: torch.Tensor) -> list[torch.Tensor | None]:
    """Return the masks of a pass, which are made for the first layer with this window."""
    key = (window, like.dtype)
    if key not in rows.masks:
        rows.masks[key] = [_row_mask(part, window, like) for part in rows.parts]
    return rows.masks[key]


def _row_mask(part: Parts, window: int | None, like: torch.Tensor) -> torch.Tensor | None:
    """Return what is added to a row's scores; None: it is causal, for which there are kernels without a mask."""
    if not part.rejected and (window is None or part.total <= window):
        return None
    added = torch.zeros(part.total, part.total, dtype=like.dtype, device=like.device)
    return added.masked_fill_(~part.mask(window).to(like.device), -torch.inf)


ALL_ATTENTION_FUNCTIONS.register(NAME, packed_attention)
