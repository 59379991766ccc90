"""Rows of a pass side by side in one sequence, without padding. Imports torch: import this lazily.

A row of SFT is ``[prompt|completion]``. A pair is ``[prompt|chosen|rejected]``: the rejected completion attends to the
prompt and itself, and its positions go on from the prompt's, as if the chosen one were not there (prefix sharing,
arXiv 2410.20305).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

import torch

from codekiln.training.row_validation import IGNORED, Tokens


@dataclass(frozen=True)
class Parts:
    """Numbers of tokens of one packed row; ``rejected`` is 0 outside pairs."""

    prompt: int
    chosen: int
    rejected: int = 0

    @property
    def total(self) -> int:
        """All tokens of the row."""
        return self.prompt + self.chosen + self.rejected

    def positions(self) -> list[int]:
        """Return the position of each token in its sequence, from 0."""
        after = self.prompt + self.rejected
        return [*range(self.prompt + self.chosen), *range(self.prompt, after)]

    def branches(self) -> list[int]:
        """Return for each token what it is a part of: 0 the prompt, 1 the chosen completion, 2 the rejected one."""
        return [0] * self.prompt + [1] * self.chosen + [2] * self.rejected

    def predictors(self) -> list[int]:
        """Return, for each token of the completions, the place in the row of the token that predicts it."""
        last, branch = self.prompt - 1, self.prompt + self.chosen
        chosen = [*range(last, branch - 1)]
        return chosen + [last, *range(branch, self.total - 1)] if self.rejected else chosen

    def mask(self, window: int | None) -> torch.Tensor:
        """Return which token (first axis) attends to which (second), as booleans of shape (total, total).

        Args:
            window: Positions that a token sees, itself included; None: all.
        """
        seen = torch.ones(self.total, self.total, dtype=torch.bool).tril_()
        branch = self.prompt + self.chosen
        seen[branch:, self.prompt : branch] = False
        if window:
            positions = torch.tensor(self.positions())
            seen &= positions[:, None] - positions[None, :] < window
        return seen


@dataclass(frozen=True)
class Packed:
    """The rows of one pass as the model sees them, and where their completions are scored.

    Attributes:
        parts: Parts of each row.
        ids: Tokens, shape (1, tokens).
        positions: Of each token in its own sequence, shape (1, tokens).
        sources: The places whose hidden states predict the completions' tokens, shape (scored,).
        targets: These tokens, shape (scored,).
        owners: The completion that each belongs to, shape (scored,): row r has number r, or chosen 2r and rejected
            2r + 1.
        masks: What attention has made of ``parts``, by window: computed once for all layers.
    """

    parts: tuple[Parts, ...]
    ids: torch.Tensor
    positions: torch.Tensor
    sources: torch.Tensor
    targets: torch.Tensor
    owners: torch.Tensor
    masks: dict[tuple[int | None, torch.dtype], list[torch.Tensor | None]] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Tokens that the model computes."""
        return self.ids.size(1)

    def branches(self) -> list[int]:
        """Return what each token is a part of, as `Parts.branches` does."""
        return [branch for part in self.parts for branch in part.branches()]


def pack(rows: Sequence[Tokens], device: torch.device | str = "cpu") -> Packed:
    """Return rows as one packed sequence; all are examples or all are pairs, as `ValidatedRows` has them."""
    split = [_sequences(row) for row in rows]
    parts = tuple(Parts(*map(len, sequences)) for sequences in split)
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + part.total)
    ids = chain.from_iterable(chain.from_iterable(split))
    positions = chain.from_iterable(part.positions() for part in parts)
    sources = [start + place for start, part in zip(starts, parts, strict=False) for place in part.predictors()]
    targets = chain.from_iterable(chain.from_iterable(sequences[1:]) for sequences in split)
    completions = [sequence for sequences in split for sequence in sequences[1:]]
    owners = chain.from_iterable([number] * len(sequence) for number, sequence in enumerate(completions))

    def tensor(numbers: object) -> torch.Tensor:
        return torch.tensor(list(numbers), device=device)  # type: ignore[call-overload]

    return Packed(parts, tensor(ids)[None], tensor(positions)[None], tensor(sources), tensor(targets), tensor(owners))


def _sequences(row: Tokens) -> list[list[int]]:
    """Return the prompt and the completions of a row."""
    if "prompt_ids" in row:
        return [row["prompt_ids"], row["chosen_ids"], row["rejected_ids"]]
    prompt = row["labels"].count(IGNORED)
    return [row["input_ids"][:prompt], row["input_ids"][prompt:]]
