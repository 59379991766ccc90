"""A server that answers as vLLM 0.32 does, with the real middleware around it: ``python fake_vllm.py VLLM_ARGS``.

Read in vLLM 0.32.0, below ``vllm/``:

* load, unload and list, their texts and codes: ``entrypoints/openai/models/serving.py``. An adapter that the engine
  does not take is a 500 with the engine's words, one whose files are missing a 404;
* those words: ``lora/peft_helper.py`` (rank, DoRA) and ``exceptions.py`` (LoRAAdapterNotFoundError);
* a name that is not served is a 404, and ``model`` of an answer is the adapter's name:
  ``entrypoints/serve/engine/serving.py``, ``entrypoints/openai/chat_completion/serving.py``;
* a request keeps the adapter that it began with, also when it is unloaded: it holds the LoRARequest;
* errors are ``{"error": {message, type, param, code}}``: ``entrypoints/serve/engine/protocol.py``;
* ``/health`` is 503 when the engine is dead: ``entrypoints/serve/instrumentator/health.py``.

An adapter answers with the text of its weights file, and the base with a program; ``SLOW`` in a prompt takes a moment.
"""

import argparse
import asyncio
import importlib
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

BASE_ANSWER = "```python\ndef base():\n    return 0\n```"
TRUNCATED = 400


class FakeVllm:
    """The application.

    Attributes:
        adapters: Folder and text of each adapter by name.
        loads: Names in the order in which they were loaded.
        dead: Whether the engine has died.
        requests: Bodies of chat requests as they arrived.
    """

    def __init__(self, base: str = "tiny", max_lora_rank: int = 16) -> None:
        self.base, self.max_lora_rank = base, max_lora_rank
        self.adapters: dict[str, tuple[str, str]] = {}
        self.loads: list[str] = []
        self.requests: list[bytes] = []
        self.dead = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": message["type"] + ".complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        status, content = await self._answer(scope["method"], scope["path"], body)
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": data})

    async def _answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/health":
            return (503 if self.dead else 200), ""
        if path == "/v1/models":
            base = {"id": self.base, "object": "model", "root": "/base", "parent": None}
            loras = [{"id": k, "object": "model", "root": v[0], "parent": self.base} for k, v in self.adapters.items()]
            return 200, {"object": "list", "data": [base, *loras]}
        if self.dead:
            return _error(500, "EngineCore encountered an issue.", "InternalServerError")
        try:
            asked = json.loads(body)
        except ValueError:
            return _error(400, "JSON decode error", "Bad Request")
        if path == "/v1/load_lora_adapter":
            return self._load(asked["lora_name"], asked["lora_path"])
        if path == "/v1/unload_lora_adapter":
            name = asked["lora_name"]
            if self.adapters.pop(name, None) is None:
                return _error(404, f"The lora adapter '{name}' cannot be found.", "NotFoundError")
            return 200, f"Success: LoRA adapter '{name}' removed successfully."
        if path == "/v1/chat/completions":
            self.requests.append(body)
            return await self._chat(asked)
        return 404, {"detail": "Not Found"}

    def _load(self, name: str, path: str) -> tuple[int, Any]:
        if name == self.base:
            return _error(400, f"The lora adapter '{name}' conflicts with a served base model.", "InvalidUserInput")
        if name in self.adapters:
            text = f"The lora adapter '{name}' has already been loaded. If you want to load the adapter in place, set"
            return _error(400, f"{text} 'load_inplace' to True.", "InvalidUserInput")
        config, weights = Path(path) / "adapter_config.json", Path(path) / "adapter_model.safetensors"
        if not config.is_file() or not weights.is_file():
            return _error(404, f"Loading lora {name} failed: No adapter found for {path}", "NotFoundError")
        values = json.loads(config.read_text())
        if values.get("use_dora"):
            return _error(500, "vLLM does not yet support DoRA.", "InternalServerError")
        if values["r"] > self.max_lora_rank:
            text = f"LoRA rank {values['r']} is greater than max_lora_rank {self.max_lora_rank}."
            return _error(500, text, "InternalServerError")
        self.adapters[name] = (path, weights.read_text())
        self.loads.append(name)
        return 200, f"Success: LoRA adapter '{name}' added successfully."

    async def _chat(self, asked: dict[str, Any]) -> tuple[int, Any]:
        model = asked["model"]
        if model != self.base and model not in self.adapters:
            text = f"The model `{model}` does not exist. Valid aliases: {self.base}."
            return _error(404, text, "NotFoundError", "model")
        text = BASE_ANSWER if model == self.base else self.adapters[model][1]
        if "SLOW" in asked["messages"][-1]["content"]:
            await asyncio.sleep(0.3)
        message = {"role": "assistant", "content": text[:TRUNCATED]}
        reason = "stop" if len(text) <= TRUNCATED else "length"
        return 200, {"model": model, "choices": [{"index": 0, "message": message, "finish_reason": reason}]}


def _error(code: int, message: str, kind: str, param: str | None = None) -> tuple[int, Any]:
    return code, {"error": {"message": message, "type": kind, "param": param, "code": code}}


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Run an application on a free port of this machine while the block runs; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("--host", "--port", "--served-model-name", "--max-lora-rank", "--middleware", "--lora-modules"):
        parser.add_argument(name)
    asked, _ = parser.parse_known_args()
    app: Any = FakeVllm(asked.served_model_name, int(asked.max_lora_rank))
    if asked.lora_modules:
        status, said = app._load(*asked.lora_modules.split("=", 1))
        assert status == 200, said
    if asked.middleware:
        module, _, name = asked.middleware.rpartition(".")
        app = getattr(importlib.import_module(module), name)(app)
    print("fake vLLM starts", *sys.argv[1:], flush=True)
    uvicorn.run(app, host=asked.host, port=int(asked.port), log_level="warning")


if __name__ == "__main__":
    main()
