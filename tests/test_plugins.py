"""Plug-ins of all six kinds, shipped and installed, good and broken."""

import sys
import textwrap

import pytest
from click.testing import CliRunner

from codekiln import filters, models, plugins, recipes, teachers
from codekiln.cli import main
from codekiln.code import metrics
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputError
from codekiln.settings import profiles
from codekiln.settings.resolve import resolve

KINDS = {
    "recipes": recipes, "teachers": teachers, "filters": filters, "metrics": metrics, "models": models,
    "profiles": profiles,
}  # fmt: skip


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package with files and entry points, as pip would."""
    monkeypatch.syspath_prepend(tmp_path)

    def installed(files: dict[str, str], entry_points: dict[str, dict[str, str]], name: str = "plugin_of_the_test"):
        for path, text in {"__init__.py": "", **files}.items():
            file = tmp_path / name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(text))
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = [
            line
            for group, entries in entry_points.items()
            for line in (f"[codekiln.{group}]", *(f"{key} = {value}" for key, value in entries.items()))
        ]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        plugins._entry_points.cache_clear()
        return name

    yield installed
    plugins._entry_points.cache_clear()
    for module in [module for module in sys.modules if module.startswith("plugin_of_the_test")]:
        del sys.modules[module]


METRIC = """
    from codekiln.code.metrics import Metric

    METRIC = Metric("branches", "lower", "Number of if statements.", lambda code: code.count("if "))
"""
FILTER = """
    from typing import ClassVar

    from pydantic import Field

    from codekiln.filters.base import Filter, FilterSettings


    class PrintSettings(FilterSettings):
        allowed: int = Field(0, description="calls of print that are tolerated")


    class NoPrint(Filter[PrintSettings]):
        describe = "Keeps programs that print nothing."
        Settings: ClassVar[type[FilterSettings]] = PrintSettings

        def reason(self, problem, graded):
            return "prints" if graded.sample.solution.count("print(") > self.settings.allowed else None
"""
TEACHER = """
    from codekiln.teachers import Teacher


    class Silent(Teacher):
        describe = "Writes nothing."

        def solve(self, problems):
            return ((problem, []) for problem in problems)
"""
RECIPE = """
    from codekiln.recipes.base import Recipe
    from codekiln.recipes.types import TrainingRows


    class Nothing(Recipe):
        describe = "Makes no rows."

        def rows(self, problems, graded):
            return TrainingRows()
