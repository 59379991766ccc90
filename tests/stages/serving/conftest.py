import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from codekiln.registry import Registry, Version
from codekiln.stages.serving import inside_vllm
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

    uri: str
    folder: ServingFolder
    vllm: FakeVllm
    url: str
    tmp_path: Path
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = ServerClient(self.url, self.folder.token())
        self.follower = self.new_follower()

    @cached_property
    def registry(self) -> Registry:
        return Registry(self.uri, "demo")

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
def registered(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A folder with MLflow's database, in which VERSIONS are registered, and their files."""
    folder = tmp_path_factory.mktemp("registered")
    shutil.copy(empty_database, folder / "mlflow.db")
    registry = Registry(f"sqlite:///{folder / 'mlflow.db'}", "demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        with registry.stage(registry.start_parent("align", {}), "dpo") as run:
            for number, (text, base, config) in enumerate(VERSIONS, 1):
                made = adapter(folder / f"adapter-{number}", text, base, **config)
                registry.register(NAME, run.adapter(made, f"dpo-{number}", base), {})
    return folder


@pytest.fixture
def served(registered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    folder, vllm = ServingFolder(tmp_path / "serving"), FakeVllm()
    shutil.copy(registered / "mlflow.db", tmp_path)
    monkeypatch.setenv(inside_vllm.FOLDER, str(folder.path))
    with running(inside_vllm.PublicNames(vllm)) as url:
        yield Served(f"sqlite:///{tmp_path / 'mlflow.db'}", folder, vllm, url, tmp_path)
