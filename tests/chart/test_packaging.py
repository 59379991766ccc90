"""The chart has the compiled pipelines through one link, in a clone, in a copy and in a package."""

import shutil
import tarfile

import helm_python
import pytest

from charts.places import CHART, COMPILED
from tests.chart import rendering

VALUES = {"mlflow": {"postgresql": {"existingSecret": "database"}}}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return helm_python.package(CHART, destination=tmp_path_factory.mktemp("package"))


def test_the_link_stays_within_the_repository():
    link = CHART / "files" / "pipelines"
    assert not link.readlink().is_absolute()
    assert link.resolve() == COMPILED


def test_a_package_holds_the_files_themselves(package):
    with tarfile.open(package) as archive:
        members = archive.getmembers()
        assert all(each.isfile() for each in members)
        packed = {
            each.name.rpartition("/")[2]: archive.extractfile(each).read()
            for each in members
            if each.name.startswith("codekiln/files/pipelines/")
        }
    assert packed == {path.name: path.read_bytes() for path in COMPILED.iterdir()}


def test_a_package_installs_what_a_clone_installs(package):
    with open(package, "rb") as file:
        chart = helm_python.Chart.load_archive(file.read())
    texts = chart.render(VALUES, name="codekiln", namespace=rendering.NAMESPACE)
    assert texts == rendering.chart().render(VALUES, name="codekiln", namespace=rendering.NAMESPACE)


def test_a_copy_that_lost_the_link_is_refused_unless_it_needs_no_pipeline(tmp_path):
    copy = tmp_path / "codekiln"
    shutil.copytree(CHART, copy, symlinks=True)
    (copy / "files" / "pipelines").unlink()
    # Git without symbolic links writes the link's text; a Flux artifact has nothing in its place.
    (copy / "files" / "pipelines").write_text("../../../pipelines/compiled")
    with pytest.raises(helm_python.HelmRenderError, match="the chart holds no pipeline: files/pipelines is a symbolic"):
        rendering.render({}, copy)
    assert rendering.render({"pipelines": {"mode": "none"}}, copy)
