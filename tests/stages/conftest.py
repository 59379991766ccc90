import pytest

from tests.registry.fake_kubeflow_registry import serving


@pytest.fixture
def kubeflow():
    """Kubeflow's Model Registry."""
    with serving() as state:
        yield state
