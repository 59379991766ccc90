from pathlib import Path

import pytest

from codekiln.cli.run_summary import _tracking_uri
from codekiln.stages.run_folder import Tracking, write_tracking


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("sqlite:///HERE/run/mlflow.db", "sqlite:///run/mlflow.db"),
        ("sqlite:///HERE/other.db", "sqlite:///HERE/other.db"),
        ("http://me:hunter2@mlflow:5000", "http://me:***@mlflow:5000"),
    ],
)
def test_the_summary_names_the_mlflow_that_has_the_run(tmp_path, monkeypatch, uri, shown):
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path)
    write_tracking(Path("run/check"), Tracking(uri.replace("HERE", here), "codekiln", "0a", "name"))
    assert _tracking_uri(Path("run")) == shown.replace("HERE", here)
