"""Public names of adapters, inside vLLM: an ASGI middleware for its flag ``--middleware``. Standard library only.

vLLM 0.32 cannot point a served name at another adapter: ``load_lora_adapter`` with ``load_inplace`` changes the weights
under requests that are being answered, and reads them from disk again at every step (vLLM pull requests 36373, 41482);
without it the name has to be unloaded first, and requests in between get 404. So each version is loaded under a name of
its own, and this middleware replaces the public name in each request by the name of a version. What a name means is
one file, which the follower replaces: a request has the old adapter to its end, or the new one.

The answers carry the version's name in ``model``, so that a client sees which version has answered.
"""

import hmac
import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

FOLDER = "CODEKILN_SERVING"
"""Environment variable: the folder that the follower shares with vLLM."""
NAMES, PROOF = "names.json", "token"
HEADER = "x-codekiln-token"
STATE = "/codekiln/names"
"""Path that answers with the public names, to the follower alone."""

_LENGTHS = (b"content-length", b"transfer-encoding")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class PublicNames:
    """Replaces public names in requests, lists them as models, and keeps adapters' endpoints for the follower.

    vLLM loads from any path or Hub id for whoever may ask, so that only requests with the follower's token get there.

    Args:
        app: vLLM's application.
    """

    def __init__(self, app: App) -> None:
        self.app, self.folder = app, Path(os.environ[FOLDER])

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        is_kept = "lora_adapter" in path or "/adapters" in path or path == STATE
        if is_kept and not self._is_follower(scope):
            await _answer(send, 403, {"error": "adapters are loaded by codekiln's follower alone"})
            return
        if path == STATE:
            await _answer(send, 200, self._names())
        elif scope["method"] == "GET" and path.rstrip("/").endswith("/v1/models"):
            await self._list(scope, receive, send)
        elif scope["method"] == "POST" and _is_json(scope) and (names := self._names()):
            await self.app(_without_length(scope), _renamed(receive, names), send)
        else:
            await self.app(scope, receive, send)

    def _names(self) -> dict[str, str]:
        # Read anew each time: vLLM may have several API processes, and none of them is told.
        try:
            return dict(json.loads((self.folder / NAMES).read_bytes()))
        except FileNotFoundError:
            return {}

    def _is_follower(self, scope: Message) -> bool:
        try:
            expected = (self.folder / PROOF).read_bytes().strip()
        except OSError:
            return False
        return bool(expected) and hmac.compare_digest(_header(scope, HEADER.encode()), expected)

    async def _list(self, scope: Message, receive: Receive, send: Send) -> None:
        """Add the public names to vLLM's list of models."""
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            else:
                body += message.get("body", b"")

        await self.app(scope, receive, collect)
        if start["status"] == 200:
            models = json.loads(body)
            by_id = {each["id"]: each for each in models["data"]}
            names = self._names()
            models["data"] += [{**by_id[model], "id": name} for name, model in names.items() if model in by_id]
            body = json.dumps(models).encode()
        await send({**start, "headers": _with_length(start["headers"], len(body))})
        await send({"type": "http.response.body", "body": body})


def _renamed(receive: Receive, names: dict[str, str]) -> Receive:
    """Return what reads a request in which a public name is replaced; anything else stays as it is, byte for byte.

    Nothing is read before the application asks: vLLM looks at the key first, and who has none sends it nothing.
    """
    is_read = False

    async def read() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read, body, more = True, bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return {"type": "http.request", "body": _with_model(bytes(body), names), "more_body": False}

    return read


def _with_model(body: bytes, names: dict[str, str]) -> bytes:
    try:
        request = json.loads(body)
        model = names.get(request["model"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return body
    return body if model is None else json.dumps({**request, "model": model}).encode()


def _is_json(scope: Message) -> bool:
    # vLLM takes the type in any case (entrypoints/serve/utils/api_utils.py, validate_json_request).
    return b"json" in _header(scope, b"content-type").lower()


def _header(scope: Message, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key.lower() == name), b"")


def _without_length(scope: Message) -> Message:
    """Return a request whose length is not known before it is read."""
    return {**scope, "headers": [(key, value) for key, value in scope["headers"] if key.lower() not in _LENGTHS]}


def _with_length(headers: Any, length: int) -> list[tuple[bytes, bytes]]:
    kept = [(key, value) for key, value in headers if key.lower() not in _LENGTHS]
    return [*kept, (b"content-length", str(length).encode())]


async def _answer(send: Send, status: int, content: Any) -> None:
    body = json.dumps(content).encode()
    headers = _with_length([(b"content-type", b"application/json")], len(body))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
