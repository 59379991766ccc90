"""The follower: what a server answers under its public name is the version that the registry's alias points at.

Polling is the base, because a look at the registry needs nothing but MLflow and misses nothing; a webhook only makes
the next look come sooner.
"""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from codekiln.errors import CodekilnError, InputError, RegistryError
from codekiln.models.adapter_files import rank_of
from codekiln.registry import Registry, Version
from codekiln.registry.runs import adapter_digest
from codekiln.stages.promotion.signed_version import Unverified, require_signed
from codekiln.stages.serving.client import Refused, ServerClient, ServerGone
from codekiln.stages.serving.folder import ServingFolder
from codekiln.stages.serving.server import rank_for
from codekiln.stages.serving.smoke import SmokeTest, smoke_test

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

RECORD = "codekiln.json"


@dataclass(frozen=True)
class Followed:
    """What is followed, and how.

    Attributes:
        name: Registered model name.
        alias: Its alias.
        public_name: Name under which clients ask.
        base: Base model that the server has, as adapters record it; empty: not compared.
        test: The smoke test.
        public_key: Of whoever signs promotion records; None: they are not looked at.
        grace_seconds: How long a replaced version stays loaded at least, for requests that are on their way to it.
    """

    name: str
    alias: str
    public_name: str
    base: str
    test: SmokeTest
    public_key: "Ed25519PublicKey | None" = None
    grace_seconds: float = 60.0


