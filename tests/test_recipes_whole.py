"""Every recipe, from its embedded data to a judged adapter: in short here, and whole, as a user runs it, when slow."""

import json
from pathlib import Path

import pytest
from running import codekiln

from codekiln import measures, published, recipes
from codekiln.errors import InputError
from codekiln.settings import resolve
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.runner import run_check, run_stage

SHORT = [
    "problems.train=20", "problems.evaluation=8", "evaluate.n=2", "evaluation.k=[1]", "evaluate.max_new_tokens=40",
    "sft.epochs=0.1", "sft.holdout=0", "evaluation.resamples=200", "evaluation.minimum_problems=2",
]  # fmt: skip
NAMES = recipes.names()
EXTRA: dict[str, list[str]] = {}


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_makes_data_trains_and_judges(name, tmp_path):
    settings = resolve("laptop", {"recipe": name}, [*SHORT, *EXTRA.get(name, ())])
    check = tmp_path / "check"
    run_check(settings, check)
    run_stage("generate", check, {}, tmp_path / "generate")
    run_stage("filter", check, {"samples": tmp_path / "generate"}, tmp_path / "filter")
    assert list(published.validate(tmp_path / "filter" / published.FOLDER)) == []
    run_stage("sft", check, {"data": tmp_path / "filter"}, tmp_path / "sft")
    run_stage("evaluate", check, {"sft": tmp_path / "sft"}, tmp_path / "evaluate")
    folders = {"evaluation": tmp_path / "evaluate", "adapter": tmp_path / "sft"}
    run_stage("promote", check, folders, tmp_path / "promote")
    _has_every_measure(recipes.get(name), tmp_path / "evaluate")
    written = json.loads((tmp_path / "promote" / "results.json").read_bytes())
    assert written["gate"]["sentence"]
    assert {"base", "sft"} <= written["contenders"].keys()
    assert settings.metric in (tmp_path / "promote" / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_whole_on_this_machine(name, tmp_path):
    done = codekiln("run", "instruct", "--recipe", name, "--workdir", str(tmp_path / "run"), settings=[])
    assert done.returncode in (0, 1), done.stderr  # the gate may say no
    assert "promoted: " in done.stdout
    _has_every_measure(recipes.get(name), tmp_path / "run" / "evaluate")
    checked = codekiln("validate", str(tmp_path / "run" / "filter"), settings=[])
    assert (checked.returncode, checked.stdout) == (0, "sound\n")
    compared = codekiln("compare", str(tmp_path / "run"), settings=[])
    assert "sft" in compared.stdout


@pytest.mark.parametrize("name", ["difficulty", "maintainability"])
def test_recipes_that_take_problems_take_mbpp(name, tmp_path, data_dir):
    sets = [f"problems.source={data_dir / 'mbpp.jsonl'}", "problems.train=40", "problems.evaluation=20"]
    run_check(resolve("laptop", {"recipe": name}, [*sets, "teacher=reference"]), tmp_path / "check")
    run_stage("generate", tmp_path / "check", {}, tmp_path / "generate")
    run_stage("filter", tmp_path / "check", {"samples": tmp_path / "generate"}, tmp_path / "filter")
    assert list(published.validate(tmp_path / "filter" / published.FOLDER)) == []


def test_a_stage_without_rows_says_what_to_do(tmp_path):
    settings = resolve("laptop", {"recipe": "difficulty"}, [*SHORT, "teacher=reference"])
    run_check(settings, tmp_path / "check")
    run_stage("generate", tmp_path / "check", {}, tmp_path / "generate")
    run_stage("filter", tmp_path / "check", {"samples": tmp_path / "generate"}, tmp_path / "filter")
    folders = {"data": tmp_path / "filter", "start": tmp_path / "filter"}
    with pytest.raises(InputError, match="no pairs to train on: the recipe 'difficulty'"):
        run_stage("dpo", tmp_path / "check", folders, tmp_path / "dpo")


def _has_every_measure(recipe: type[recipes.Recipe], folder: Path) -> None:
    """Every measure is there, and each has an interval for at least one contender."""
    evaluation = read_evaluation(folder)
    wanted = {*measures.of(recipe), *recipe.distances, "pass@1"}
    assert wanted <= set(evaluation.measures)
    for name in wanted:
        found = [values[name] for values in evaluation.contenders.values() if values[name].mean is not None]
        assert recipe.measures == () or found, f"{name} has no value for anybody"
        assert all(item.low <= item.mean <= item.high or name in recipe.distances for item in found)
