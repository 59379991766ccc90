"""What docs/recipes/writing.md promises: a sixth recipe is one file and one test, and no edit elsewhere."""

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from codekiln import recipes
from codekiln.data.files import sha256_file
from codekiln.data.folders import Dataset
from codekiln.data.records import Example
from codekiln.errors import InputErrors
from codekiln.recipes import published
from codekiln.recipes.validate import validate_dataset
from codekiln.settings.resolve import resolve
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.runner import run_check, run_stage

GUIDE = Path(__file__).parents[2] / "docs" / "recipes" / "writing.md"
NAME = "type-hints"


@pytest.fixture
def written(tmp_path, empty_database, monkeypatch):
    """The guide's recipe in a file of its own, and the guide's test of it."""
    recipe, test = re.findall(r"```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    folder = tmp_path / "recipes"
    folder.mkdir()
    (folder / "type_hints.py").write_text(recipe)
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(folder)])
    yield test
    sys.modules.pop("codekiln.recipes.type_hints", None)


def test_the_guides_own_test_passes(written):
    namespace: dict = {}
    exec(compile(written, "the guide's test", "exec"), namespace)
    (test,) = [value for name, value in namespace.items() if name.startswith("test_")]
    test()


def test_a_recipe_in_one_file_runs_through_the_stages(written, tmp_path):
    settings = resolve(
        "laptop",
        {"recipe": NAME},
        ["problems.train=12", "problems.evaluation=6", "evaluate.n=2", "evaluation.k=[1]", "evaluate.max_new_tokens=8"],
    )
    assert settings.metric == "annotated"
    check = tmp_path / "check"
    run_check(settings, check, gate=False)
    run_stage("generate", check, {}, tmp_path / "generate")
    run_stage("filter", check, {"samples": tmp_path / "generate"}, tmp_path / "filter")
    rows = Dataset(tmp_path / "filter" / "examples", Example).rows()
    assert len(rows) == 12
    assert all(": " in row.completion[0].content.split(")")[0] for row in rows)
    assert list(validate_dataset(tmp_path / "filter" / published.FOLDER)) == []
    run_stage("evaluate", check, {}, tmp_path / "evaluate")
    evaluation = read_evaluation(tmp_path / "evaluate")
    assert evaluation.measures == ("pass@1", "annotated")
    assert evaluation.contenders["base"]["annotated"].high is not None


def test_a_changed_data_set_is_not_sound(written, tmp_path):
    settings = resolve("laptop", {"recipe": NAME}, ["problems.train=8", "problems.evaluation=4"])
    run_check(settings, tmp_path / "check", gate=False)
    run_stage("generate", tmp_path / "check", {}, tmp_path / "generate")
    run_stage("filter", tmp_path / "check", {"samples": tmp_path / "generate"}, tmp_path / "filter")
    folder = tmp_path / "filter" / published.FOLDER
    lines = (folder / published.TRAIN).read_text().splitlines()
    (folder / published.TRAIN).write_text("\n".join(lines[:-1]) + "\n")
    (found,) = validate_dataset(folder)
    assert "changed or cut" in str(found)
    assert str(folder / published.TRAIN) in str(found)
    _seal(folder)
    (found,) = validate_dataset(folder)
    assert "says 8 train rows, and there are 7" in str(found)
    _seal(folder, rows={"train": 7, "evaluation": 4, "preferences": 0})
    assert list(validate_dataset(folder)) == []
    for wrong, message in (({"files": {}}, "is not listed"), ({"settings": {"odd": 1}}, "unknown field 'odd'")):
        assert message in _complaint(folder, wrong)
    _swap_group(folder)
    assert "on both sides" in str(next(validate_dataset(folder)))


def _complaint(folder: Path, wrong: dict) -> str:
    """Return the first thing that is wrong once the manifest says something else, and leave it as it was."""
    before = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(json.dumps(json.loads(before) | wrong))
    try:
        return str(next(validate_dataset(folder)))
    except InputErrors as errors:
        return str(errors)
    finally:
        (folder / "manifest.json").write_text(before)


def _seal(folder: Path, **more: object) -> None:
    """Make the manifest agree with the files, as somebody does who edits a data set and hides it."""
    manifest = json.loads((folder / "manifest.json").read_text()) | more
    manifest["files"] = {name: sha256_file(folder / name) for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _swap_group(folder: Path) -> None:
    row = json.loads((folder / published.EVALUATION).read_text().splitlines()[0])
    lines = [json.loads(line) for line in (folder / published.TRAIN).read_text().splitlines()]
    lines[0]["group"] = row["group"]
    (folder / published.TRAIN).write_text("".join(json.dumps(line) + "\n" for line in lines))
    _seal(folder)
