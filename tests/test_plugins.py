"""One-file plugins are found by their file's name."""

from logging import Handler

import pytest

from codekiln import plugins, recipes, teachers
from codekiln.errors import InputError


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "toolbox_of_the_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "_helper.py").write_text("raise AssertionError('a helper is not a plugin')")
    (folder / "round_hammer.py").write_text("from logging import Handler\nclass RoundHammer(Handler): pass\n")
    (folder / "saw.py").write_text("raise AssertionError('imported although nobody asked')")
    monkeypatch.syspath_prepend(tmp_path)
    return folder.name


def test_a_new_file_is_all_it_takes(package):
    assert plugins.names(package) == ("round-hammer", "saw")
    assert plugins.load(package, "round-hammer", Handler).__name__ == "RoundHammer"


def test_a_misspelt_name_gets_a_suggestion(package):
    with pytest.raises(InputError, match="no handler 'round-hamer'\n.*did you mean 'round-hammer'"):
        plugins.load(package, "round-hamer", Handler)


@pytest.mark.parametrize("table", [recipes, teachers])
def test_every_shipped_plugin_loads_and_describes_itself_in_one_sentence(table):
    for name in table.names():
        plugin = table.get(name)
        assert plugin.name == name
        assert plugin.describe.endswith(".")
        assert all(field.description for field in plugin.Settings.model_fields.values())


def test_the_recipe_and_the_teachers_of_the_first_issue_are_there():
    assert "maintainability" in recipes.names()
    assert {"reference", "endpoint", "model"} <= set(teachers.names())
