"""What check makes again, what it takes from the last time, and how it names a run in MLflow."""

import re

import pytest

from codekiln.registry import Registry
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageContext
from codekiln.stages.check import _provenance, _start_parent
from codekiln.stages.run_folder import read_tracking


def provenance(*overrides):
    return _provenance(resolve("laptop", {"recipe": "corpus-tasks"}, list(overrides)), {})


@pytest.mark.parametrize(
    "override",
    ["teacher=model", "seed=1", "problems.train=7", "recipes.corpus-tasks.trials=9", "sandbox.cpu_seconds=1"],
)
def test_problems_are_made_again_when_what_they_depend_on_changes(override):
    assert provenance(override) != provenance() == provenance("sft.epochs=2", "workers=1")


def parent(folder, *overrides):
    """Return the parent run that check starts in MLflow."""
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    settings = resolve("laptop", {}, [f"tracking_uri={uri}", *overrides])
    output = folder / "check"
    output.mkdir(parents=True)
    _start_parent(settings, StageContext(settings=settings, inputs={}, output=output, step="check", run_folder=output))
    return Registry(uri, settings.experiment).client.get_run(read_tracking(output).parent_run_id)


def test_equal_runs_have_equal_parameters_in_mlflow_and_names_of_their_own(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    first = parent(tmp_path / "a")
    second = parent(tmp_path / "b", "workers=1", "experiment=other")
    assert first.data.params == second.data.params
    assert first.data.params["codekiln.seed"] == "0"
    assert re.fullmatch(r"maintainability tiny \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", first.info.run_name)
