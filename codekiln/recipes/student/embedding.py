"""Embeddings of programs by a small local model: mean-pooled last hidden states."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codekiln import models
from codekiln.data.text import first_line
from codekiln.errors import InputError

BATCH = 16

Matrix = NDArray[np.float64]


class Embedder:
    """Embeds programs with any transformers encoder or decoder, and caches the vectors.

    Args:
        name: A name of ``codekiln models``, a folder, or a Hub id.
        max_length: Largest number of tokens; longer programs are truncated.

    Raises:
        InputError: The model does not exist.
    """

    def __init__(self, name: str, max_length: int = 512) -> None:
        self._spec, self._max_length = models.get(name), max_length
        self._cache: dict[str, Matrix] = {}
        self._loaded: tuple[Any, Any] | None = None

    def distances(self, left: Sequence[str], right: Sequence[str]) -> Matrix:
        """Return cosine distances between two lists of programs, shape (left, right), 0 to 2."""
        cosines = self.vectors(left) @ self.vectors(right).T
        return np.clip(1.0 - cosines, 0.0, 2.0).round(6)

    def vectors(self, codes: Sequence[str]) -> Matrix:
        """Return unit vectors, shape (codes, hidden size of the model)."""
        # Programs of similar length share a batch, which wastes little computation on padding.
        new = sorted(set(codes) - self._cache.keys(), key=lambda code: (len(code), code))
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            self._cache.update(zip(batch, self._embed(batch), strict=True))
        return np.array([self._cache[code] for code in codes]).reshape(len(codes), -1)

    def _embed(self, codes: list[str]) -> Matrix:
        import torch

        tokenizer, model = self._load()
        # An empty text has no tokens, and so no hidden state to pool.
        texts = [code or "\n" for code in codes]
        encoded = tokenizer(texts, padding=True, truncation=True, max_length=self._max_length, return_tensors="pt")
        inputs = {key: encoded[key].to(model.device) for key in ("input_ids", "attention_mask")}
        with torch.no_grad():
            states = model(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"].unsqueeze(-1)
        means = (states * mask).sum(dim=1) / mask.sum(dim=1)
        vectors: Matrix = torch.nn.functional.normalize(means, dim=1).cpu().numpy().astype(float)
        return vectors

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch
            from transformers import AutoModel, AutoTokenizer

            from codekiln.models.loading import device, quiet

            quiet()
            where: dict[str, Any] = {"revision": self._spec.hub_revision or "main", "trust_remote_code": False}
            try:
                tokenizer = AutoTokenizer.from_pretrained(self._spec.source, **where)
                model = AutoModel.from_pretrained(self._spec.source, dtype=torch.float32, **where)
            except (OSError, ValueError) as error:
                first = first_line(str(error))
                raise InputError(
                    f"cannot read {self._spec.id}: {first}",
                    where="recipes.student.embedding_model",
                    fix="check its name and the network, or leave the setting empty",
                ) from None
            # Right padding does not shift the positions of the tokens, whatever else is in the batch.
            tokenizer.padding_side = "right"
            if tokenizer.pad_token is None:
                tokenizer.pad_token = tokenizer.eos_token
            self._loaded = tokenizer, model.to(device()).eval()
        return self._loaded
