"""Estimates the memory of one training process from the model's shape; meant to be slightly too high."""

import json
from bisect import bisect_left
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from codekiln.models import BaseModelSpec
from codekiln.models.weight_files import loaded_files
from codekiln.training.settings import Strategy

GIB = 2**30
# Bytes of activations per token, layer and unit of width, in bfloat16: 88 are the 16 MB a token of gemma3-12b with
# adapters; Korthikanti et al. 2022 (arXiv 2205.05198) count 34, without adapters and gates. With recomputation only the
# input of each layer is kept, and one layer at a time is whole.
ACTIVATIONS, LAYER_INPUT = 88, 2
# DoRA keeps two more outputs of each linear layer: 158 bytes instead of 93, counted on a small gemma3.
DORA_ACTIVATIONS = 1.7
# A weight in NormalFloat with quantised scales: 4 bits, 8 per block of 64, and 32 per 256 blocks (arXiv 2305.14314).
# Embedding and LM head stay as they are.
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
# Adapter parameters per unit of rank, layer and unit of width, on all linear layers: 21 to 27 in the model table.
ADAPTER = 28
# TRL 1.16 computes the LM head in float32 tiles of at most this many tokens and vocabulary entries; about three exist
# at a time.
TILE_TOKENS, TILE_WORDS, TILES = 4096, 32_768, 3
# DeepSpeed keeps up to this many gathered parameters (stage3_max_live_parameters); the embedding comes on top.
LIVE = 1_000_000_000
CONTEXT_GIB, FRAGMENTED = 2.0, 0.05


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MemoryEstimate(_Record):
    """Estimated peak memory of one process in GiB."""

    weights: float = Field(description="the frozen base; under ZeRO-3 a share of it and the layers gathered at a time")
    adapter: float = Field(description="adapter, its gradients, AdamW's state, and the reference copy of DPO")
    activations: float = Field(description="kept for the backward pass: tokens x layers x width x bytes")
    logits: float = Field(description="the tiles in which the LM head is computed")
    reserve: float = Field(description="context of the device, communication buffers and fragmentation")

    @property
    def total(self) -> float:
        """All parts together."""
        return self.weights + self.adapter + self.activations + self.logits + self.reserve


class ModelShape(_Record):
    """The sizes of a base model that memory depends on."""

    params: int
    hidden: int
    layers: int
    vocab: int
    embeddings: int = 1

    @property
    def unquantized(self) -> int:
        """Number of parameters that 4-bit loading leaves as they are."""
        return self.embeddings * self.vocab * self.hidden


class Workload(_Record):
    """All that an estimate depends on besides the strategy, the micro-batch and recomputation."""

    shape: ModelShape
    rank: int
    rows: int = Field(description="sequences per row of data: 1 for SFT and KTO, 2 for a pair")
    reference: bool = Field(False, description="whether a copy of the adapter is the reference policy")
    quantized: bool = Field(False, description="whether the base is in 4 bits")
    dora: bool = Field(False, description="whether the adapter is of DoRA")
    length: int = Field(description="tokens of the longest row")
    width: int = Field(description="bytes of a weight of the base")
    processes: int
    available: float = Field(description="memory of one process in GiB")

    def tokens(self, micro_batch: int) -> int:
        """Return the most tokens that one forward pass sees."""
        return micro_batch * self.rows * self.length

    def estimate(self, strategy: Strategy, micro_batch: int, recompute: bool) -> MemoryEstimate:
        """Estimate the peak memory of one process whose passes have so many rows of full length."""
        return self.estimate_pass(strategy, self.tokens(micro_batch), recompute)

    def estimate_pass(self, strategy: Strategy, tokens: int, recompute: bool) -> MemoryEstimate:
        """Estimate the peak memory of one process whose passes have at most so many tokens."""
        shape = self.shape
        layer = ACTIVATIONS * (DORA_ACTIVATIONS if self.dora else 1)
        kept = LAYER_INPUT * shape.layers + layer if recompute else layer * shape.layers
        return MemoryEstimate(
            weights=self._weights(strategy) / GIB,
            adapter=ADAPTER * self.rank * shape.layers * shape.hidden * self._adapter_bytes(strategy) / GIB,
            activations=tokens * shape.hidden * kept * self.width / 2 / GIB,
            logits=min(tokens, TILE_TOKENS) * min(shape.vocab, TILE_WORDS) * 4 * TILES / GIB,
            reserve=CONTEXT_GIB + FRAGMENTED * self.available,
        )

    def fitting_tokens(self, strategy: Strategy, recompute: bool, most: int) -> int:
        """Return how many tokens a pass may have, ``most`` at most; 0 where not even the model fits."""

        def is_too_much(tokens: int) -> bool:
            return self.estimate_pass(strategy, tokens, recompute).total > self.available

        return max(0, bisect_left(range(most + 1), True, key=is_too_much) - 1)

    def _weights(self, strategy: Strategy) -> float:
        if self.quantized:
            plain = self.shape.unquantized
            return plain * self.width + (self.shape.params - plain) * NF4_BYTES
        whole = self.shape.params * self.width
        if strategy != "zero3":
            return whole
        gathered = min(self.shape.params, LIVE + self.shape.vocab * self.shape.hidden)
        return whole / self.processes + gathered * self.width

    def _adapter_bytes(self, strategy: Strategy) -> float:
        # Weight, gradient, its buffer and two moments in float32, and the reference's copy.
        copy = 4 * self.reference
        if strategy == "ddp":
            return 20 + copy
        # ZeRO-2 shares out the master weight and the moments; ZeRO-3 shares out everything.
        return 8 + copy + 12 / self.processes if strategy == "zero2" else (20 + copy) / self.processes


def shape_of(spec: BaseModelSpec) -> ModelShape | None:
    """Return the sizes of a base model, from its TOML file or its folder; None where neither has them."""
    if spec.params and spec.hidden and spec.layers and spec.vocab:
        return ModelShape(
            params=spec.params,
            hidden=spec.hidden,
            layers=spec.layers,
            vocab=spec.vocab,
            embeddings=1 if spec.tied else 2,
        )
    folder = Path(spec.id)
    return _shape_of_folder(folder) if (folder / "config.json").is_file() else None


def _shape_of_folder(folder: Path) -> ModelShape | None:
    config = json.loads((folder / "config.json").read_bytes())
    config = config.get("text_config", config)
    size = sum(file.stat().st_size for file in loaded_files(folder))
    width = 4 if config.get("dtype", config.get("torch_dtype")) == "float32" else 2
    sizes = [config.get(name) for name in ("hidden_size", "num_hidden_layers", "vocab_size")]
    if not size or None in sizes:
        return None
    tied = config.get("tie_word_embeddings", False)
    return ModelShape(
        params=size // width, hidden=sizes[0], layers=sizes[1], vocab=sizes[2], embeddings=1 if tied else 2
    )
