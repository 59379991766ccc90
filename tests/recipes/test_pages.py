"""Every recipe has a page with its settings and measures; tests/docs compares these tables with the code."""

from pathlib import Path

import pytest

from codekiln import recipes
from docs.generate.tables import MARKED

FOLDER = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.mark.parametrize("name", recipes.names())
def test_a_recipe_has_a_page_with_its_tables(name):
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert {match["name"] for match in MARKED.finditer(text)} == {"settings", "measures"}


def test_every_setting_says_what_it_does():
    for name in recipes.names():
        for key, field in recipes.get(name).Settings.model_fields.items():
            assert field.description, f"{name}.{key}"
