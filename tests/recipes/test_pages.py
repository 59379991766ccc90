"""The pages of the recipes say what the code says."""

import importlib.util
from pathlib import Path

import pytest

from codekiln import recipes

FOLDER = Path(__file__).parents[2] / "docs" / "recipes"
SPEC = importlib.util.spec_from_file_location("tables", FOLDER / "tables.py")
TABLES = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(TABLES)


@pytest.mark.parametrize("name", recipes.names())
def test_a_page_has_the_tables_of_its_recipe(name):
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert {match["name"] for match in TABLES.MARKED.finditer(text)} == {"settings", "measures"}
    assert TABLES.page(FOLDER / f"{name}.md") == text, "run python docs/recipes/tables.py"


def test_every_setting_says_what_it_does():
    for name in recipes.names():
        for key, field in recipes.get(name).Settings.model_fields.items():
            assert field.description, f"{name}.{key}"
