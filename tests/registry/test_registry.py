"""The registry against a real MLflow on SQLite."""

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from codekiln.data.files import sha256_file
from codekiln.data.folders import write_dataset
from codekiln.data.records import Problem
from codekiln.errors import InputError, RegistryError
from codekiln.registry import Registry
from codekiln.registry.connection import connect, find_server
from codekiln.registry.runs import adapter_digest

CONFIG = {"peft_type": "LORA", "base_model_name_or_path": "base", "r": 4}


@pytest.fixture
def registry(uri: str) -> Registry:
    return Registry(uri, "demo")


def adapter_folder(folder: Path, weights: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(weights)
    (folder / "adapter_config.json").write_text(json.dumps(CONFIG))
    return folder


def logged(registry: Registry, folder: Path, name: str = "dpo") -> str:
    parent = registry.start_parent("align", {})
    with registry.stage(parent, name) as run:
        return run.adapter(folder, name, "tiny", {"r": 4}, {"stage": name})


def gone(*_args: object) -> None:
    raise OSError("server is gone")


def data(registry: Registry, run_id: str):
    return registry.client.get_run(run_id)


def test_stages_are_nested_runs_of_the_parent(registry: Registry) -> None:
    parent = registry.start_parent("align", {"seed": 0, "dpo": {"beta": 0.1, "k": [1, 10]}}, {"pipeline": "align"})
    for name in ("sft", "dpo"):
        with registry.stage(parent, name) as run:
            run.params({"lr": 1e-4})
            assert data(registry, run.id).info.status == "RUNNING"
    registry.finish(parent)
    children = registry.client.search_runs([registry.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'")
    assert {run.info.run_name: run.info.status for run in children} == {"sft": "FINISHED", "dpo": "FINISHED"}
    assert {run.data.tags["codekiln.run"] for run in children} == {"align"}
    top = data(registry, parent)
    assert top.info.status == "FINISHED"
    assert top.data.tags["pipeline"] == "align"
    assert top.data.params == {"codekiln.seed": "0", "codekiln.dpo.beta": "0.1", "codekiln.dpo.k": "[1, 10]"}


def test_a_stage_that_raises_is_failed_and_the_error_passes(registry: Registry) -> None:
    parent = registry.start_parent("align", {})
    with pytest.raises(ZeroDivisionError), registry.stage(parent, "sft") as run:
        raise ZeroDivisionError("by zero")
    assert data(registry, run.id).info.status == "FAILED"
    assert data(registry, run.id).data.tags["codekiln.error"] == "ZeroDivisionError: by zero"


def test_running_a_stage_again_makes_a_new_run_and_closes_the_killed_one(registry: Registry) -> None:
    parent = registry.start_parent("align", {})
    killed, _ = registry._stage_run(parent, "sft")
    other, _ = registry._stage_run(parent, "dpo")
    with registry.stage(registry.start_parent("align", {}, run_id=parent), "sft") as run:
        assert run.id != killed
    assert [data(registry, id_).info.status for id_ in (killed, other, run.id)] == ["KILLED", "RUNNING", "FINISHED"]


def test_resuming_keeps_a_changed_parameter_visible(registry: Registry) -> None:
    parent = registry.start_parent("align", {"seed": 0})
    registry.finish(parent, "FAILED")
    assert registry.start_parent("align", {"seed": 1, "new": 2}, run_id=parent) == parent
    run = data(registry, parent)
    assert run.info.status == "RUNNING"
    assert run.data.params == {"codekiln.seed": "0", "codekiln.new": "2"}
    assert run.data.tags["codekiln.changed.seed"] == "1"


def test_the_run_of_a_kubeflow_task_is_used(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    client, experiment = registry.client, registry.client.create_experiment("KFP-Default")
    pipeline = client.create_run(experiment).info.run_id
    task = client.create_run(experiment, tags={"mlflow.parentRunId": pipeline}).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", task)
    assert registry.start_parent("align", {"seed": 0}) == pipeline
    with registry.stage(pipeline, "check") as run:
        run.metrics({"rows": 3})
    assert run.id == task
    assert data(registry, task).info.status == "RUNNING"
    assert data(registry, pipeline).data.params == {"codekiln.seed": "0"}


def test_a_run_in_the_environment_without_a_parent_is_the_parent(registry: Registry, monkeypatch) -> None:
    mine = registry.client.create_run(registry.experiment_id).info.run_id
    monkeypatch.setenv("MLFLOW_RUN_ID", mine)
    assert registry.start_parent("align", {}) == mine
    with registry.stage(mine, "sft") as run:
        assert run.id != mine


def test_metrics_and_curves(registry: Registry) -> None:
    with registry.stage(registry.start_parent("align", {}), "sft") as run:
        run.metrics({"pass@1": 0.5, "no_signal": None, "lines, all samples": 2})
        run.curve({"step": step, "loss": 1 / (step + 1), "note": "text"} for step in range(1500))
    assert data(registry, run.id).data.metrics == {
        "pass_at_1": 0.5, "lines.all_samples": 2.0, "loss": pytest.approx(1 / 1500)
    }  # fmt: skip
    history = registry.client.get_metric_history(run.id, "loss")
    assert [(item.step, item.value) for item in history[:2]] == [(0, 1.0), (1, 0.5)]
    assert len(history) == 1500


def test_numbers_of_a_run_may_be_those_of_its_model(registry: Registry, tmp_path: Path) -> None:
    model_id = logged(registry, adapter_folder(tmp_path / "adapter", b"weights"))
    with registry.stage(registry.start_parent("align", {}), "promote") as run:
        run.metrics({"pass@1": 0.5, "no_signal": None}, model_id=model_id)
    (metric,) = registry.client.get_logged_model(model_id).metrics
    assert (metric.key, metric.value) == ("pass_at_1", 0.5)
    assert data(registry, run.id).data.metrics == {"pass_at_1": 0.5}


def test_a_run_and_a_version_have_descriptions(registry: Registry, tmp_path: Path) -> None:
    model_id = logged(registry, adapter_folder(tmp_path / "adapter", b"weights"))
    version = registry.register("codekiln-tiny", model_id, {"stage": "dpo"})
    described = registry.describe_version(version, "**Promoted**", {"verdict": "promoted"})
    assert described.tags == version.tags | {"verdict": "promoted"}
    assert registry.client.get_model_version("codekiln-tiny", "1").description == "**Promoted**"
    with registry.stage(registry.start_parent("align", {}), "promote") as run:
        run.describe("x" * 9000)
    note = data(registry, run.id).data.tags["mlflow.note.content"]
    assert note.endswith("... (9000 characters in all)")
    assert registry.experiment_of(run.id) == registry.experiment_id


def test_a_data_set_is_an_input_with_the_manifest_digest(registry: Registry, tmp_path: Path) -> None:
    rows = [Problem(task_id=str(number), prompt="p") for number in range(3)]
    manifest = write_dataset(tmp_path / "problems", rows, Problem)
    with registry.stage(registry.start_parent("align", {}), "sft") as run:
        run.dataset(tmp_path / "problems", "training")
        with pytest.raises(InputError, match="manifest"):
            run.dataset(tmp_path, "training")
    (found,) = data(registry, run.id).inputs.dataset_inputs
    tags = {tag.key: tag.value for tag in found.tags}
    assert manifest.sha256.startswith(found.dataset.digest)
    assert len(found.dataset.digest) == 36
    assert tags == {"mlflow.data.context": "training", "codekiln.sha256": manifest.sha256}
    assert json.loads(found.dataset.profile)["num_rows"] == 3


def test_two_runs_may_log_the_same_data_set_at_once(registry: Registry, tmp_path: Path, monkeypatch) -> None:
    from mlflow.exceptions import MlflowException

    write_dataset(tmp_path / "problems", [Problem(task_id="a", prompt="p")], Problem)
    log, refusals = registry.client.log_inputs, [MlflowException("UNIQUE constraint failed: datasets.experiment_id")]

    def logged_by_another_first(*args, **kwargs):
        if refusals:
            raise refusals.pop()
        log(*args, **kwargs)

    monkeypatch.setattr(registry.client, "log_inputs", logged_by_another_first)
    with registry.stage(registry.start_parent("align", {}), "sft") as run:
        run.dataset(tmp_path / "problems", "training")
    assert len(data(registry, run.id).inputs.dataset_inputs) == 1


def test_files_and_folders_are_stored(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in ("report.html", "plots/a.svg"):
        (tmp_path / name).write_text(name)
    with registry.stage(registry.start_parent("align", {}), "evaluate") as run:
        run.artifact(tmp_path / "report.html")
        run.artifact(tmp_path / "plots", "plots")
    names = [item.path for where in (None, "plots") for item in registry.client.list_artifacts(run.id, where)]
    assert names == ["plots", "report.html", "plots/a.svg"]
    assert (tmp_path / "mlartifacts").is_dir()


def test_an_adapter_comes_back_bit_for_bit(registry: Registry, tmp_path: Path) -> None:
    folder = adapter_folder(tmp_path / "adapter", os.urandom(5000))
    model_id = logged(registry, folder)
    version = registry.register("codekiln-tiny", model_id, {"recipe": "maintainability"})
    registry.promote(version, "key")
    for number, address in enumerate((model_id, f"models:/{model_id}", version.uri, "models:/codekiln-tiny@champion")):
        back = registry.download_adapter(address, tmp_path / str(number))
        for name in ("adapter_model.safetensors", "adapter_config.json"):
            assert (back / name).read_bytes() == (folder / name).read_bytes()


def test_a_changed_adapter_is_refused(registry: Registry, tmp_path: Path) -> None:
    model_id = logged(registry, adapter_folder(tmp_path / "adapter", b"weights"))
    (stored,) = (tmp_path / "mlartifacts").rglob("adapter_model.safetensors")
    stored.write_bytes(b"Weights")
    with pytest.raises(RegistryError, match=r"its digest is \w{12}, but \w{12} was logged"):
        registry.download_adapter(model_id, tmp_path / "back")


def test_a_folder_without_weights_is_the_users_mistake(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="adapter_model.safetensors"):
        logged(registry, tmp_path)


def test_an_adapter_that_cannot_be_stored_is_failed(registry: Registry, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(registry.client, "log_model_artifacts", gone)
    with pytest.raises(RegistryError, match="server is gone"):
        logged(registry, adapter_folder(tmp_path / "adapter", b"weights"))
    (model,) = registry.client.search_logged_models([registry.experiment_id])
    assert model.status.value == "FAILED"
    with pytest.raises(RegistryError, match="FAILED"):
        registry.register("codekiln-tiny", model.model_id, {})


def test_lineage_is_on_the_version(registry: Registry, tmp_path: Path) -> None:
    model_id = logged(registry, adapter_folder(tmp_path / "adapter", b"weights"))
    version = registry.register("codekiln-tiny", model_id, {"parent_adapter": "sft", "reference": "previous"})
    assert version.version == 1
    assert version.model_id == model_id
    assert version.tags == {
        "base_model": "tiny",
        "stage": "dpo",
        "parent_adapter": "sft",
        "reference": "previous",
        "model_id": model_id,
        "adapter_digest": adapter_digest(tmp_path / "adapter"),
    }
    links = registry.client.get_logged_model(model_id).tags["mlflow.modelVersions"]
    assert json.loads(links) == [{"name": "codekiln-tiny", "version": 1}]


def test_the_same_weights_are_registered_once(registry: Registry, tmp_path: Path) -> None:
    first, second = (logged(registry, adapter_folder(tmp_path / name, b"same")) for name in "ab")
    other = logged(registry, adapter_folder(tmp_path / "c", b"other"))
    digest = adapter_digest(tmp_path / "a")
    assert registry.find("codekiln-tiny", digest) is None
    numbers = [registry.register("codekiln-tiny", model_id, {}).version for model_id in (first, second, other)]
    assert numbers == [1, 1, 2]
    assert registry.find("codekiln-tiny", digest).version == 1


def test_the_same_weights_that_are_applied_otherwise_are_another_adapter(registry: Registry, tmp_path: Path) -> None:
    first, second = (adapter_folder(tmp_path / name, b"same") for name in "ab")
    moved = {"base_model_name_or_path": "/elsewhere", "peft_version": "0.99", "inference_mode": True, "bias": None}
    (second / "adapter_config.json").write_text(json.dumps(CONFIG | moved))
    assert adapter_digest(first) == adapter_digest(second)
    (second / "adapter_config.json").write_text(json.dumps(CONFIG | {"lora_alpha": 64}))
    assert adapter_digest(first) != adapter_digest(second)
    numbers = [registry.register("tiny", logged(registry, folder), {}).version for folder in (first, second)]
    assert numbers == [1, 2]
    (second / "adapter_config.json").write_text("[")
    with pytest.raises(InputError, match="is not a JSON object"):
        adapter_digest(second)


def test_a_version_that_something_else_registered_says_so(registry: Registry) -> None:
    registry.client.create_registered_model("tiny")
    registry.client.create_model_version("tiny", source="somewhere")
    registry.client.set_registered_model_alias("tiny", "champion", "1")
    with pytest.raises(RegistryError, match=r"models:/tiny/1 was not registered by codekiln(.|\n)*champion"):
        _ = registry.champion("tiny").adapter_digest


def versions(registry: Registry, folder: Path, count: int) -> list:
    return [
        registry.register("m", logged(registry, adapter_folder(folder / str(number), bytes([number]))), {})
        for number in range(count)
    ]


def test_promotion_moves_aliases_and_can_be_undone(registry: Registry, tmp_path: Path) -> None:
    assert registry.champion("m") is None
    first, second = versions(registry, tmp_path, 2)
    assert registry.champion("m") is None
    assert registry.promote(registry.set_challenger(first), "key").aliases == ("champion",)
    assert registry.set_challenger(second).aliases == ("challenger",)
    assert registry.promote(second, "key").aliases == ("champion",)
    assert registry.champion("m").version == 2
    assert registry.client.get_model_version_by_alias("m", "previous_champion").version == 1
    assert registry.rollback("m").version == 1
    assert registry.champion("m").aliases == ("champion",)
    assert registry.rollback("m") is None
    assert registry.champion("m") is None
    with pytest.raises(RegistryError, match="no champion\n  fix: nothing is to be undone; `codekiln promote m`"):
        registry.rollback("m")
    with pytest.raises(RegistryError, match="'mm' has no champion\n  fix: did you mean 'm'"):
        registry.rollback("mm")


def test_promoting_the_champion_again_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    first, second = versions(registry, tmp_path, 2)
    registry.promote(first, "key")
    registry.promote(second, "key")
    registry.set_challenger(second)
    assert registry.promote(second, "key").aliases == ("champion",)
    assert registry.rollback("m").version == 1


def test_a_promotion_that_stops_half_way_can_be_finished(registry: Registry, tmp_path: Path, monkeypatch) -> None:
    first, second = versions(registry, tmp_path, 2)
    registry.promote(first, "key")
    registry.set_challenger(second)
    with monkeypatch.context() as patch:
        patch.setattr(registry.client, "delete_registered_model_alias", gone)
        with pytest.raises(RegistryError, match="server is gone"):
            registry.promote(second, "key")
    assert registry.champion("m").aliases == ("challenger", "champion")
    assert registry.promote(second, "key").aliases == ("champion",)
    assert registry.rollback("m").version == 1


PROGRAM = """
import sys
from codekiln.registry import Registry
registry = Registry(sys.argv[1], "demo")
parent = registry.start_parent("align", {"seed": 1})
for stage in range(4):
    with registry.stage(parent, f"stage{stage}") as run:
        run.metrics({"value": stage})
registry.finish(parent)
"""


@pytest.mark.slow
def test_two_processes_may_meet_an_empty_database(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    work = [subprocess.Popen([sys.executable, "-c", PROGRAM, uri], **pipes) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in work]
    assert [process.returncode for process in work] == [0, 0], said
    assert said == [("", ""), ("", "")], "MLflow's own lines must not reach the user"
    registry = Registry(uri, "demo")
    runs = registry.client.search_runs([registry.experiment_id])
    assert len(runs) == 10
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {path.name for path in tmp_path.iterdir()} == {"mlflow.db"}


@pytest.mark.parametrize("path", ["mlflow.db", "/data/mlflow.db"])
def test_the_path_of_a_database_is_told_its_address(path):
    with pytest.raises(RegistryError, match=f"a database needs its kind before it\n  fix: give sqlite:///{path}"):
        Registry(path, "e")


@pytest.mark.parametrize("path", ["mlflow.db", "runs/demo/mlflow.db"])
def test_a_database_behind_two_slashes_is_told_the_third(path):
    with pytest.raises(RegistryError, match=f"fix: give sqlite:///{path}, with three slashes"):
        connect(f"sqlite://{path}", None)


@pytest.mark.parametrize("uri", ["localhost:5000", "127.0.0.1:5000", "mlflow.lab:80/path"])
def test_an_address_without_a_scheme_is_refused_with_one(uri):
    with pytest.raises(RegistryError, match=f"has no scheme\n  fix: give http://{uri}, or"):
        connect(uri, None)


@pytest.mark.parametrize("uri", ["mlruns", "file:///mlruns"])
def test_a_folder_is_no_tracking_store(uri: str) -> None:
    with pytest.raises(RegistryError, match="sqlite:///mlflow.db"):
        Registry(uri, "demo")


def test_a_server_that_is_not_there_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(RegistryError, match="check the tracking URI") as caught:
        Registry(f"http://user:secret@127.0.0.1:{port}", "demo")
    assert "secret" not in str(caught.value).split("cannot open")[0]


def test_a_server_that_forbids_is_said_so() -> None:
    class Forbidding(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_error(403)

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Forbidding) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(RegistryError, match="write access"):
            Registry(f"http://127.0.0.1:{server.server_port}", "demo")
        server.shutdown()


def test_what_mlflow_refuses_is_a_registry_error(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="cannot start parent"):
        registry.start_parent("align", {}, run_id="nobody")
    with pytest.raises(RegistryError, match="fix:"), registry.stage("nobody", "sft"):
        pass


def test_the_stages_error_wins_when_mlflow_is_gone_too(registry: Registry, monkeypatch) -> None:
    parent = registry.start_parent("align", {})
    monkeypatch.setattr(registry.client, "set_tag", gone)
    with pytest.raises(ValueError, match="mine") as caught, registry.stage(parent, "sft"):
        raise ValueError("mine")
    assert "server is gone" in caught.value.__notes__[0]


def test_a_lora_adapter_gives_the_same_logits_after_a_round_trip(registry: Registry, tmp_path: Path) -> None:
    import peft
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
    )
    base = transformers.Qwen3ForCausalLM(config)
    base.save_pretrained(tmp_path / "base")
    lora = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, task_type="CAUSAL_LM")
    model = peft.get_peft_model(base, lora).eval()
    model.save_pretrained(tmp_path / "adapter")
    back = registry.download_adapter(logged(registry, tmp_path / "adapter"), tmp_path / "back")
    fresh = transformers.Qwen3ForCausalLM.from_pretrained(tmp_path / "base")
    tokens = torch.arange(20).reshape(1, 20)
    with torch.no_grad():
        again = peft.PeftModel.from_pretrained(fresh, back).eval()
        assert torch.equal(model(tokens).logits, again(tokens).logits)
        with again.disable_adapter():
            assert not torch.allclose(model(tokens).logits, again(tokens).logits)


def test_a_database_whose_set_up_was_killed_says_what_to_delete():
    from codekiln.registry.connection import registry_error

    error = RuntimeError("(sqlite3.OperationalError) table _alembic_tmp_experiments already exists")
    assert "delete the file" in str(registry_error("cannot open experiment 'x'", "sqlite:///mlflow.db", error))


def test_decisions_are_listed_and_replaced_by_key(registry: Registry) -> None:
    assert registry.decisions("tiny") == []
    for key, text in (("a", "1"), ("b", "2"), ("a", "3")):
        registry.record_decision("tiny", key, text)
    registry.client.set_registered_model_tag("tiny", "team", "x")
    assert sorted(registry.decisions("tiny")) == ["2", "3"]


def test_files_of_a_decision_come_back_as_they_were(registry: Registry, tmp_path: Path) -> None:
    parent = registry.start_parent("align", {})
    (tmp_path / "report.html").write_bytes(b"\xff\r\n")
    registry.keep_files(parent, "a", [tmp_path / "report.html"])
    (tmp_path / "copy").mkdir()
    digests = {"report.html": sha256_file(tmp_path / "report.html")}
    registry.fetch_files(parent, "a", digests, tmp_path / "copy")
    assert (tmp_path / "copy" / "report.html").read_bytes() == b"\xff\r\n"
    with pytest.raises(RegistryError, match="cannot fetch files"):
        registry.fetch_files(parent, "b", digests, tmp_path / "copy")
    (tmp_path / "copy" / "report.html").unlink()
    with pytest.raises(RegistryError, match=r"decisions/a/report.html of run \w+ was changed after the decision"):
        registry.fetch_files(parent, "a", {"report.html": "0" * 64}, tmp_path / "copy")
    assert not (tmp_path / "copy" / "report.html").exists()


def test_sets_and_decisions_of_all_models_are_listed(registry: Registry) -> None:
    long = "0123456789" * 1200
    registry.record_decision("tiny", "a", "1")
    registry.record_decision("other", "b", "2")
    registry.record_set("other", "5e7", long)
    registry.client.set_registered_model_tag("tiny", "codekiln.problems.half.1-of-2", "cut")
    assert registry.all_decisions() == ({"tiny": ["1"], "other": ["2"]}, {"5e7": long})


WRITE = """
import sys
from codekiln.registry import Registry
registry = Registry(sys.argv[1], "demo")
for number in range(6):
    registry.record_decision("tiny", f"{sys.argv[2]}{number}", f"{sys.argv[2]}{number}")
    registry.record_set("tiny", f"5e{number}", "x" * 9000)
"""


def test_decisions_written_at_once_are_all_kept(registry: Registry, uri: str) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITE, uri, name]) for name in "abc"]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    assert sorted(registry.decisions("tiny")) == [f"{name}{number}" for name in "abc" for number in range(6)]
    assert registry.all_decisions()[1] == {f"5e{number}": "x" * 9000 for number in range(6)}


def test_a_tag_that_another_process_adds_at_the_same_time_is_replaced(registry: Registry, monkeypatch) -> None:
    from mlflow.exceptions import MlflowException

    write, calls = registry.client.set_registered_model_tag, []

    def refused(name: str, key: str, value: str) -> None:
        calls.append(value)
        if len(calls) == 1:
            write(name, key, "theirs")
            raise MlflowException("UNIQUE constraint failed")
        if value == "never":
            raise MlflowException("out of order")
        write(name, key, value)

    monkeypatch.setattr(registry.client, "set_registered_model_tag", refused)
    registry.record_decision("tiny", "a", "ours")
    assert registry.decisions("tiny") == ["ours"]
    with pytest.raises(RegistryError, match="out of order"):
        registry.record_decision("tiny", "b", "never")


def test_two_processes_may_promote_the_same_version_at_once(registry: Registry, tmp_path: Path, monkeypatch) -> None:
    version = registry.register("tiny", logged(registry, adapter_folder(tmp_path / "a", b"a")), {})
    client = registry.client
    for name in ("set_model_version_tag", "set_registered_model_alias"):
        monkeypatch.setattr(client, name, _refused_once(getattr(client, name)))
    assert registry.promote(version, "key").aliases == ("champion",)


def _refused_once(write):
    from mlflow.exceptions import MlflowException

    seen = set()

    def call(*args):
        write(*args)
        if args not in seen:
            seen.add(args)
            raise MlflowException("(sqlite3.IntegrityError) UNIQUE constraint failed: rows.key")

    return call


def test_the_server_is_the_given_one_or_that_of_the_environment_or_a_database_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="no MLflow server is known"):
        find_server()
    for name in ("runs/demo/mlflow.db", "mlflow.db"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
        assert find_server() == f"sqlite:///{tmp_path / name}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://there")
    assert find_server() == "http://there"
    assert find_server("http://given") == "http://given"


def test_a_database_whose_package_is_missing_names_it_and_hides_the_password():
    with pytest.raises(RegistryError, match="needs the package psycopg, which is not installed") as caught:
        connect("postgresql+psycopg://me:secret@127.0.0.1:9/mlflow", None)
    assert "secret" not in str(caught.value)


def test_databricks_is_no_folder():
    with pytest.raises(RegistryError, match="Databricks' own registry is not used"):
        connect("databricks", None)
