from collections.abc import Iterator

import pytest
from tenacity import wait_none

from codekiln.registry.kubeflow import KubeflowClient
from tests.registry.fake_kubeflow_registry import ModelRegistry, serving


@pytest.fixture
def kubeflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelRegistry]:
    """Kubeflow's Model Registry, asked again at once where it does not answer."""
    monkeypatch.setattr(KubeflowClient, "wait", wait_none())
    with serving() as state:
        yield state
