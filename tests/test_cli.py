import json

import pytest
from click.testing import CliRunner

from codekiln.cli import main

COMMANDS = sorted(main.commands)


def invoke(*words, **kwargs):
    return CliRunner().invoke(main, list(words), **kwargs)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_a_screen_and_has_an_example(name):
    text = invoke(name, "--help").output
    assert "Example: codekiln" in text.replace("\n  ", " ")
    assert len(text.splitlines()) <= 40


def test_score_prints_every_metric():
    code = "def f(x):\n    # one comment\n    return x + 1\n"
    values = json.loads(invoke("score", "-", "--json", input=code).output)
    assert values["structural_maintainability"] > 50
    assert values["lines"] == 3
    assert "structural_maintainability" in invoke("score", "-", input=code).output


def test_recipes_and_models_are_listed():
    assert "recipes.maintainability.margin" in invoke("recipes").output
    names = [spec["name"] for spec in json.loads(invoke("models", "--json").output)]
    assert {"tiny", "gemma3-1b", "gemma3-4b", "gemma3-12b", "qwen3-4b"} <= set(names)


def test_an_unknown_pipeline_suggests_one(tmp_path):
    done = invoke("run", "allign", "--workdir", str(tmp_path / "run"))
    assert done.exit_code == 2
    assert "did you mean 'align'?" in done.output


def test_an_unknown_stage_suggests_one(tmp_path):
    done = invoke("stage", "filtr", "--run", str(tmp_path), "--output", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert "did you mean 'filter'?" in done.output
