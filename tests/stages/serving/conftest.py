import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from codekiln.registry import Registry, Version
from codekiln.stages.serving import vllm_middleware
from codekiln.stages.serving.client import ServerClient
from codekiln.stages.serving.folder import ServingFolder
from codekiln.stages.serving.follower import Followed, Follower
from codekiln.stages.serving.smoke import SmokePrompt, SmokeTest
from tests.stages.serving.fake_vllm import FakeVllm, running

NAME, PUBLIC = "codekiln-tiny", "champion"
TEST = SmokeTest((SmokePrompt(prompt="Write f()."), SmokePrompt(prompt="Explain f().", program=False)))


def program(number: int) -> str:
    return f"```python\ndef answer():\n    return {number}\n```"


VERSIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    *((program(number), "tiny", {}) for number in (1, 2, 3)),
    ("I would rather not.", "tiny", {}),
    (program(5), "tiny", {"r": 64}),
    (program(6), "tiny", {"use_dora": True}),
    (program(7), "owner/other", {}),
)
"""What each registered version answers, its base, and what its configuration says besides."""
PROSE, RANK, DORA, OTHER_BASE = 4, 5, 6, 7


def adapter(folder: Path, text: str, base: str = "tiny", **config: Any) -> Path:
    """Write an adapter that answers with a text."""
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_text(text)
    values = {"peft_type": "LORA", "base_model_name_or_path": base, "r": 8, **config}
    (folder / "adapter_config.json").write_text(json.dumps(values))
    (folder / "codekiln.json").write_text(json.dumps({"base": base, "revision": None}))
    return folder


@dataclass
class Served:
    """A fake server, a real MLflow, and a follower between them."""

    registry: Registry
    folder: ServingFolder
    vllm: FakeVllm
    url: str
    tmp_path: Path
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = ServerClient(self.url, self.folder.token())
        self.follower = self.new_follower()

    def new_follower(
        self, connect: Callable[[], Registry] | None = None, grace: float = 60.0, key: Any = None
    ) -> Follower:
        followed = Followed(NAME, "champion", PUBLIC, "tiny", TEST, key, grace)
        return Follower(followed, connect or (lambda: self.registry), self.server, self.folder, self.lines.append)

    def promote(self, number: int) -> Version:
        """Make a version the champion, and let the follower look."""
        version = self.registry.promote(self.registry.named(f"{NAME}/{number}"), "decision")
        self.follower.look()
        return version

    def undo(self) -> None:
        self.registry.rollback(NAME)
        self.follower.look()

    def answer(self, model: str = PUBLIC) -> tuple[str, str]:
        answer = self.server.ask(model, "Write f().", 100)
        return answer.model, answer.text


@pytest.fixture(scope="session")
def registered(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Registry:
    """MLflow, where VERSIONS are registered."""
    folder = tmp_path_factory.mktemp("registered")
    shutil.copy(empty_database, folder / "mlflow.db")
    registry = Registry(f"sqlite:///{folder / 'mlflow.db'}", "demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        with registry.stage(registry.start_parent("align", {}), "dpo") as run:
            for number, (text, base, config) in enumerate(VERSIONS, 1):
                made = adapter(folder / f"adapter-{number}", text, base, **config)
                registry.register(NAME, run.adapter(made, f"dpo-{number}", base), {})
    return registry


@pytest.fixture
def registry(registered: Registry) -> Registry:
    """The same without a champion; connecting to a database of its own takes longer than most of the tests."""
    for version in registered.versions(NAME):
        for alias in version.aliases:
            registered.client.delete_registered_model_alias(NAME, alias)
    return registered


@pytest.fixture
def served(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    folder, vllm = ServingFolder(tmp_path / "serving"), FakeVllm()
    monkeypatch.setenv(vllm_middleware.FOLDER, str(folder.path))
    with running(vllm_middleware.PublicNames(vllm)) as url:
        yield Served(registry, folder, vllm, url, tmp_path)
