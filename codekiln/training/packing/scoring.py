"""Log-likelihoods of the completions of packed rows. Imports torch and transformers: import this lazily.

The LM head is computed only where a token is predicted, in tiles, so that no (tokens, vocabulary) matrix is kept.
"""

from typing import Any, cast

import torch
from transformers import PreTrainedModel

from codekiln.training.packing.attention import NAME
from codekiln.training.packing.layout import Packed

# Logits that exist at a time, by device: on a GPU 0.5 GiB of them, on a CPU what fits a cache.
TILE = {"cuda": 2**27, "cpu": 2**20}


def prepare(model: PreTrainedModel) -> None:
    """Let ``model(packed_rows=rows)`` return the log-likelihood of each scored token, and whether it is the likeliest.

    Both have shape (scored,). Called through the wrapper of the model, so that adapters do their part.
    Without ``packed_rows`` the model computes what it did before.
    """
    plain, attention = model.forward, model.config._attn_implementation

    def forward(*args: Any, packed_rows: Packed | None = None, **kwargs: Any) -> Any:
        if packed_rows is None:
            model.set_attn_implementation(attention)
            try:
                return plain(*args, **kwargs)
            finally:
                model.set_attn_implementation(NAME)
        body = cast(Any, model.base_model)
        found = body(
            input_ids=packed_rows.ids, position_ids=packed_rows.positions, use_cache=False, packed_rows=packed_rows
        )
        states = found.last_hidden_state[0].index_select(0, packed_rows.sources)
        head = cast(torch.nn.Linear, model.get_output_embeddings())
        return log_likelihoods(states, head.weight, packed_rows.targets)

    # Not only within a packed pass: checkpointed layers are computed again in the backward pass.
    model.set_attn_implementation(NAME)
    model.forward = forward


def log_likelihoods(
    states: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log-likelihoods of tokens, and whether each is the likeliest; both of shape (scored,).

    Args:
        states: Hidden states, shape (scored, width).
        weight: Of the LM head, which is frozen: shape (vocabulary, width).
        targets: The tokens, shape (scored,).
    """
    found = _LogLikelihoods.apply(states, weight, targets)  # type: ignore[no-untyped-call]  # torch has no types here
    return cast(tuple[torch.Tensor, torch.Tensor], found)


class _LogLikelihoods(torch.autograd.Function):
    """The gradient of a token's log-likelihood is ``weight[target] - probabilities @ weight``, whatever is made of it.

    So it is computed with the logits of the same tile, and backward repeats nothing.
    """

    @staticmethod
    def forward(
        ctx: Any, states: torch.Tensor, weight: torch.Tensor, targets: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        rows = max(1, TILE[states.device.type] // weight.size(0))
        needs_grad = states.requires_grad
        found, likeliest, slopes = [], [], []
        for part, wanted in zip(torch.split(states, rows), torch.split(targets, rows), strict=True):
            logits = (part.to(weight.dtype) @ weight.t()).float()
            likeliest.append(logits.argmax(dim=-1) == wanted)
            scores = torch.log_softmax(logits, dim=-1)
            found.append(scores.gather(1, wanted[:, None]).squeeze(1))
            if needs_grad:
                slopes.append(weight[wanted] - scores.exp_().to(weight.dtype) @ weight)
        if needs_grad:
            ctx.save_for_backward(torch.cat(slopes).to(states.dtype))
        top = torch.cat(likeliest)
        ctx.mark_non_differentiable(top)
        return torch.cat(found), top

    @staticmethod
    def backward(ctx: Any, upstream: torch.Tensor, _: Any) -> tuple[torch.Tensor, None, None]:
        (slopes,) = ctx.saved_tensors
        return slopes * upstream[:, None].to(slopes.dtype), None, None
