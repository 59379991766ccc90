"""What check makes again, what it takes from the last time, and how it names a run in MLflow."""

import re
import shutil

import pytest
from click.testing import CliRunner

from codekiln import demo, models
from codekiln.cli import main
from codekiln.errors import InputError
from codekiln.registry import Registry
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageContext
from codekiln.stages.check import _adapter, _chat_template, _provenance, _start_parent
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


NO_SYSTEM = "{%- if messages[0]['role'] == 'system' %}{{ raise_exception('no system role') }}{%- endif %}"
MERGED = "it has no system role: a system turn's text is put before the user's"


def base_with(folder, before):
    base = shutil.copytree(demo.base_path(), folder / "base")
    template = base / "chat_template.jinja"
    template.write_text(before + template.read_text())
    return base


def test_what_is_done_about_a_chat_template_is_said(tmp_path):
    settings = resolve("laptop", {}, [])
    assert _chat_template(settings, [models.get("tiny")]) == "needs no change"
    assert _chat_template(settings, [models.get(str(base_with(tmp_path, NO_SYSTEM)))]) == MERGED
    assert _chat_template(settings, []) == "not read, because the base model is not"
    base = base_with(tmp_path / "broken", "{%- if %}")
    with pytest.raises(InputError, match="is no Jinja in line 1"):
        _chat_template(settings, [models.get(str(base))])


@pytest.mark.parametrize("targets", [["q_proj"], ["layers.0.mlp.down_proj", "v_proj"]])
def test_modules_that_the_base_has_may_get_an_adapter(targets):
    settings = resolve("laptop", {"lora": {"targets": targets}}, [])
    assert _adapter(settings, [models.get("tiny")]) == "LoRA of rank 16"


@pytest.mark.parametrize(
    ("target", "said"), [("c_attn", "no layer 'c_attn'.*\n.*there are: .*q_proj"), ("lm_head", "LM head gets no")]
)
def test_modules_that_the_base_lacks_are_found_before_any_training(target, said):
    settings = resolve("laptop", {"lora": {"targets": ["q_proj", target]}}, [])
    with pytest.raises(InputError, match=said):
        _adapter(settings, [models.get("tiny")])


@pytest.mark.slow
def test_check_says_it_in_a_line(tmp_path):
    base = base_with(tmp_path, NO_SYSTEM)
    few = [f"base_model={base}", "problems.train=3", "problems.evaluation=3", f"tracking_uri=sqlite:///{tmp_path}/m.db"]
    sets = [word for setting in few for word in ("--set", setting)]
    done = CliRunner().invoke(main, ["check", "--data-only", *sets, "--output", str(tmp_path / "check")])
    assert (done.exit_code, f"check: chat template: {MERGED}" in done.output) == (0, True), done.output
