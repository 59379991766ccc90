"""A registered version is whole: whatever loads it answers as codekiln does."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from codekiln import models
from codekiln.data.prompts import messages
from codekiln.data.records import Message
from codekiln.demo import problems
from codekiln.errors import InputError
from codekiln.registry import Registry
from codekiln.registry.runs import adapter_digest
from codekiln.stages.model_folder.assembly import assemble
from codekiln.stages.named_model import named_model
from tests import toy_models
from tests.adapters import NAME, random_adapter, registered, replies

PROMPTS = [messages(problem) for problem in problems("eval", count=3)]
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def place(tmp_path_factory, empty_database):
    """An adapter of the embedded base, registered; where it is, its address in MLflow, and what codekiln answers."""
    folder = tmp_path_factory.mktemp("versions")
    shutil.copy(empty_database, folder / "mlflow.db")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        registered(uri, random_adapter(folder / "dpo"), folder / "logged")
        version = Registry(uri, None).download_adapter(f"models:/{NAME}@champion", folder / "version")
    wanted = replies("tiny", folder / "dpo", PROMPTS)
    assert wanted != replies("tiny", None, PROMPTS), "the adapter changes what is written"
    return version, uri, wanted


@pytest.fixture
def tracking(place, monkeypatch):
    """MLflow as a user of the registry has it."""
    import mlflow

    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(place[1])
    yield mlflow
    mlflow.set_tracking_uri(before)


def turns(prompt) -> list[dict]:
    return [turn.model_dump() for turn in prompt]


def texts(answers) -> list[str]:
    return [answer["choices"][0]["message"]["content"] for answer in answers]


def test_it_holds_everything_no_working_file_and_no_path(place):
    found = {str(path.relative_to(place[0])) for path in place[0].rglob("*") if path.is_file()}
    assert found == {
        "MLmodel", "README.md", "adapter_config.json", "adapter_model.safetensors", "codekiln.json", "conda.yaml",
        "generation_config.json", "input_example.json", "python_env.yaml", "requirements.txt", *TOKENIZER,
        "code/codekiln_chat_model.py", "code/__pycache__",
        *(f"base/{path.name}" for path in Path(models.get("tiny").source).iterdir()),
        *(f"components/tokenizer/{name}" for name in TOKENIZER),
    }  # fmt: skip
    for name in found - {"adapter_model.safetensors", "base/model.safetensors"}:
        text = (place[0] / name).read_text()
        assert str(place[0].parent) not in text, name
        assert str(Path(models.__file__).parents[1]) not in text, name
    config = json.loads((place[0] / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("base", None)


def test_pyfunc_answers_chats_as_codekiln_does(place, tracking):
    model = tracking.pyfunc.load_model(f"models:/{NAME}@champion")
    import pandas

    rows = pandas.DataFrame({"messages": [turns(prompt) for prompt in PROMPTS], "max_tokens": [60] * len(PROMPTS)})
    assert texts(model.predict(rows)) == place[2]
    [one] = model.predict({"messages": turns(PROMPTS[0]), "max_tokens": 5})
    assert one["choices"][0]["finish_reason"] == "length"
    assert one["usage"]["completion_tokens"] == 5
    assert place[2][0].startswith(texts([one])[0])
    assert model.input_example["messages"]
    hot = {"messages": turns(PROMPTS[0]), "max_tokens": 60, "temperature": 5.0}
    assert texts(model.predict(hot)) != place[2][:1]


@pytest.mark.slow
def test_loading_adds_nothing_to_a_version(place, tmp_path):
    """A store on this machine is loaded in place, and what is added to a version afterwards is no part of it."""
    shutil.copytree(place[0], tmp_path / "version")
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    code = "import mlflow, sys; mlflow.pyfunc.load_model(sys.argv[1]); print(sys.dont_write_bytecode)"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    words = [sys.executable, "-c", code, str(tmp_path / "version")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before


def test_mlflows_pipeline_answers_as_codekiln_does(place, tracking):
    pipeline = tracking.transformers.load_model(f"models:/{NAME}@champion")
    said = [
        pipeline(turns(prompt), max_new_tokens=60, do_sample=False, return_full_text=False)[0]["generated_text"]
        for prompt in PROMPTS
    ]
    assert said == place[2]


def test_peft_and_the_cards_code_answer_as_codekiln_does(place, monkeypatch, capsys):
    from peft import AutoPeftModelForCausalLM

    monkeypatch.chdir(place[0])
    model = AutoPeftModelForCausalLM.from_pretrained(".")
    assert any("lora_B" in name for name, weight in model.named_parameters() if weight.abs().sum() > 0)
    card = (place[0] / "README.md").read_text()
    front = yaml.safe_load(card.split("---")[1])
    assert (front["license"], front["library_name"], "base_model" in front) == ("apache-2.0", "peft", False)
    code = re.findall(r"```python\n(.*?)```", card, flags=re.DOTALL)
    assert len(code) == 2
    for each in code:
        exec(compile(each, "README.md", "exec"), {})  # noqa: S102
    asked = [(Message(role="user", content="Write a function add(a, b)."),)]
    [wanted] = replies("tiny", place[0], asked, 256)
    assert capsys.readouterr().out == f"{wanted}\n{wanted}\n"


def test_a_base_on_the_hub_is_named_by_its_commit_and_not_copied(tmp_path, monkeypatch):
    from huggingface_hub import constants
    from peft import AutoPeftModelForCausalLM

    cache = tmp_path / "hub" / "models--lab--toy"
    toy_models.make(cache / "snapshots" / COMMIT)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    adapter = random_adapter(tmp_path / "dpo", "lab/toy", 0.5)
    (adapter / "codekiln.json").write_text(json.dumps({"base": "lab/toy", "revision": COMMIT}))
    folder = tmp_path / "version"
    folder.mkdir()
    assemble(adapter, folder, models.get("lab/toy"), "dpo", NAME, adapter)
    assert not (folder / "base").exists()
    assert not (folder / "components").exists()
    config = json.loads((folder / "adapter_config.json").read_text())
    assert (config["base_model_name_or_path"], config["revision"]) == ("lab/toy", COMMIT)
    flavour = yaml.safe_load((folder / "MLmodel").read_text())["flavors"]["transformers"]
    assert (flavour["source_model_name"], flavour["source_model_revision"]) == ("lab/toy", COMMIT)
    assert f"revision {COMMIT}" in (folder / "README.md").read_text()
    prompts = [toy_models.question(3)]
    wanted = replies("lab/toy", adapter, prompts, 20)
    asked = {"messages": turns(prompts[0]), "max_tokens": 20}
    import mlflow

    assert texts(mlflow.pyfunc.load_model(str(folder)).predict(asked)) == wanted
    pipeline = mlflow.transformers.load_model(str(folder))
    assert (
        pipeline(turns(prompts[0]), max_new_tokens=20, do_sample=False, return_full_text=False)[0]["generated_text"]
        == wanted[0]
    )
    assert AutoPeftModelForCausalLM.from_pretrained(folder).config.vocab_size


def test_a_base_that_is_a_folder_of_ones_own_is_named_with_its_digest(tmp_path, uri, monkeypatch):
    import mlflow

    monkeypatch.chdir(tmp_path)
    base = toy_models.make(tmp_path / "my-model")
    adapter = random_adapter(tmp_path / "dpo", str(base), 0.5)
    version = registered(uri, adapter, tmp_path / "logged", str(base))
    address, folder = version.uri, tmp_path / "logged"
    record = json.loads((folder / "codekiln.json").read_text())
    assert record["base"] == "my-model"
    assert re.fullmatch("[0-9a-f]{64}", record["base_digest"])
    monkeypatch.chdir(tmp_path.parent)
    asked = {"messages": turns(toy_models.question(3)), "max_tokens": 20}
    wanted = replies(str(base), adapter, [toy_models.question(3)], 20)
    found = mlflow.pyfunc.load_model(str(folder), model_config={"base_model": str(base)}).predict(asked)
    assert texts(found) == wanted
    with named_model(address, "", uri) as here:
        assert here.base == str(base), "it is where it was in training, and the same"
    pipeline = mlflow.transformers.load_model(str(folder), base_model_path=str(base))
    assert pipeline.tokenizer.chat_template == toy_models.CHATML
    (base / "config.json").write_text((base / "config.json").read_text() + "\n")
    with (
        pytest.raises(InputError, match="was trained on 'my-model', which is not here") as refused,
        named_model(address, "", uri),
    ):
        pass
    assert "--base-model" in refused.value.fix


def test_a_base_whose_weights_are_renamed_has_no_flavour_that_would_load_random_layers(tmp_path):
    adapter, folder = random_adapter(tmp_path / "dpo"), tmp_path / "version"
    folder.mkdir()
    spec = models.get("tiny").model_copy(update={"key_mapping": {"^language_model\\.": ""}})
    assemble(adapter, folder, spec, "dpo", NAME, adapter)
    about = yaml.safe_load((folder / "MLmodel").read_text())
    assert set(about["flavors"]) == {"python_function"}
    assert about["metadata"]["key_mapping"] == spec.key_mapping
    assert "key_mapping={'^language_model\\\\.': ''}" in (folder / "README.md").read_text()


def test_an_adapter_of_an_earlier_version_is_read_as_before(tmp_path, uri, monkeypatch):
    monkeypatch.chdir(tmp_path)
    adapter = random_adapter(tmp_path / "dpo", chat=False)
    registry = Registry(uri, "demo")
    with registry.stage(registry.start_parent("align", {}), "dpo") as run:
        model_id = run.adapter(adapter, "dpo", "tiny")
    registry.promote(registry.register(NAME, model_id, {}), "test")
    with named_model(f"models:/{NAME}@champion", "", uri) as model:
        assert (model.base, model.revision) == ("tiny", None)
        assert adapter_digest(model.adapter) == adapter_digest(adapter)
