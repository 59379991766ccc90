import json
import shutil

import pytest
from click.testing import CliRunner

from codekiln import models
from codekiln.cli import main
from codekiln.cli.compiled_pipelines import find_pipeline
from codekiln.errors import InputError
from codekiln.evaluation.ledger import Decision, LedgerFile
from codekiln.models.chat_tokenizer import load_chat_tokenizer
from codekiln.registry import Registry
from codekiln.stages.run_folder import TRAIN
from codekiln.stages.runner import _Folders


def invoke(*words, **kwargs):
    return CliRunner().invoke(main, list(words), **kwargs)


def test_score_prints_every_metric():
    code = "def f(x):\n    # one comment\n    return x + 1\n"
    values = json.loads(invoke("score", "-", "--json", input=code).output)
    assert values["structural_maintainability"] > 50
    assert values["lines"] == 3
    assert "structural_maintainability" in invoke("score", "-", input=code).output
    assert json.loads(invoke("score", "-", "--json", input="\ufeff" + code).output) == values


def test_the_template_that_is_trained_with_is_printed_as_it_is(tmp_path):
    base = tmp_path / "base"
    shutil.copytree(models.get("tiny").source, base)
    template = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}"
    (base / "chat_template.jinja").write_text(
        template + "{% if add_generation_prompt %}<|assistant|><think>{% endif %}"
    )
    done = invoke("models", str(base), "--chat-template")
    assert done.exit_code == 0, done.stderr
    assert "<think>" in done.stdout
    assert "</think>" in done.stdout, "the thought that the template opens is closed"
    assert done.stdout == load_chat_tokenizer(models.get(str(base))).tokenizer.chat_template
    assert invoke("models", "--chat-template").exit_code == 2


def test_recipes_and_models_are_listed():
    assert "maintainability  Preference pairs" in invoke("recipes").output
    shown = invoke("recipes", "maintainability").output
    assert "recipes.maintainability.margin = 3.0" in shown
    assert "structural_maintainability" in shown
    names = [spec["name"] for spec in json.loads(invoke("models", "--json").output)]
    assert {"tiny", "gemma3-1b", "gemma3-4b", "gemma3-12b", "qwen3-4b"} <= set(names)


def test_an_unknown_pipeline_suggests_one(tmp_path):
    done = invoke("run", "allign", "--workdir", str(tmp_path / "run"))
    assert done.exit_code == 2
    assert "did you mean 'align'?" in done.output


def test_a_pipeline_says_which_option_it_lacks(tmp_path):
    shown = invoke("run", str(find_pipeline("judge")), "--workdir", str(tmp_path / "run"))
    assert shown.exit_code == 2
    assert "judge: the pipeline needs --adapter" in shown.stderr


