"""What is generated is what is committed, and the chart's version is the library's."""

import pytest
import yaml

import codekiln
from charts import readme, render
from charts.places import CHART, MANIFESTS, ROOT
from codekiln.launch.cluster import permissions
from tests.chart import rendering
from tests.chart.kubectl import kustomize

pytestmark = pytest.mark.xdist_group("chart-generated")

FIX = "run `make manifests` and commit what it writes"


def differing(files):
    """Return the names of files that are not as they would be written."""
    return [
        str(path.relative_to(ROOT))
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]


@pytest.fixture(scope="module")
def files():
    return dict(render.everything())


def test_generated_files_are_up_to_date(files):
    assert not differing(files), FIX


def test_nothing_is_left_of_what_is_no_longer_generated(files):
    assert not render.stale(files), FIX
    assert {path.name for path in (CHART / "files").iterdir()} == {
        *("permissions.yaml", "pipelines", "monitoring", "codekiln_public_names.py")
    }


def test_a_file_that_is_no_longer_generated_is_noticed(files):
    *kept, last = files
    assert render.stale(kept) == {last}


def test_a_change_of_a_source_is_noticed(monkeypatch):
    more = (*permissions.CLUSTER_PERMISSIONS, ("", "nodes", "list"))
    monkeypatch.setattr(permissions, "CLUSTER_PERMISSIONS", more)
    assert differing(dict(render.everything())) == ["charts/codekiln/files/permissions.yaml"]


def test_the_chart_has_the_version_of_the_library():
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (about["appVersion"], about["version"]) == (codekiln.__version__, codekiln.__version__)


def test_the_table_has_every_value_once_with_its_default():
    rows = [path for path, _, _ in readme.values()]
    assert len(rows) == len(set(rows))
    text = (CHART / "README.md").read_text()
    assert all(f"| `{path}` |" in text for path in rows)
    assert "| `gpuPoolDefaults.deadlineSeconds` | `172800` |" in text


def test_a_folder_for_values_of_ones_own(tmp_path):
    (tmp_path / "values.yaml").write_text("gpuPools: {gpu: {nodes: 3}}\nmlflow: {workers: 5}\n")
    render.main([str(tmp_path / "values.yaml"), str(tmp_path / "mine")])
    runtime = yaml.safe_load((tmp_path / "mine" / "trainingruntime.yaml").read_text())
    assert runtime["spec"]["mlPolicy"]["numNodes"] == 3
    assert "--workers=5" in (tmp_path / "mine" / "deployment.yaml").read_text()
    kinds = {each["kind"] for each in kustomize(tmp_path / "mine")}
    files = {path.stem for path in (tmp_path / "mine").iterdir()}
    assert files == {kind.lower() for kind in kinds} | {"kustomization"}


@pytest.mark.parametrize("words", [["--pipelines", "native"], ["a.yaml", "b.yaml", "c"], [__file__]])
def test_a_command_that_names_no_folder_writes_nothing(words, capsys):
    with pytest.raises(SystemExit):
        render.main(words)
    assert "FOLDER" in capsys.readouterr().err


def test_overlays_are_the_examples_of_the_chart():
    overlays = {path.parent.name for path in (MANIFESTS / "overlays").glob("*/kustomization.yaml")}
    assert overlays == set(rendering.examples()) - {""}
