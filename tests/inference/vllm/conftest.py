import json

import pytest

from tests.inference.vllm import stand_in


@pytest.fixture
def vllm(tmp_path, monkeypatch):
    """A stand-in for vLLM; call it for what it was asked, name by name, and set how it behaves with ``how``."""

    class StandIn:
        python = stand_in.install(tmp_path)
        log = tmp_path / "vllm.log"

        def how(self, how):
            monkeypatch.setenv("STAND_IN_HOW", how)

        def __call__(self, name):
            rows = map(json.loads, self.log.read_text().splitlines() if self.log.exists() else ())
            return [row if name == "request" else row[name] for row in rows if name in row]

    found = StandIn()
    found.how("well")
    monkeypatch.setenv("STAND_IN_LOG", str(found.log))
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(found.python))
    return found
