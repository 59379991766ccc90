"""Third-party packages that programs may import: those that are named, what they require, and no other."""

from pathlib import Path

import pytest

from codekiln.errors import InputError
from codekiln.sandbox.allowed_imports import link_packages, package_paths
from codekiln.sandbox.inside import landlock
from tests.sandbox.confined import run_confined

PROGRAM = "confine.confine_program(confine.program_filter(read_only), confine.LimitsOfPrograms().of(limits), 1)"


def run(folder: Path, names: list[str], program: str) -> str:
    """Return what a program prints, its traceback included, where it may import the named packages."""
    link_packages(package_paths(names), str(folder / "packages"))
    return run_confined(folder, PROGRAM, program, str(folder / "packages"))


def test_a_named_package_works(tmp_path: Path) -> None:
    program = "import importlib.metadata, numpy as np\nassert np.linalg.inv(np.eye(9) * 2)[0, 0] == 0.5\n"
    program += (
        "assert np.random.default_rng(1).random() < 1\nassert importlib.metadata.version('numpy') == np.__version__"
    )
    assert run(tmp_path, ["numpy"], program).endswith("ran\n")


def test_what_a_package_requires_works_too(tmp_path: Path) -> None:
    program = "import pandas, six\nassert pandas.DataFrame({'a': [1, 2]}).a.sum() == 3"
    assert run(tmp_path, ["pandas"], program).endswith("ran\n")


@pytest.mark.parametrize("module", ["pydantic", "yaml", "pip", "codekiln.errors", "_pytest"])
def test_no_other_package_can_be_imported(tmp_path: Path, module: str) -> None:
    assert "ModuleNotFoundError" in run(tmp_path, ["numpy"], f"import {module}")


@pytest.mark.skipif(landlock.abi() < landlock.MIN_ABI, reason="reads are confined by Landlock")
@pytest.mark.parametrize(
    "program", ["import os\nos.listdir(site)", "open(site + '/pydantic/main.py')", "open(site + '/six.py')"]
)
def test_no_other_package_can_be_read(tmp_path: Path, program: str) -> None:
    find = "import numpy, os\nsite = os.path.dirname(os.path.dirname(os.path.realpath(numpy.__file__)))\n"
    assert "PermissionError" in run(tmp_path, ["numpy"], find + program)


def test_no_package_is_there_unless_it_is_named(tmp_path: Path) -> None:
    assert "ModuleNotFoundError" in run(tmp_path, [], "import numpy")


def test_packages_are_found_by_either_name() -> None:
    by_import, by_distribution = package_paths(["dateutil"]), package_paths(["python-dateutil"])
    assert by_import == by_distribution
    assert {Path(path).name for path in by_import} >= {"dateutil", "six.py"}
    names = {Path(path).name for path in package_paths(["numpy"])}
    assert "numpy" in names
    assert all(name.startswith("numpy") for name in names)
    assert package_paths([]) == []


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(InputError, match="package no_such_package: is not installed"):
        package_paths(["numpy", "no_such_package"])


def install(site: Path, name: str, requires: str = "", record: str = "") -> None:
    information = site / f"{name}-1.dist-info"
    information.mkdir()
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needs}")
    (information / "RECORD").write_text(f"{name}-1.dist-info/METADATA,,\n{record}")


def test_a_package_without_what_it_requires_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "needy", "absent-thing>=2", "needy.py,,\n")
    install(tmp_path, "content", "absent-thing; extra == 'all'", "content.py,,\n")
    for name in ("needy", "content"):
        (tmp_path / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="package absent-thing: is required by needy and is not installed"):
        package_paths(["needy"])
    assert [Path(path).name for path in package_paths(["content"])] == ["content-1.dist-info", "content.py"]


def test_a_package_elsewhere_than_in_site_packages_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "editable", record="__editable__.pth,,\n../../bin/editable,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError, match="package editable: has no files in site-packages"):
        package_paths(["editable"])
