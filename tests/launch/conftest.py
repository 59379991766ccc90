import pytest

from tests.launch.fake_api import FakeApi
from tests.launch.steps import Said


@pytest.fixture
def api(tmp_path, monkeypatch):
    for name in ("KUBERNETES_SERVICE_HOST", "CODEKILN_NAMESPACE", "CODEKILN_POD"):
        monkeypatch.delenv(name, raising=False)
    with FakeApi(tmp_path) as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig))
        yield server


@pytest.fixture
def said():
    return Said()
