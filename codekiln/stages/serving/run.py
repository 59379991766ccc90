"""What the command ``serve`` does: vLLM with one adapter, vLLM with a follower, or a follower beside a server."""

import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln import models
from codekiln.errors import InputError
from codekiln.models.adapter_files import require_vllm
from codekiln.models.template_files import form_of
from codekiln.registry import Registry, signing
from codekiln.registry.connection import find_server
from codekiln.registry.versions import CHAMPION
from codekiln.stages.named_model import REGISTERED, named_model
from codekiln.stages.promotion.signed_version import require_signed
from codekiln.stages.serving.client import API_KEY, ServerClient
from codekiln.stages.serving.environment import vllm_python
from codekiln.stages.serving.folder import MIDDLEWARE, ServingFolder
from codekiln.stages.serving.follower import Followed, Follower
from codekiln.stages.serving.server import LEAST_RANK, Serving, rank_for, running
from codekiln.stages.serving.smoke import DEFAULT, SmokeTest
from codekiln.stages.serving.webhook import listening

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LOG = "vllm.log"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What was asked for on the command line.

    Attributes:
        model: NAME[@ALIAS] or NAME/NUMBER in the registry, or an adapter's folder.
        base: Base model, where it is not the recorded one.
        tracking_uri: MLflow; empty: the environment's.
        public_name: Name under which clients ask; empty: the alias.
        host: Address to listen at.
        port: Port to listen at.
        max_lora_rank: Rank of adapters that can be loaded at least; 0: 16, and that of the first adapter.
        folder: Folder that a follower and the server share; None: a temporary one.
        extra: More arguments for vLLM.
        public_key: File with the key of whoever signs promotion records; None: they are not looked at.
    """

    model: str
    base: str
    tracking_uri: str
    public_name: str
    host: str
    port: int
    max_lora_rank: int = 0
    folder: Path | None = None
    extra: tuple[str, ...] = ()
    public_key: Path | None = None

    @property
    def key(self) -> "Ed25519PublicKey | None":
        """The public key."""
        return signing.public_key(self.public_key) if self.public_key else None


@dataclass(frozen=True)
class Following:
    """How the alias is followed.

    Attributes:
        test: The smoke test.
        interval: Seconds between two looks at the registry.
        webhook_port: Port for MLflow's webhooks; 0: none.
        webhook_secret: Their secret.
    """

    test: SmokeTest
    interval: float
    webhook_port: int = 0
    webhook_secret: str = ""


def serve(asked: Request, say: Say) -> None:
    """Serve one adapter, as it is now, until the server or this process ends.

    Raises:
        InputError: There is no such adapter, no vLLM, or the port is taken.
        ModelError: vLLM ended.
    """
    python, is_folder = vllm_python(), Path(asked.model).expanduser().is_dir()
    name = asked.model if is_folder or asked.model.startswith(REGISTERED) else f"{REGISTERED}{_with_alias(asked.model)}"
    with named_model(name, asked.base, asked.tracking_uri, asked.public_key) as model, _folder(asked) as folder:
        if model.adapter is None:
            raise InputError("has no adapter", where=asked.model, fix="give NAME@champion or an adapter's folder")
        require_vllm(model.adapter)
        public = asked.public_name or (Path(asked.model).name if is_folder else name.rpartition("@")[2] or CHAMPION)
        rank = rank_for(model.adapter, asked.max_lora_rank or LEAST_RANK)
        _require_other(public, model.base)
        serving = _serving(asked, model.base, model.revision, rank, folder, adapter=model.adapter, name=public)
        with running(python, serving, {}, folder.path / LOG) as server:
            server.wait_ready(ServerClient(serving.url, ""), say)
            say(f"{model.name} is served as '{public}', its base as '{models.get(model.base).name}'")
            say(curl(serving.url, public))
            _warn(asked, say)
            while True:
                server.require_running()
                time.sleep(1)


def serve_and_follow(asked: Request, following: Following, say: Say) -> None:
    """Serve what the alias points at, from one change of it to the next.

    Raises:
        InputError: As `serve`; or there is neither a version nor ``base``.
        ModelError: vLLM ended.
    """
    python, uri = vllm_python(), find_server(asked.tracking_uri, asked.model)
    name, alias = _split(asked.model)
    with (
        _based(Registry(uri, None), name, alias, asked) as (base, revision, rank),
        _folder(asked) as folder,
        folder.only_follower(),
    ):
        public = asked.public_name or alias
        _require_other(public, base)
        # A folder that was used before: nothing is loaded yet.
        folder.point(public, None)
        serving = _serving(asked, base, revision, rank, folder, middleware=MIDDLEWARE)
        client = ServerClient(serving.url, folder.token())
        with running(python, serving, folder.prepare(), folder.path / LOG) as server:
            server.wait_ready(client, say)
            followed = Followed(name, alias, public, _comparable(base), following.test, asked.key)
            follower = Follower(followed, lambda: Registry(uri, None), client, folder, say)
            follower.look()
            say(curl(serving.url, public if folder.names() else models.get(base).name))
            _warn(asked, say)
            _loop(follower, following, server.require_running, asked.host)


def follow(asked: Request, server_url: str, following: Following, say: Say) -> None:
    """Follow the alias with a server that was started elsewhere, until this process ends.

    Raises:
        InputError: No folder is given that the server has too, or another follower has it.
    """
    if asked.folder is None:
        raise InputError("is needed with --server", where="--folder", fix="give the folder that the server has too")
    uri = find_server(asked.tracking_uri, asked.model)
    name, alias = _split(asked.model)
    folder = ServingFolder(asked.folder)
    with folder.only_follower():
        followed = Followed(name, alias, asked.public_name or alias, _comparable(asked.base), following.test, asked.key)
        client = ServerClient(server_url, folder.token())
        follower = Follower(followed, lambda: Registry(uri, None), client, folder, say)
        follower.look()
        _loop(follower, following, lambda: None, asked.host)


def curl(url: str, model: str) -> str:
    """Return a command that asks a served model."""
    content = json.dumps({"model": model, "messages": [{"role": "user", "content": DEFAULT.prompts[-1].prompt}]})
    key = f' -H "Authorization: Bearer ${API_KEY}"' if os.environ.get(API_KEY) else ""
    return f"curl {url}/v1/chat/completions{key} -H 'Content-Type: application/json' -d '{content}'"


def _loop(follower: Follower, following: Following, require_running: Callable[[], None], host: str) -> None:
    woken, waited = threading.Event(), 0.0
    with contextlib.ExitStack() as stack:
        if following.webhook_port:
            stack.enter_context(listening(host, following.webhook_port, following.webhook_secret, woken.set))
        while True:
            if woken.wait(min(1.0, following.interval)) or (waited := waited + 1.0) >= following.interval:
                woken.clear()
                waited = 0.0
                follower.look()
            require_running()


@contextlib.contextmanager
def _based(registry: Registry, name: str, alias: str, asked: Request) -> Iterator[tuple[str, str | None, int]]:
    """Provide the base model of a registered model, its revision, and the highest rank of an adapter.

    A base may lie in the files of a version, which are there while the block runs.
    """
    least = asked.max_lora_rank or LEAST_RANK
    versions = sorted(registry.versions(name), key=lambda each: each.version)
    chosen = next((each for each in versions if alias in each.aliases), versions[-1] if versions else None)
    if chosen is not None:
        with named_model(chosen.uri, asked.base, asked.tracking_uri) as model:
            if model.adapter and asked.key and not asked.base:
                # It says which base is served under every version, and may hold it.
                require_signed(registry, chosen.uri, model.adapter, asked.key)
            yield model.base, model.revision, rank_for(model.adapter, least)
    elif asked.base:
        yield asked.base, None, rank_for(None, least)
    else:
        fix = "promote a version first, or give --base-model to serve the base until there is one"
        raise InputError("has no versions", where=f"{REGISTERED}{name}", fix=fix)


def _serving(
    asked: Request,
    base: str,
    revision: str | None,
    rank: int,
    folder: ServingFolder,
    *,
    adapter: Path | None = None,
    name: str = "",
    middleware: str = "",
) -> Serving:
    spec = models.get(base)
    template = folder.write_template(form_of(spec.model_copy(update={"revision": revision}) if revision else spec))
    return Serving(base, revision, rank, adapter, name, middleware, asked.host, asked.port, template, asked.extra)


@contextlib.contextmanager
def _folder(asked: Request) -> Iterator[ServingFolder]:
    if asked.folder:
        yield ServingFolder(asked.folder)
        return
    with tempfile.TemporaryDirectory(prefix="codekiln-serve-") as path:
        yield ServingFolder(Path(path))


def _split(model: str) -> tuple[str, str]:
    """Return name and alias of a registered model."""
    name, _, alias = _with_alias(model.removeprefix(REGISTERED)).partition("@")
    if "/" in name or not name or not alias:
        raise InputError("is no NAME[@ALIAS] that can be followed", where=model, fix="give codekiln-tiny@champion")
    return name, alias


def _with_alias(model: str) -> str:
    return model if "@" in model or "/" in model else f"{model}@{CHAMPION}"


def _require_other(public: str, base: str) -> None:
    if public == models.get(base).name:
        fix = "give another --served-name"
        raise InputError("is the name of the base, which is served too", where=f"--served-name {public}", fix=fix)


def _warn(asked: Request, say: Say) -> None:
    if asked.host not in ("127.0.0.1", "localhost", "::1") and not os.environ.get(API_KEY):
        say(f"whoever reaches {asked.host}:{asked.port} can use it: {API_KEY} would ask for a key")


def _comparable(base: str) -> str:
    """Return the base as adapters record it; empty where it is a folder, whose path says nothing."""
    if not base or base.startswith(("/", ".", "~")) or Path(base).is_dir():
        return ""
    return models.get(base).id
