import json
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

    @cached_property
    def parent(self) -> str:
        return self.registry.start_parent("align", {})

    def new_follower(
        self, connect: Callable[[], Registry] | None = None, grace: float = 60.0, key: Any = None
    ) -> Follower:
        followed = Followed(NAME, "champion", PUBLIC, "tiny", TEST, key, grace)
        return Follower(followed, connect or (lambda: self.registry), self.server, self.folder, self.lines.append)

    def register(self, text: str, *, base: str = "tiny", **config: object) -> Version:
        """Register an adapter that answers with a text."""
        folder = self.tmp_path / f"adapter-{abs(hash((text, base, str(config))))}"
        folder.mkdir()
        (folder / "adapter_model.safetensors").write_text(text)
        values = {"peft_type": "LORA", "base_model_name_or_path": base, "r": 8, **config}
        (folder / "adapter_config.json").write_text(json.dumps(values))
        (folder / "codekiln.json").write_text(json.dumps({"base": base, "revision": None}))
        with self.registry.stage(self.parent, "dpo") as run:
            model_id = run.adapter(folder, "dpo", base)
        return self.registry.register(NAME, model_id, {})

    def promote(self, text: str, **more: object) -> Version:
        """Make an adapter that answers with a text the champion, and let the follower look."""
        version = self.registry.promote(self.register(text, **more), "decision")  # type: ignore[arg-type]
        self.follower.look()
        return version

    def undo(self) -> None:
        self.registry.rollback(NAME)
        self.follower.look()

    def answer(self, model: str = PUBLIC) -> tuple[str, str]:
        answer = self.server.ask(model, "Write f().", 100)
        return answer.model, answer.text


@pytest.fixture
def served(uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    folder, vllm = ServingFolder(tmp_path / "serving"), FakeVllm()
    monkeypatch.setenv(inside_vllm.FOLDER, str(folder.path))
    with running(inside_vllm.PublicNames(vllm)) as url:
        yield Served(uri, folder, vllm, url, tmp_path)
