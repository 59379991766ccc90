import shutil

import pytest


@pytest.fixture
def uri(empty_database, tmp_path, monkeypatch):
    """Return the URI of an MLflow without runs."""
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"
