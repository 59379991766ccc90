"""Requests to a vLLM server that has codekiln's middleware: models, adapters and answers."""

import os
from dataclasses import dataclass
from typing import Any

import httpx2

from codekiln.errors import ModelError
from codekiln.stages.serving.vllm_middleware import HEADER, STATE

API_KEY = "VLLM_API_KEY"
TIMEOUT = httpx2.Timeout(20, connect=5)
ANSWER_SECONDS, LOAD_SECONDS = 120.0, 300.0


class ServerGone(ModelError):
    """The server cannot be reached, or is not ready."""


class Refused(ModelError):
    """The server is there and refuses."""


@dataclass(frozen=True)
class Answer:
    """An answer of a chat model.

    Attributes:
        model: Who has answered, as the server says.
        text: The reply.
        is_whole: Whether the reply ended by itself, and not at the limit of tokens.
    """

    model: str
    text: str
    is_whole: bool


class ServerClient:
    """Requests to one server.

    Args:
        url: Its address.
        token: The follower's token.

    Raises:
        ServerGone: From every method: no answer, or one that says that the engine is not running.
        Refused: From every method: an answer that refuses, with the server's words.
    """

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        key = os.environ.get(API_KEY, "")
        headers = {HEADER: token} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._http = httpx2.Client(
            base_url=self.url,
            headers=headers,
            timeout=TIMEOUT,
            # A proxy of the environment is for the world outside, and the server is here.
            trust_env=False,
            # Nobody has to close it, and no request meets a connection that the server has closed meanwhile.
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def is_up(self) -> bool:
        """Return whether the server answers and its engine runs."""
        try:
            return self._http.get("/health").status_code == 200
        except httpx2.HTTPError:
            return False

    def models(self) -> dict[str, str]:
        """Return the models that are loaded, with where each comes from."""
        return {each["id"]: str(each.get("root") or "") for each in self._call("GET", "/v1/models").json()["data"]}

    def names(self) -> dict[str, str]:
        """Return what the public names mean to the server."""
        return dict(self._call("GET", STATE).json())

    def load(self, name: str, path: str) -> None:
        """Load an adapter's folder under a name."""
        self._call("POST", "/v1/load_lora_adapter", {"lora_name": name, "lora_path": path}, seconds=LOAD_SECONDS)

    def unload(self, name: str) -> None:
        """Let the server forget an adapter; requests that it is answering keep it."""
        self._call("POST", "/v1/unload_lora_adapter", {"lora_name": name})

    def ask(self, model: str, prompt: str, max_tokens: int) -> Answer:
        """Return the likeliest answer of a model to a prompt."""
        asked = {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "temperature": 0,
        }
        answer = self._call("POST", "/v1/chat/completions", asked, seconds=ANSWER_SECONDS).json()
        choice = answer["choices"][0]
        return Answer(answer["model"], choice["message"]["content"] or "", choice["finish_reason"] != "length")

    def _call(self, method: str, path: str, content: Any = None, seconds: float | None = None) -> httpx2.Response:
        timeout = httpx2.Timeout(seconds, connect=5) if seconds else TIMEOUT
        try:
            response = self._http.request(method, path, json=content, timeout=timeout)
        except httpx2.HTTPError as error:
            raise ServerGone(f"{self.url} does not answer: {error or type(error).__name__}") from error
        if response.status_code == 200:
            return response
        said = f"{path} answered {response.status_code}: {_message(response)}"
        # A dead engine answers like an adapter that cannot be loaded.
        raise Refused(said) if self.is_up() else ServerGone(said)


def _message(response: httpx2.Response) -> str:
    try:
        error = response.json()["error"]
        return str(error["message"] if isinstance(error, dict) else error)
    except (ValueError, KeyError, TypeError):
        return response.text.strip()[:300]
