"""Settings of an OpenAI-compatible chat server; apart from the client, whose package takes a second to import."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class EndpointSettings(BaseModel):
    """Where the server is, how it is called, and what it costs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://\S+$", description="address, like http://localhost:8000/v1")
    model: str = Field(min_length=1, description="the model's name at the server")
    api_key_env: str = Field(
        "CODEKILN_API_KEY",
        pattern=r"^[A-Za-z_]\w*$",
        description="environment variable with the key; unset: none is sent",
    )
    concurrency: int = Field(8, ge=1, le=512, description="requests under way at once")
    timeout_seconds: float = Field(120.0, gt=0, description="longest silence of the server before another try")
    retries: int = Field(6, ge=0, description="further tries when the server is busy or broken")
    cache_dir: str = Field("~/.cache/codekiln/responses", description="folder of paid answers")
    price_in: float = Field(0.0, ge=0, description="price of a million prompt tokens")
    price_out: float = Field(0.0, ge=0, description="price of a million completion tokens")
    omit: tuple[str, ...] = Field(
        (), description="fields of the request body that the server refuses, such as seed, top_p or max_tokens"
    )
    extra: dict[str, Any] = Field(
        {}, description="further fields of the request body; max_completion_tokens replaces max_tokens"
    )