def test_an_unknown_stage_suggests_one(tmp_path):
    done = invoke("stage", "filtr", "--run", str(tmp_path), "--output", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert "did you mean 'filter'?" in done.output


def test_plan_shows_how_each_stage_divides_over_a_pool(monkeypatch):
    pool = {"image": "codekiln/train:1", "accelerators": 4, "accelerator_memory_gib": 24}
    monkeypatch.setenv("CODEKILN_CLUSTER", json.dumps({"exchange": "/codekiln", "pools": {"a10": pool}}))
    shown = invoke("plan", "--profile", "gemma3-12b", "--pool", "a10")
    assert shown.exit_code == 0, shown.output
    for stage in ("sft", "dpo", "dpo_further"):
        assert f"{stage}: gemma3-12b takes 21.9 GiB and does not fit one device" in shown.output
    assert "evaluation: " not in shown.output  # nobody knows yet how many problems there are
    sized = invoke("plan", "--profile", "gemma3-12b", "--pool", "a10", "--set", "problems.evaluation=500")
    assert "evaluation: 500 problems, " in sized.output
    assert "with pass@1 unchanged " in sized.output
    words = ("plan", "--profile", "gemma3-12b", "--pool", "a10", "--set", "strategy=ddp", "--json")
    assert "does not fit" in invoke(*words).output
    plans = json.loads(invoke(*words[:5], "--json").output)
    assert {plan["strategy"] for plan in plans.values()} == {"zero3"}
    wrong = invoke("plan", "--pool", "a11")
    assert wrong.exit_code == 2
    assert "did you mean 'a10'" in wrong.output


def test_plan_needs_no_cluster_for_a_gpu_by_name(monkeypatch):
    monkeypatch.delenv("CODEKILN_CLUSTER", raising=False)
    shown = invoke("plan", "--profile", "gemma3-12b", "--gpu", "A100:2")
    assert shown.exit_code == 0, shown.output
    assert "of 80" in shown.output
    assert "note: A100 is taken for A100-80, with 80 GiB." in shown.output
    small = invoke("plan", "--profile", "gemma3-12b", "--gpu", "L4")
    assert small.exit_code == 2
    assert "use lora.quantization = nf4 (QLoRA)" in small.output
    four_bits = invoke("plan", "--profile", "gemma3-12b-qlora", "--gpu", "L4", "--json")
    assert {plan["strategy"] for plan in json.loads(four_bits.output).values()} == {"ddp"}
    for words in ((), ("--gpu", "L4", "--pool", "a10")):
        assert "give one of --pool and --gpu" in invoke("plan", *words).output


def test_a_model_in_a_folder_that_jobs_do_not_have_is_refused_for_a_pool(tmp_path, monkeypatch):
    pool = {"image": "codekiln/train:1", "runtime": "codekiln-a", "accelerator": ""}
    exchange = tmp_path / "shared"
    monkeypatch.setenv("CODEKILN_CLUSTER", json.dumps({"exchange": str(exchange), "pools": {"a": pool}}))
    for folder in (tmp_path / "mine", exchange / "models"):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
    words = ("check", "--output", str(tmp_path / "check"), "--set", "pool=a", "--set", "problems.train=2")
    refusal = "is a folder that the jobs on pool 'a' do not have"
    assert refusal in invoke(*words, "--set", f"base_model='{tmp_path / 'mine'}'").output
    assert refusal not in invoke(*words, "--set", f"base_model='{exchange / 'models'}'").output


def test_folders_and_files_that_are_something_else_are_named(tmp_path):
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    for words, message in (
        (("compare", str(tmp_path)), "no evaluation"),
        (("score", str(tmp_path / "binary.py")), "is not UTF-8 text"),
    ):
        done = invoke(*words)
        assert (done.exit_code, message in done.output) == (2, True), done.output


def test_an_input_that_a_stage_lacks_is_named(tmp_path):
    folders = _Folders({TRAIN: tmp_path, "sample": tmp_path})
    assert folders[TRAIN] == tmp_path
    with pytest.raises(InputError, match="needs the input 'samples'; given: sample"):
        folders["samples"]


def test_the_ledger_of_a_working_directory_is_listed(tmp_path):
    given = {"model": "tiny", "target": "lines", "adapter": "f" * 64, "verdict": "promoted", "number": 1}
    file = LedgerFile(tmp_path / "ledger.jsonl")
    for found in ("1" * 64, "2" * 64):
        file.add(Decision(set=found, **given))
    with file.path.open("a") as lines:
        lines.write('{"model": "ti')
    shown = invoke("ledger", str(tmp_path))
    assert shown.exit_code == 0
    assert "ledger.jsonl:3: is no decision" in shown.stderr
    assert [line.split()[2] for line in shown.stdout.splitlines()[1:3]] == ["1" * 12, "2" * 12]
    assert (
        "tiny, lines, set 222222222222: the next candidate is judged with intervals at 99.950 % or more" in shown.stdout
    )
    found = json.loads(invoke("ledger", str(tmp_path), "--set-digest", "22", "--json").stdout)
    assert [item["set"] for item in found] == ["2" * 64]
    missing = invoke("ledger", str(tmp_path / "none"))
    assert missing.exit_code == 2
    assert "has no ledger.jsonl" in missing.stderr


def test_the_ledger_of_a_registered_model_is_listed(tmp_path, empty_database, monkeypatch):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert "there is no such database" in invoke("ledger", "models:/tiny", "--tracking-uri", uri).stderr
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    assert invoke("ledger", "models:/tiny", "--tracking-uri", uri).stdout == "no decision yet\n"
    made = Decision(model="tiny", set="1" * 64, target="lines", adapter="f" * 64)
    Registry(uri, "codekiln").record_decision("tiny", made.key, made.model_dump_json())
    assert "open" in invoke("ledger", "models:/tiny", "--tracking-uri", uri).stdout
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert "open" in invoke("ledger", "models:/tiny").stdout
    shown = invoke("ledger", "models:/tiny", "--tracking-uri", "http://127.0.0.1:9")
    assert shown.exit_code == 1
    assert "fix: check the tracking URI" in shown.stderr
