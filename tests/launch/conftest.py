import threading
import time

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
    end = time.monotonic() + 5
    while left := [
        thread.name for thread in threading.enumerate() if thread.name.startswith(("logs", "watch", "events"))
    ]:
        assert time.monotonic() < end, f"threads outlive the step: {left}"
        time.sleep(0.005)


@pytest.fixture
def said():
    return Said()
