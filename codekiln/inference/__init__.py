"""Sampling from a language model: its settings, and the protocol that every generator implements."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.records import Message


class Sampling(BaseModel):
    """How completions are sampled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: float = Field(0.8, ge=0, description="0 takes the most likely token each time")
    top_p: float = Field(0.95, gt=0, le=1, description="draw from the fewest tokens that have this probability")
    max_new_tokens: int = Field(512, ge=1, description="longest completion, in tokens")
    n: int = Field(10, ge=1, description="completions per prompt")
    seed: int = Field(0, ge=0, description="same seed, same prompt: same completions")


class Generator(Protocol):
    """A model that completes conversations: a server, or weights in this process."""

    def generate(self, prompts: Sequence[tuple[Message, ...]], sampling: Sampling) -> Iterator[list[str]]:
        """Yield ``sampling.n`` texts for each prompt, in the order of the prompts, without end-of-turn tokens."""
        ...
