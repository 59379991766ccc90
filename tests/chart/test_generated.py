"""What is generated is what is committed, and the chart's version is the library's."""

import shutil
import sys

import pytest
import yaml

import codekiln
from charts import kustomize, readme, render
from charts.places import CHART, COMPILED, MANIFESTS, ROOT
from tests.chart import rendering

pytestmark = pytest.mark.xdist_group("chart-generated")

FIX = "run `make manifests` and commit what it writes"


def differing(files):
    """Return the names of files that are not as they would be written."""
    return [
        str(path.relative_to(ROOT))
        for path, text in files
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


@pytest.fixture(scope="module")
def files():
    return [*render.chart_files(), *render.derived_files()]


def test_generated_files_are_up_to_date(files):
    assert not differing(files), FIX


def test_nothing_is_left_of_what_is_no_longer_generated(files):
    wanted = {path for path, _ in files}
    folders = [CHART / "files", *(MANIFESTS / name for name in kustomize.GENERATED)]
    assert not render.generated(*folders) - wanted, FIX


def test_a_change_of_a_source_is_noticed(monkeypatch, tmp_path):
    shutil.copytree(COMPILED, tmp_path / "compiled")
    monkeypatch.setattr(render, "COMPILED", tmp_path / "compiled")
    assert not differing(render.chart_files())
    with (tmp_path / "compiled" / "align.yaml").open("a") as file:
        file.write("# more\n")
    assert differing(render.chart_files()) == ["charts/codekiln/files/pipelines/align.yaml"]


def test_the_chart_has_the_version_of_the_library():
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (about["appVersion"], about["version"]) == (codekiln.__version__, codekiln.__version__)


def test_the_table_has_every_value_once_with_its_default():
    rows = [path for path, _, _ in readme.values()]
    assert len(rows) == len(set(rows))
    text = (CHART / "README.md").read_text()
    assert all(f"| `{path}` |" in text for path in rows)
    assert "| `gpuPoolDefaults.deadlineSeconds` | `172800` |" in text


def test_a_folder_for_values_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "values.yaml").write_text("gpuPools: {gpu: {nodes: 3}}\nmlflow: {workers: 5}\n")
    monkeypatch.setattr(sys, "argv", ["render"])
    render.main([str(tmp_path / "values.yaml"), str(tmp_path / "mine")])
    runtime = yaml.safe_load((tmp_path / "mine" / "trainingruntime.yaml").read_text())
    assert runtime["spec"]["mlPolicy"]["numNodes"] == 3
    assert "--workers=5" in (tmp_path / "mine" / "deployment.yaml").read_text()
    named = yaml.safe_load((tmp_path / "mine" / "kustomization.yaml").read_text())["resources"]
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == sorted([*named, "kustomization.yaml"])


def test_overlays_are_the_examples_of_the_chart():
    overlays = {path.name for path in (MANIFESTS / "overlays").iterdir()}
    assert overlays == set(rendering.examples()) - {""}
