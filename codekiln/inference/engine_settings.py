"""Which engine samples, and the settings of vLLM."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Engine = Literal["transformers", "vllm"]
Choice = Literal["auto", "transformers", "vllm"]


class VllmSettings(BaseModel):
    """How vLLM uses a GPU."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gpu_memory_utilization: float = Field(
        0.9, gt=0, le=1, description="share of a GPU's memory for weights and key-value cache; on a CPU not used"
    )
    batch_invariant: bool = Field(
        False,
        description="results that no other request in a batch can change, also on a GPU: slower, compute capability 9",
    )