"""


@pytest.fixture
def package(install):
    return install(
        {
            "branches.py": METRIC, "no_print.py": FILTER, "silent.py": TEACHER, "nothing/recipe.py": RECIPE,
            "nothing/__init__.py": "", "files/__init__.py": "", "files/mini.toml": 'id = "owner/mini"\n',
            "files/night.toml": 'seed = 7\n',
        },
        {
            "metrics": {"branches": "plugin_of_the_test.branches"},
            "filters": {"no-print": "plugin_of_the_test.no_print"},
            "teachers": {"silent": "plugin_of_the_test.silent"},
            "recipes": {"nothing": "plugin_of_the_test.nothing"},
            "models": {"mini": "plugin_of_the_test.files"},
            "profiles": {"night": "plugin_of_the_test.files"},
        },
    )  # fmt: skip


def graded(code):
    verdict = Verdict(task_id="t", status="passed", tests_total=1, tests_run=1, tests_passed=1)
    return Graded(sample=Sample(task_id="t", solution=code), verdict=verdict)


def test_an_installed_package_brings_plugins_of_every_kind(package):
    assert metrics.get("branches").score("if x: pass").value == 1
    assert "branches" in [score.metric for score in metrics.score_all(["x = 1"])[0]]
    assert teachers.get("silent").name == "silent"
    assert recipes.get("nothing").describe == "Makes no rows."
    assert models.get("mini").id == "owner/mini"
    settings = resolve("night", {"recipe": "nothing", "base_model": "mini"}, ["teacher=silent", "metric=branches"])
    assert (settings.seed, settings.recipe, settings.metric) == (7, "nothing", "branches")


def test_a_filter_has_settings(package):
    overrides = ['filters=["no-print", "length"]', "filter_settings.no-print.allowed=1"]
    settings = resolve(overrides=overrides)
    assert settings.filter_settings["length"] == {"max_lines": 100, "max_tokens": 1000}
    check = filters.chain(settings.filters, settings.filter_settings)
    problem = Problem(task_id="t", prompt="x")
    assert check(problem, graded("print(1)")) is None
    assert check(problem, graded("print(1)\nprint(2)")) == "prints"
    with pytest.raises(InputError, match="unknown key 'alowed'.*\n.*did you mean 'allowed'"):
        resolve(overrides=[*overrides, "filter_settings.no-print.alowed=1"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_name_gets_a_suggestion(kind):
    name = KINDS[kind].names()[0]
    get = profiles.read if kind == "profiles" else KINDS[kind].get
    with pytest.raises(InputError, match=f"did you mean '{name}'"):
        get(f"{name}x")


@pytest.mark.parametrize("kind", ["recipes", "teachers", "filters", "metrics"])
def test_a_broken_plugin_is_one_error_that_names_it(kind, install):
    install({"broken.py": "import no_such_module"}, {kind: {"broken": "plugin_of_the_test.broken"}})
    assert "broken" in KINDS[kind].names()
    with pytest.raises(InputError) as caught:
        KINDS[kind].get("broken")
    text = str(caught.value)
    assert f"the {kind.removesuffix('s')} 'broken' cannot be loaded: ModuleNotFoundError" in text
    assert "plugin_of_the_test.broken of the package plugin_of_the_test" in text
    assert "python -c 'import plugin_of_the_test.broken'" in text


def test_a_broken_recipe_leaves_other_commands_alone(install):
    install({"broken.py": "import no_such_module"}, {"recipes": {"broken": "plugin_of_the_test.broken"}})
    assert resolve("laptop").recipe == "maintainability"
    listed = CliRunner().invoke(main, ["recipes"])
    assert listed.exit_code == 0
    assert "maintainability" in listed.output
    assert "the recipe 'broken' cannot be loaded" in listed.output


@pytest.mark.parametrize(
    ("text", "match"),
    [("x = 1", "holds no recipe"), (RECIPE.replace("Nothing", "Other"), "calls itself 'module'")],
)
def test_a_module_without_its_plugin_or_under_another_name_is_refused(text, match, install):
    install({"module.py": text}, {"recipes": {"named": "plugin_of_the_test.module"}})
    with pytest.raises(InputError, match=match):
        recipes.get("named")


def test_two_plugins_of_one_name_are_refused(install):
    install({"lines.py": METRIC}, {"metrics": {"lines": "plugin_of_the_test.lines"}})
    with pytest.raises(InputError, match="2 plug-ins are called 'lines'"):
        metrics.get("lines")


def test_a_broken_file_is_named(install):
    install({"bad.toml": "id = ", "odd.toml": "idd = 1"},
            {"models": {"bad": "plugin_of_the_test", "odd": "plugin_of_the_test"}})  # fmt: skip
    with pytest.raises(InputError, match="bad.toml: not valid TOML"):
        models.get("bad")
    with pytest.raises(InputError, match="odd.toml"):
        models.get("odd")


@pytest.mark.parametrize("table", [recipes, teachers, filters])
def test_every_shipped_plugin_loads_and_describes_itself_in_one_sentence(table):
    for name in table.names():
        plugin = table.get(name)
        assert plugin.name == name
        assert plugin.describe.endswith(".")
        assert all(field.description for field in plugin.Settings.model_fields.values())


def test_names_import_no_plugin(tmp_path, monkeypatch):
    (tmp_path / "saw.py").write_text("raise AssertionError('imported although nobody asked')")
    (tmp_path / "_helper.py").write_text("raise AssertionError('a helper is not a plug-in')")
    monkeypatch.setattr(recipes, "__path__", [*recipes.__path__, str(tmp_path)])
    assert "saw" in recipes.names()
    assert "-helper" not in recipes.names()
