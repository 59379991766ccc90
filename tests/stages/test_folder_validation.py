"""What `codekiln validate FOLDER` proves: every file of a stage's output, every data folder, and the data set."""

import json
import shutil
from contextlib import contextmanager

import pytest

from codekiln.data.files import sha256_file
from codekiln.data.folders import Rejected, write_dataset
from codekiln.data.records import Example, Graded, Pair
from codekiln.errors import InputError
from codekiln.recipes import publish
from codekiln.settings.resolve import resolve
from codekiln.stages.base import Stage, StageContext, Summary, execute
from codekiln.stages.folder_validation import validate_folder
from tests.recipes.maintainability.making import built_dataset, recipe

DATA = ("graded/data.jsonl", "examples/data.jsonl", "pairs/data.jsonl", "dataset/train.jsonl", "pairs/rejected.jsonl")


@contextmanager
def untracked():
    yield lambda manifest: {}


def _fill(context):
    """Write what the stage filter writes."""
    made = built_dataset()
    write_dataset(context.output / "graded", made.graded, Graded)
    write_dataset(context.output / "examples", made.rows.examples, Example)
    rejected = [Rejected("margin", pair) for pair in made.rows.pairs]
    write_dataset(context.output / "pairs", made.rows.pairs, Pair, rejected=rejected)
    publish.publish(context.output / "dataset", recipe(), made)
    return Summary()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "filter"
    stage = Stage(name="filter", settings_keys=("seed",), input_parts={}, run=_fill)
    settings = resolve("laptop", {"recipe": "maintainability"})
    execute(stage, StageContext(settings, {}, folder, "filter", folder.parent), untracked)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "filter")


def found(folder):
    return [(error.where.removeprefix(f"{folder}/"), error.what) for error in validate_folder(folder)]


def test_a_finished_folder_and_its_parts_are_sound(folder):
    assert found(folder) == []
    for part in ("graded", "examples", "pairs", "dataset"):
        assert found(folder / part) == []


@pytest.mark.parametrize("name", DATA)
def test_a_file_cut_in_a_line_is_named_with_the_line(folder, name):
    path = folder / name
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    assert found(folder) == [(f"{name}:3", "was changed or cut after it was written; line 3 is not JSON")]
    (error,) = validate_folder(folder)
    assert f"delete {folder} and run again" in error.fix


@pytest.mark.parametrize("name", DATA)
def test_a_file_cut_at_the_end_of_a_line_is_named_with_its_lines(folder, name):
    path = folder / name
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert found(folder) == [(name, "was changed or cut after it was written; it has 2 lines now")]


@pytest.mark.parametrize(
    "name", ["pairs/data.jsonl", "pairs/manifest.json", "dataset/README.md", "graded/rejected.jsonl"]
)
def test_a_missing_or_an_edited_file_is_named(folder, name):
    text = (folder / name).read_text()
    (folder / name).write_text(text.replace("a", "e") + " ")
    ((where, what),) = found(folder)
    assert where.startswith(name)
    assert "was changed or cut" in what
    (folder / name).unlink()
    assert found(folder) == [(name, "is missing")]


def test_an_added_file_is_named_and_what_tools_leave_is_not(folder):
    for name in ("notes.txt", "pairs/more.jsonl", "dataset/old/train.jsonl", ".cache/x", "pairs/.data.jsonl.swp"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("{}\n")
    assert [where for where, _ in found(folder)] == ["dataset/old/train.jsonl", "notes.txt", "pairs/more.jsonl"]
    assert [where for where, _ in found(folder / "dataset")] == ["old/train.jsonl"]


def test_a_manifest_that_was_made_to_agree_is_found_out(folder):
    path = folder / "pairs" / "data.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["pairs/data.jsonl"] = sha256_file(path)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert [where for where, _ in found(folder)] == ["manifest.json.digest", "pairs/data.jsonl:2"]


def test_rows_that_are_no_records_and_wrong_counts_are_named(folder):
    pairs = folder / "pairs"
    lines = (pairs / "data.jsonl").read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), "stratum": "luck"})
    (pairs / "data.jsonl").write_text("\n".join(lines) + "\n")
    (pairs / "rejected.jsonl").write_text("")
    places = dict(found(pairs))
    assert any(where.startswith("data.jsonl:2.stratum") for where in places)
    assert "has no rejected rows, and the manifest says" in places["rejected.jsonl"]
    manifest = json.loads((pairs / "manifest.json").read_text())
    (pairs / "manifest.json").write_text(json.dumps({**manifest, "record": "Trio"}))
    assert found(pairs) == [("manifest.json.record", "holds rows of an unknown kind, 'Trio'")]


def test_an_unfinished_folder_is_named_and_what_is_in_it_is_proven(folder):
    (folder / "manifest.json").unlink()
    (folder / "pairs" / "data.jsonl").unlink()
    places = dict(found(folder))
    assert "has not finished" in places[str(folder)]
    assert places["pairs/data.jsonl"] == "is missing"
    (folder / "pairs" / "manifest.json").write_text("{")
    assert "is not JSON" in dict(found(folder))["pairs/manifest.json"].replace("not JSON:", "is not JSON")


def test_a_folder_that_is_something_else_is_refused(tmp_path):
    with pytest.raises(InputError, match="no data set"):
        list(validate_folder(tmp_path))


def test_a_folder_of_rows_leads_to_its_file(tmp_path):
    (tmp_path / "data-00000-of-00001.arrow").touch()
    (tmp_path / "state.json").touch()
    with pytest.raises(InputError, match=f"is a folder of files.*\n  fix: give {tmp_path}/data-00000"):
        list(validate_folder(tmp_path))
