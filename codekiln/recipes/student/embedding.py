"""Embeddings of programs by a small local model: the mean of its last hidden states."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from codekiln import models
from codekiln.errors import InputError

BATCH = 16


class Embedder:
    """Embeds programs with any transformers model, and keeps what it has embedded.

    Args:
        name: A name of ``codekiln models``, a folder, or a Hub id; encoders and decoders both do.
        max_length: Longest program, in tokens; of a longer one the beginning counts.

    Raises:
        InputError: There is no such model.
    """

    def __init__(self, name: str, max_length: int = 512) -> None:
        self._spec, self._max_length = models.get(name), max_length
        self._known: dict[str, np.ndarray] = {}
        self._loaded: tuple[Any, Any] | None = None

    def distances(self, left: Sequence[str], right: Sequence[str]) -> np.ndarray:
        """Return cosine distances between two lists of programs, shape (left, right), 0 to 2."""
        return np.clip(1.0 - self.vectors(left) @ self.vectors(right).T, 0.0, 2.0).round(6)

    def vectors(self, codes: Sequence[str]) -> np.ndarray:
        """Return unit vectors, shape (codes, width of the model)."""
        new = sorted(set(codes) - self._known.keys(), key=lambda code: (len(code), code))
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._known.update(zip(batch, self._embed(batch), strict=True))
        return np.array([self._known[code] for code in codes]).reshape(len(codes), -1)

    def _embed(self, codes: list[str]) -> np.ndarray:
        import torch

        tokenizer, model = self._load()
        # A tokenizer makes nothing of an empty text, and there would be no state to take the mean of.
        texts = [code or "\n" for code in codes]
        given = tokenizer(texts, padding=True, truncation=True, max_length=self._max_length, return_tensors="pt")
        given = {key: given[key].to(model.device) for key in ("input_ids", "attention_mask")}
        with torch.no_grad():
            states = model(**given).last_hidden_state.float()
        mask = given["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(means, dim=1).cpu().numpy().astype(float)

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch
            from transformers import AutoModel, AutoTokenizer

            from codekiln.models.loading import device, quiet

            quiet()
            where = {"revision": self._spec.hub_revision or "main"}
            try:
                tokenizer = AutoTokenizer.from_pretrained(self._spec.source, **where)
                model = AutoModel.from_pretrained(self._spec.source, dtype=torch.float32, **where)
            except (OSError, ValueError) as error:
                first = str(error).strip().splitlines()[0]
                raise InputError(
                    f"cannot read {self._spec.id}: {first}",
                    where="recipes.student.embedding_model",
                    fix="check its name and the network, or leave the setting empty",
                ) from None
            tokenizer.padding_side = "right"
            if tokenizer.pad_token is None:
                tokenizer.pad_token = tokenizer.eos_token
            self._loaded = tokenizer, model.to(device()).eval()
        return self._loaded
