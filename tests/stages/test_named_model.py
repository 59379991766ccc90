import json
from pathlib import Path

import pytest

from codekiln.errors import InputError
from codekiln.registry import Registry
from codekiln.stages.named_model import NamedModel, named_model, require_adapter


def adapter(folder: Path, *, base: str = "tiny", revision: str | None = None, record: bool = True) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    config = {"peft_type": "LORA", "base_model_name_or_path": base, "revision": revision}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    if record:
        (folder / "codekiln.json").write_text(json.dumps({"base": base, "revision": revision}))
    return folder


def opened(name: str, *words: str) -> NamedModel:
    with named_model(name, *words) as model:
        return model


def test_a_base_model_is_one_without_an_adapter(tmp_path):
    assert opened("tiny") == NamedModel("tiny", "tiny")
    assert opened("Qwen/Qwen2.5-Coder-1.5B-Instruct").adapter is None


@pytest.mark.parametrize("record", [True, False], ids=["codekiln", "peft"])
def test_an_adapters_folder_says_its_base_and_revision(tmp_path, record):
    folder = adapter(tmp_path / "dpo", base="owner/model", revision="abc", record=record)
    assert opened(str(folder)) == NamedModel(str(folder), "owner/model", folder, "abc")


def test_another_base_has_no_revision_of_the_recorded_one(tmp_path):
    folder = adapter(tmp_path / "dpo", base="owner/model", revision="abc")
    assert opened(str(folder), "owner/other") == NamedModel(str(folder), "owner/other", folder, None)


def test_a_version_is_fetched_while_the_block_runs_and_is_named_by_its_number(tmp_path, uri):
    registry = Registry(uri, "demo")
    with registry.stage(registry.start_parent("align", {}), "dpo") as run:
        model_id = run.adapter(adapter(tmp_path / "dpo"), "dpo", "tiny")
    version = registry.set_challenger(registry.register("codekiln-tiny", model_id, {}))
    with named_model("models:/codekiln-tiny@challenger", "", uri) as model:
        assert (model.name, model.base) == (version.uri, "tiny")
        assert (model.adapter / "adapter_model.safetensors").read_bytes() == b"weights"
    assert not model.adapter.exists()
    assert opened("models:/codekiln-tiny/1", "", uri).name == version.uri
    assert opened("codekiln-tiny@challenger", "", uri).name == version.uri
    assert opened("codekiln-tiny/1", "", uri).name == version.uri


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("models:/codekiln-tin@champion", "no registered model 'codekiln-tin'", "codekiln-tiny"),
        ("models:/codekiln-tiny@champion", "no alias 'champion'", "@challenger, /1"),
        ("models:/codekiln-tiny/7", "no version '7'", "@challenger, /1"),
        ("models:/codekiln-tiny", "is not one version", "@challenger, /1"),
        ("models:/it's@x", "no registered model", "codekiln-tiny"),
    ],
)
def test_what_the_registry_lacks_is_said_with_what_it_has(tmp_path, uri, name, what, fix):
    registry = Registry(uri, "demo")
    with registry.stage(registry.start_parent("align", {}), "dpo") as run:
        model_id = run.adapter(adapter(tmp_path / "dpo"), "dpo", "tiny")
    registry.set_challenger(registry.register("codekiln-tiny", model_id, {}))
    with pytest.raises(InputError, match=what) as refused:
        opened(name, "", uri)
    assert fix in refused.value.fix


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("run", "give run/dpo or run/sft"),
        ("run/stf", "did you mean 'run/sft'?"),
        ("run/unknown", "there are: run/dpo, run/sft"),
    ],
)
def test_a_wrong_name_in_a_runs_folder_is_no_hub_id(tmp_path, monkeypatch, name, fix):
    adapter(tmp_path / "run" / "sft")
    adapter(tmp_path / "run" / "dpo")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as refused:
        opened(name)
    assert (refused.value.where, refused.value.fix) == (name, fix)


def test_reading_creates_neither_an_experiment_nor_a_database(tmp_path, uri, monkeypatch):
    before = {each.name for each in Registry(uri, "demo").client.search_experiments()}
    with pytest.raises(InputError):
        opened("models:/x@champion", "", uri)
    assert {each.name for each in Registry(uri, "demo").client.search_experiments()} == before
    missing = tmp_path / "typo.db"
    with pytest.raises(InputError, match="no such database"):
        opened("models:/x@champion", "", f"sqlite:///{missing}")
    assert not missing.exists()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(InputError, match="no MLflow server is known"):
        opened("models:/x@champion")


@pytest.mark.parametrize(
    ("name", "base_model", "what"),
    [
        ("tinny", "", "no base model 'tinny'"),
        ("./nowhere", "", "there is no such folder"),
        ("./q4.gguf", "", "no base model './q4.gguf'"),
        ("tiny", "tiny", "is a base model itself"),
        ("moved", "", "was trained on '/old/place', which is not here"),
        ("moved", "nonsense", "no base model 'nonsense'"),
        ("silent", "", "does not say which base model"),
        ("broken", "", "does not say the base model and its revision"),
    ],
)
def test_mistakes(tmp_path, monkeypatch, name, base_model, what):
    monkeypatch.chdir(tmp_path)
    adapter(tmp_path / "moved", base="/old/place")
    adapter(tmp_path / "silent", base="", record=False)
    (adapter(tmp_path / "broken") / "codekiln.json").write_text("[]")
    (tmp_path / "q4.gguf").touch()
    with pytest.raises(InputError, match=what) as refused:
        opened(name, base_model)
    assert refused.value.fix
    assert ("GGUF" in refused.value.fix) == name.endswith(".gguf")


@pytest.mark.parametrize("revision", ['main"); import os; ("', "main; curl x | sh", "--trust-remote-code", ""])
@pytest.mark.parametrize("record", [True, False], ids=["codekiln", "peft"])
def test_a_revision_is_no_code_for_the_card_that_people_run_as_printed(tmp_path, revision, record):
    folder = adapter(tmp_path / "dpo", base="owner/model", revision=revision, record=record)
    with pytest.raises(InputError, match="is no revision"):
        opened(str(folder))


def test_a_base_that_only_the_adapter_names_may_lie_elsewhere(tmp_path):
    folder = str(adapter(tmp_path / "a", base="owner/model", record=False))
    unread = InputError("cannot read base model owner/model", where="base_model", fix="check the network")
    with pytest.raises(InputError, match="check the network; or --base-model says where"), named_model(folder):
        raise unread
    with pytest.raises(InputError) as caught, named_model(folder, "owner/model"):
        raise unread
    assert "--base-model" not in caught.value.fix


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("some-user/my-lora", "hf download some-user/my-lora --local-dir my-lora"),
        ("https://huggingface.co/some-user/my-lora", "hf download some-user/my-lora"),
        ("here/adapter_model.safetensors", "give its folder, here"),
        ("here/nothing", "or the folder of an adapter"),
    ],
)
def test_what_is_no_folder_is_told_how_to_be_one(tmp_path, monkeypatch, name, fix):
    monkeypatch.chdir(tmp_path)
    adapter(tmp_path / "here")
    with pytest.raises(InputError, match="there is no such folder") as caught:
        require_adapter(name, f"sqlite:///{tmp_path}/mlflow.db")
    assert fix in caught.value.fix
    assert ("hf download" in caught.value.fix) == ("my-lora" in name)
