"""The seven additions of CONTRIBUTING.md: each works as shown, in a copy of the repository and as a package.

The copy gets every file the page shows. What else changes is what each section says, and nothing goes stale unseen.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.launch.pools import VARIABLE, Cluster
from tests.chart import rendering
from tests.docs import markdown
from tests.docs.markdown import ROOT

pytestmark = pytest.mark.xdist_group("contributing")
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### ([^\n]+)\n(.*?)(?=^##)", TEXT, re.DOTALL | re.MULTILINE))
NAMES = {
    "A metric": "longest_function", "A filter": "imports", "A teacher": "replay", "A base model": "smollm2-360m",
    "A recipe": "shortest", "A profile": "workstation",
}  # fmt: skip
FILES = {title: markdown.files(SECTIONS[title]) for title in NAMES}
ALL = {path: text for files in FILES.values() for path, text in files.items()}
TESTS = [path for path in ALL if path.startswith("tests/")]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", "runs", "build", "dist", "__pycache__", ".*_cache", ".hypothesis")
# Quick tests of the repository that look at every plug-in, or that the pages are as the code is.
GUARDS = [
    "tests/docs/test_generated.py::test_tables_and_drawings_are_up_to_date",
    "tests/recipes/test_pages.py",
    "tests/settings/test_settings.py",
    "tests/filters/test_filters.py",
    "tests/code/metrics/test_metrics.py::test_every_metric_is_found_and_says_what_it_is",
    "tests/models/test_models.py::test_every_table_entry_is_complete",
    "tests/test_plugins.py",
    "tests/test_layers.py::test_a_room_imports_only_what_the_table_allows",
    "tests/test_imports.py",
]
README_TEST = "tests/docs/test_readme.py::test_the_table_has_every_metric"


def python(*words: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder), **variables}
    return subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True)


def test_the_seven_additions_are_shown():
    assert set(SECTIONS) == {*NAMES, "A pool", "As a package of your own"}
    assert all(FILES[title] for title in NAMES)
    assert not [path for path in ALL if (ROOT / path).exists()]
    untested = [title for title, files in FILES.items() if not any(path.startswith("tests/") for path in files)]
    assert untested == ["A base model", "A profile"], "whose files are tested by what is there"


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A copy of the repository with everything that the page adds, and its pages generated again."""
    folder = tmp_path_factory.mktemp("clone") / "codekiln"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True)
    for path, text in ALL.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    done = python("-m", "docs.generate", "--no-report", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_tests_of_the_additions_and_of_the_repository_pass(clone):
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS, *GUARDS, folder=clone)
    assert done.returncode == 0, done.stdout[-4000:]
    assert str(clone) in python("-c", "import codekiln; print(codekiln.__file__)", folder=clone).stdout


@pytest.mark.parametrize("title", NAMES)
def test_make_docs_rewrites_the_pages_that_the_section_says(title, clone):
    said = set(re.findall(r"`(docs/[\w./-]+\.md)`", SECTIONS[title].partition("`make docs` ")[2].partition(".\n")[0]))
    name = f"`{NAMES[title]}`"
    changed = {
        path.relative_to(clone).as_posix()
        for path in clone.glob("docs/**/*.md")
        if (name in re.sub(r"`[\w-]+\.", "`", path.read_text()) or f".{NAMES[title]}." in path.read_text())
        and path.read_text() != _before(path.relative_to(clone))
    }
    assert changed - ALL.keys() == said