class Follower:
    """Keeps a server's public name equal to an alias of the registry.

    A version is loaded under a name of its own and has to pass the smoke test; then the public name means it, from one
    request to the next. The version before stays loaded, so that an undo takes effect at once.

    Args:
        followed: What is followed.
        connect: Returns a connection to MLflow.
        server: The server.
        folder: What the follower and the server share.
        say: Prints a line.
    """

    def __init__(
        self,
        followed: Followed,
        connect: Callable[[], Registry],
        server: ServerClient,
        folder: ServingFolder,
        say: Callable[[str], None],
    ) -> None:
        self.followed, self.server, self.folder = followed, server, folder
        self._connect, self._print = connect, say
        self._registry: Registry | None = None
        self._refused: dict[str, str] = {}
        self._retired: dict[str, float] = {}
        self._proven: dict[str, str] = {}
        self._previous = ""
        self._said: dict[str, str] = {}

    def look(self) -> None:
        """Compare the registry with the server once, and make the server equal; a failure changes nothing."""
        try:
            self._look()
        except Exception as error:
            # Whatever it is, what is served goes on; the next look may find it gone.
            self._registry = None
            self._say("look", f"a look failed, {self._now_served()} stays: {type(error).__name__}: {error}")
        else:
            self._said.pop("look", None)

    def _look(self) -> None:
        try:
            loaded = self._loaded()
        except (ServerGone, Refused) as error:
            # A server that starts again has no adapters, and may have other limits.
            self._refused.clear()
            self.folder.write_status(None)
            self._say("server", f"cannot look at the server: {error}")
            return
        self._clear("server", "the server answers again")
        try:
            version = self._champion()
        except RegistryError as error:
            self._registry = None
            self._say("registry", f"keeps what it serves, {self._now_served()}: {error}")
            self._restore(loaded)
            return
        self._clear("registry", "MLflow answers again")
        try:
            self._make_equal(version, loaded)
        except (ServerGone, Refused) as error:
            self._say("server", f"cannot change what the server has: {error}")

    def _loaded(self) -> dict[str, str]:
        loaded = self.server.models()
        self._require_middleware()
        if not self.server.is_up():
            raise ServerGone(f"the engine of {self.server.url} is not running")
        return loaded

    def _champion(self) -> Version | None:
        if self._registry is None:
            self._registry = self._connect()
        try:
            return self._registry.named(f"{self.followed.name}@{self.followed.alias}")
        except InputError:
            # No such alias, or no such model yet.
            return None

    def _make_equal(self, version: Version | None, loaded: dict[str, str]) -> None:
        served = self._served()
        wanted = self._model_of(version) if version else ""
        self._refused = {model: why for model, why in self._refused.items() if model == wanted}
        if version is None:
            if served:
                self._point("")
                self._print(f"{self._alias()} points at nothing any more: '{self.followed.public_name}' is not served")
            else:
                self._say("version", f"{self._alias()} points at nothing: only the base is served")
        elif wanted != served or wanted not in loaded or not self._is_proven(version, wanted):
            self._serve(version, wanted, loaded)
        self._prune(loaded)
        self._write_status()

    def _serve(self, version: Version, wanted: str, loaded: dict[str, str]) -> None:
        """Load and test a version, and let the public name mean it."""
        if wanted in self._refused:
            return
        before = self._served()
        try:
            self._load(version, wanted, loaded)
            self._point(wanted)
        except (ServerGone, RegistryError, OSError) as error:
            self._say("version", f"{version.uri} is not served yet, {self._now_served()} stays: {error}")
        except CodekilnError as error:
            self._refused[wanted] = str(error)
            if before == wanted:
                # Another follower let it in, without a key or before its files were exchanged.
                self._point("")
            self._say("version", f"{version.uri} is refused, {self._now_served()} stays: {error}")
        else:
            self._proven[wanted] = version.adapter_digest
            was = f"; it was {before}" if before and before != wanted else ""
            self._print(f"'{self.followed.public_name}' is {wanted} now{was}")
            self._said.pop("version", None)

    def _load(self, version: Version, wanted: str, loaded: dict[str, str]) -> None:
        # A registered model that was deleted and made anew counts its versions from 1 again.
        is_other = wanted in loaded and _digest(self._path(wanted)) != version.adapter_digest
        path = self._fetch(version, wanted)
        if self.followed.public_key is not None:
            assert self._registry is not None, "the version came from it"
            try:
                require_signed(self._registry, version.uri, path, self.followed.public_key)
            except Unverified as error:
                raise Refused(str(error)) from None
        is_new = is_other or wanted not in loaded
        if is_new:
            self._require_same_base(path)
            if is_other:
                self.server.unload(wanted)
            try:
                self.server.load(wanted, str(path))
            except Refused as error:
                raise Refused(f"{error}\n  fix: {_remedy(str(error), path)}") from error
        is_tested = self._served() == wanted and not is_new
        if not is_tested and (wrong := smoke_test(self.server, wanted, self.followed.test)):
            self._unload(wanted)
            undo = f"undo its promotion: codekiln promote {self.followed.name} --undo"
            fix = f"{undo}; or give prompts that it can answer with --smoke"
            raise Refused("\n  ".join(["the smoke test failed:", *wrong]) + f"\n  fix: {fix}")

    def _fetch(self, version: Version, wanted: str) -> Path:
        """Return the folder of a version's files, which are whole and verified."""
        path = self._path(wanted)
        # A record may have been written after the files were fetched.
        if path.is_dir() and _digest(path) == version.adapter_digest and self.followed.public_key is None:
            return path
        assert self._registry is not None, "the version came from it"
        part = path.with_name(f".{path.name}.part")
        for old in (part, path):
            shutil.rmtree(old, ignore_errors=True)
        self._registry.download_adapter(version.uri, part)
        return part.rename(path)

    def _require_same_base(self, adapter: Path) -> None:
        record = adapter / RECORD
        trained_on = str(json.loads(record.read_bytes()).get("base", "")) if record.is_file() else ""
        here = self.followed.base
        if trained_on and here and trained_on != here:
            raise Refused(f"it was trained on {trained_on}, and the server has {here}", fix=f"serve {trained_on}")

    def _restore(self, loaded: dict[str, str]) -> None:
        """Load again what the public name means, where the server was started anew and MLflow cannot say more."""
        served = self._served()
        path = self._path(served)
        if served and served not in loaded and path.is_dir():
            try:
                self.server.load(served, str(path))
            except (ServerGone, Refused) as error:
                self._say("server", f"{served} is not served: {error}")
                return
        if served:
            self._write_status()

    def _point(self, model: str) -> None:
        before = self._served()
        if before and before != model:
            self._previous, self._retired[before] = before, time.monotonic()
        self._retired.pop(model, None)
        self.folder.point(self.followed.public_name, model or None)
        if self.server.names().get(self.followed.public_name, "") != model:
            raise InputError(
                "the server does not see what the follower writes",
                where=str(self.folder.path),
                fix="give server and follower the same folder",
            )

    def _prune(self, loaded: dict[str, str]) -> None:
        """Unload versions that nobody asks for any more, and delete their files."""
        now, kept = time.monotonic(), {self._served(), self._previous, *self._refused}
        ours = [model for model in loaded if self._is_ours(model)]
        for model in ours:
            if model in kept or now - self._retired.setdefault(model, now) < self.followed.grace_seconds:
                continue
            self._unload(model)
            shutil.rmtree(self._path(model), ignore_errors=True)

    def _unload(self, model: str) -> None:
        self._retired.pop(model, None)
        try:
            self.server.unload(model)
        except (Refused, ServerGone) as error:
            self._say("server", f"cannot unload {model}: {error}")

    def _require_middleware(self) -> None:
        try:
            self.server.names()
        except Refused as error:
            fix = "start it with codekiln's middleware and the same folder (codekiln serve NAME --follow, or the chart)"
            raise Refused(f"it does not know public names: {error}\n  fix: {fix}") from error

    def _write_status(self) -> None:
        self.folder.write_status(
            {
                "model": self.followed.name,
                "alias": self.followed.alias,
                "public_name": self.followed.public_name,
                "served": self._served() or None,
                "refused": self._refused,
                "looked_at": datetime.now(UTC).isoformat(timespec="seconds"),
            }
        )

    def _served(self) -> str:
        return self.folder.names().get(self.followed.public_name, "")

    def _now_served(self) -> str:
        return self._served() or "the base alone"

    def _alias(self) -> str:
        return f"{self.followed.name}@{self.followed.alias}"

    def _is_proven(self, version: Version, model: str) -> bool:
        """Return whether this follower itself has looked at what is loaded; another may have done so with no key."""
        return self._proven.get(model, "") == version.tags.get("adapter_digest")

    def _path(self, model: str) -> Path:
        return self.folder.adapters / quote(model, safe="")

    def _model_of(self, version: Version) -> str:
        return f"{self.followed.name}-v{version.version}"

    def _is_ours(self, model: str) -> bool:
        return model.startswith(f"{self.followed.name}-v") and model.removeprefix(f"{self.followed.name}-v").isdigit()

    def _say(self, about: str, text: str) -> None:
        """Print a line, unless it was the last one about the same."""
        if self._said.get(about) != text:
            self._said[about] = text
            self._print(text)

    def _clear(self, about: str, text: str) -> None:
        if self._said.pop(about, ""):
            self._print(text)


def _digest(adapter: Path) -> str:
    try:
        return adapter_digest(adapter)
    except (CodekilnError, OSError, ValueError):
        return ""


def _remedy(refusal: str, adapter: Path) -> str:
    """Return what to do about vLLM's refusal of an adapter (vllm/lora/peft_helper.py, validate_legal)."""
    if "max_lora_rank" in refusal:
        return f"start the server with --max-lora-rank {rank_for(adapter, rank_of(adapter))}"
    return "vLLM serves this kind of adapter only merged: codekiln export NAME@champion --format merged -o FOLDER"
