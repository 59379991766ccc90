"""Every recipe, from its embedded data to a judged adapter: in short here, and whole, as a user runs it, when slow."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from codekiln import recipes
from codekiln.data.folders import Dataset, write_dataset
from codekiln.data.readers import read_problems
from codekiln.data.records import Example, Pair
from codekiln.errors import InputError
from codekiln.evaluation import measures
from codekiln.recipes import published
from codekiln.recipes.base import Recipe
from codekiln.recipes.validate import validate_dataset
from codekiln.settings.resolve import resolve
from codekiln.settings.schema import Settings
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.runner import run_check, run_stage
from tests.running import codekiln

SHORT = [
    "problems.train=20", "problems.evaluation=8", "evaluate.n=2", "evaluation.k=[1]", "evaluate.max_new_tokens=40",
    "sft.epochs=0.1", "sft.holdout=0", "evaluation.resamples=200", "evaluation.minimum_problems=2",
]  # fmt: skip
NAMES = recipes.names()
SMALLER = {
    "corpus-tasks": ["recipes.corpus-tasks.functions=400", "problems.train=10", "problems.evaluation=5"],
    "debugging": ["recipes.debugging.mutations_tried=1", "problems.train=12", "problems.evaluation=6"],
    # With few samples hardly any problem is surely of one band.
    "difficulty": ["recipes.difficulty.sure=0"],
    "student": ["recipes.student.students=12"],
}


@pytest.fixture
def workdir(tmp_path, empty_database):
    """A folder for a run, with the database that its first stage would make."""
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    return tmp_path


# debugging makes its data below.
@pytest.mark.parametrize("name", [name for name in NAMES if name != "debugging"])
def test_a_recipe_makes_data_and_measures(name, workdir, capfd):
    settings = _make_data(name, workdir)
    # One count of progress at a time: replies where a model writes, else problems.
    shown = capfd.readouterr().err
    assert ("generate: replies: " in shown) != (re.search(r"generate: \d+/\d+ problems", shown) is not None)
    run_stage("evaluate", workdir / "check", {}, workdir / "evaluate")
    _has_every_measure(recipes.get(name), workdir / "evaluate")
    assert settings.metric in read_evaluation(workdir / "evaluate").measures


# Training sees no recipe, only the rows, which are checked above: one stands for all, and the slow test has all.
@pytest.mark.parametrize("name", ["debugging"])
def test_a_recipe_makes_data_trains_and_judges(name, workdir):
    settings, check = _make_data(name, workdir), workdir / "check"
    run_stage("sft", check, {"data": workdir / "filter"}, workdir / "sft")
    run_stage("evaluate", check, {"sft": workdir / "sft"}, workdir / "evaluate")
    folders = {"evaluation": workdir / "evaluate", "adapter": workdir / "sft"}
    run_stage("promote", check, folders, workdir / "promote")
    _has_every_measure(recipes.get(name), workdir / "evaluate")
    written = json.loads((workdir / "promote" / "results.json").read_bytes())
    assert written["gate"]["sentence"]
    assert {"base", "sft"} <= written["contenders"].keys()
    assert settings.metric in (workdir / "promote" / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_whole_on_this_machine(name, tmp_path):
    done = codekiln("run", "instruct", "--recipe", name, "--workdir", str(tmp_path / "run"), settings=[])
    assert done.returncode in (0, 4), done.stderr  # the gate may say no
    assert "promoted: " in done.stdout
    _has_every_measure(recipes.get(name), tmp_path / "run" / "evaluate")
    checked = codekiln("validate", str(tmp_path / "run" / "filter"), settings=[])
    assert (checked.returncode, checked.stdout) == (0, "sound\n")
    compared = codekiln("compare", str(tmp_path / "run"), settings=[])
    assert "sft" in compared.stdout


@pytest.mark.parametrize("name", ["difficulty", "maintainability"])
def test_recipes_that_take_problems_take_mbpp(name, workdir, data_dir):
    source = data_dir / "mbpp.jsonl"
    sets = [f"problems.source={source}", "problems.train=60", "problems.evaluation=20"]
    if name == "difficulty":
        sets += [f"recipes.difficulty.runs={_runs(source, workdir)}", *SMALLER["difficulty"]]
    run_check(resolve("laptop", {"recipe": name}, sets), workdir / "check", gate=False)
    run_stage("generate", workdir / "check", {}, workdir / "generate")
    run_stage("filter", workdir / "check", {"samples": workdir / "generate"}, workdir / "filter")
    assert list(validate_dataset(workdir / "filter" / published.FOLDER)) == []
    assert Dataset(workdir / "filter" / "examples", Example).rows()


def test_a_stage_without_rows_says_what_to_do(workdir):
    settings = resolve("laptop", {"recipe": "difficulty"}, SHORT)
    run_check(settings, workdir / "check", gate=False)
    for part, record in (("examples", Example), ("pairs", Pair)):
        write_dataset(workdir / "filter" / part, [], record)
    folders = {"data": workdir / "filter", "start": workdir / "filter" / "pairs"}
    with pytest.raises(InputError, match="no pairs to train on: the recipe 'difficulty'") as refused:
        run_stage("dpo", workdir / "check", folders, workdir / "dpo")
    assert "pipeline instruct" in refused.value.fix


def _make_data(name: str, folder: Path) -> Settings:
    settings = resolve("laptop", {"recipe": name}, [*SHORT, *SMALLER.get(name, ())])
    run_check(settings, folder / "check", gate=False)  # too few problems for it
    run_stage("generate", folder / "check", {}, folder / "generate")
    run_stage("filter", folder / "check", {"samples": folder / "generate"}, folder / "filter")
    assert list(validate_dataset(folder / "filter" / published.FOLDER)) == []
    return settings


def _runs(source: Path, folder: Path) -> list[str]:
    """Six runs over MBPP: every problem is solved in so many of them as its number says."""
    paths = [folder / f"run{number}.jsonl" for number in range(6)]
    for number, path in enumerate(paths):
        with path.open("w") as file:
            for index, problem in enumerate(read_problems(str(source))):
                code = problem.reference if index % 7 > number else "def wrong():\n    return None\n"
                file.write(json.dumps({"task_id": problem.task_id, "solution": code}) + "\n")
    return [str(path) for path in paths]


# Measures of settings that are off by default.
_OPTIONAL = {"thinks"}


def _has_every_measure(recipe: type[Recipe[Any]], folder: Path) -> None:
    """Every measure is there, has a value for at least one contender, and lies within its interval."""
    evaluation = read_evaluation(folder)
    wanted = {*measures.by_name(recipe), *recipe.distances, "pass@1"}
    assert wanted <= set(evaluation.measures)
    for name in wanted:
        found = [values[name] for values in evaluation.contenders.values() if values[name].mean is not None]
        assert recipe.measures == () or found or name in _OPTIONAL, f"{name} has no value for anybody"
        # Values of one group alone have a mean and no interval.
        intervals = [known for item in found if (known := item.known())]
        assert all(low <= mean <= high or name in recipe.distances for mean, low, high in intervals)