def _before(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8") if (ROOT / path).exists() else ""


def test_nothing_else_changes(clone):
    written = re.compile(r"`(docs/[\w./-]+\.md|codekiln/settings/keys\.txt)`")
    said = {page for body in SECTIONS.values() for page in written.findall(body)}
    files = (path.relative_to(clone) for path in clone.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    changed = {path.as_posix() for path in files if (clone / path).read_bytes() != _bytes(path)}
    assert changed == ALL.keys() | said


def _bytes(path: Path) -> bytes:
    return (ROOT / path).read_bytes() if (ROOT / path).is_file() else b""


def test_a_new_metric_asks_for_a_new_table_in_the_readme(clone):
    done = python("-m", "pytest", "-q", "-p", "no:cacheprovider", README_TEST, folder=clone)
    assert done.returncode == 1
    assert "longest_function" in done.stdout


def test_the_examples_are_clean(clone):
    written = [path for path in ALL if path.endswith(".py")]
    for words in (("check",), ("format", "--check", "--diff")):
        done = python("-m", "ruff", *words, *written, folder=clone)
        assert done.returncode == 0, done.stdout + done.stderr


AS_PACKAGE = """
from codekiln import filters, models, recipes, teachers
from codekiln.code import metrics
from codekiln.settings.resolve import resolve
assert metrics.get("longest_function").score("def f():\\n    pass").value == 2
assert filters.get("imports").name == "imports"
assert teachers.get("replay").name == "replay"
assert recipes.get("shortest").name == "shortest"
assert models.get("smollm2-360m").hidden == 960
settings = resolve("workstation", {"recipe": "shortest"}, ["teacher=replay", "teachers.replay.samples=s.jsonl"])
assert (settings.sft.batch_size, settings.teachers) == (32, {"replay": {"samples": "s.jsonl"}})
"""


def test_the_same_files_work_as_an_installed_package(tmp_path):
    project = tomllib.loads(markdown.files(TEXT)["pyproject.toml"])["project"]
    entries = project["entry-points"]
    assert set(entries) == {f"codekiln.{kind}" for kind in
                            ("metrics", "filters", "teachers", "recipes", "models", "profiles")}  # fmt: skip
    package = tmp_path / "my_plugins"
    package.mkdir()
    (package / "__init__.py").touch()
    for path, text in ALL.items():
        if path.startswith("codekiln/"):
            (package / Path(path).name).write_text(text)
    info = tmp_path / "my_plugins-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    lines = [line for group, names in entries.items()
             for line in (f"[{group}]", *(f"{name} = {value}" for name, value in names.items()))]  # fmt: skip
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    done = python("-c", AS_PACKAGE, folder=ROOT, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert done.returncode == 0, done.stderr


def test_a_pool_is_a_value_of_the_chart(monkeypatch):
    values = yaml.safe_load(markdown.files(SECTIONS["A pool"])["my-values.yaml"])
    config = rendering.one(rendering.render(values), "ConfigMap", "codekiln")
    pool = Cluster.model_validate_json(config["data"]["cluster.json"]).pool("a100")
    assert (pool.nodes, pool.accelerators, pool.accelerator_memory_gib, pool.queue) == (2, 8, 80, "training")
    assert pool.node_selector == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB"}
    monkeypatch.setenv(VARIABLE, config["data"]["cluster.json"])
    planned = CliRunner().invoke(main, ["plan", "--profile", "gemma3-12b", "--pool", "a100", "--json"])
    assert planned.exit_code == 0, planned.output
    assert {plan["processes"] for plan in json.loads(planned.output).values()} == {16}


def test_the_values_of_the_page_about_clusters_render():
    values = yaml.safe_load(markdown.files((ROOT / "docs" / "cluster.md").read_text(encoding="utf-8"))["values.yaml"])
    config = rendering.one(rendering.render(values), "ConfigMap", "codekiln")
    assert set(Cluster.model_validate_json(config["data"]["cluster.json"]).pools) == {"h200"}


def test_what_runs_before_a_commit_is_what_make_lint_runs():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    recipe = re.search(r"^lint:.*\n((?:\t.+\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    assert [hook["entry"] for hook in hooks] == recipe.replace("$(BIN)", ".venv/bin").strip("\n\t").split("\n\t")
    assert all(hook["language"] == "system" and hook["pass_filenames"] is False for hook in hooks)
