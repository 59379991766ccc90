"""A run's folder that was moved or copied: its registry reads and writes what lies beside its database now."""

import json
import shutil

import pytest

from codekiln.errors import RegistryError
from codekiln.registry import Registry, moved_store
from codekiln.registry.sqlite_uri import sqlite_uri


@pytest.fixture(scope="module")
def made(tmp_path_factory, empty_database):
    """The folder of a run that logged an adapter, and the adapter's id."""
    folder = tmp_path_factory.mktemp("runs") / "a b%20c#d?é"
    adapter = folder / "adapter"
    adapter.mkdir(parents=True)
    shutil.copy(empty_database, folder / "mlflow.db")
    (adapter / "adapter_model.safetensors").write_bytes(b"w")
    (adapter / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 4}))
    registry = Registry(sqlite_uri(folder / "mlflow.db"), "demo")
    with registry.stage(registry.start_parent("align", {}), "sft") as run:
        return folder, run.adapter(adapter, "sft", "tiny", {"r": 4}, {"stage": "sft"})


@pytest.fixture
def moved(made, tmp_path):
    """Its copy, while the folder itself is not there, and the adapter's id."""
    folder, model = made
    copy = shutil.copytree(folder, tmp_path / "else where" / "run%41")
    away = folder.rename(folder.parent / "away")
    yield copy, model
    away.rename(folder)


def test_a_moved_run_finds_its_adapters_and_writes_beside_its_database(moved, made, tmp_path):
    folder, model = moved
    registry = Registry(sqlite_uri(folder / "mlflow.db"), "demo")
    assert (registry.download_adapter(model, tmp_path / "got") / "adapter_model.safetensors").read_bytes() == b"w"
    registry.client.log_text(registry.start_parent("align", {}), "x", "new.txt")
    assert [path.relative_to(folder).parts[0] for path in tmp_path.rglob("new.txt")] == ["mlartifacts"]
    assert not made[0].exists()


def test_addresses_of_folders_that_are_there_are_left_alone(made, tmp_path):
    folder, model = made
    shutil.copytree(folder, tmp_path / "copy")
    registry = Registry(sqlite_uri(tmp_path / "copy" / "mlflow.db"), None)
    assert registry.client.get_logged_model(model).artifact_location.startswith(folder.as_uri())


def test_a_database_without_its_artifacts_says_where_they_were(moved, made, tmp_path):
    folder, model = moved
    shutil.rmtree(folder / "mlartifacts")
    with pytest.raises(RegistryError, match="the files of the version are not there") as caught:
        Registry(sqlite_uri(folder / "mlflow.db"), None).download_adapter(model, tmp_path / "got")
    assert caught.value.where.startswith(f"{made[0]}/mlartifacts/models/")
    assert not (tmp_path / "got").exists()


def test_a_database_that_cannot_be_changed_stays_as_it_is(moved, tmp_path, monkeypatch, caplog):
    folder, model = moved
    monkeypatch.setattr(moved_store, "_ADDRESSES", {**moved_store._ADDRESSES, "no_table": ("none",)})
    with pytest.raises(RegistryError, match="the files of the version are not there"):
        Registry(sqlite_uri(folder / "mlflow.db"), None).download_adapter(model, tmp_path / "got")
    assert "its addresses of artifacts cannot be corrected: no such table: no_table" in caplog.text
