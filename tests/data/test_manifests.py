"""Every kind of manifest is read, written and recognised alike."""

import json
from pathlib import Path

import pytest

from codekiln.data.files import sha256_file
from codekiln.data.manifests import MANIFEST, DataManifest, Manifest, damaged_files
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.published import PublishedManifest
from codekiln.stages.base import StageManifest, Summary

DATA = DataManifest(record="Sample", version=1, rows=2, sha256="ab" * 32, parents={"graded": "filter"})
PUBLISHED = PublishedManifest(
    recipe="difficulty", metric="pass@1", seed=3, settings={"a": 1}, rows={"train": 2}, files={"x": "0" * 64},
    codekiln="0.1.0",
)  # fmt: skip
STAGE = StageManifest(
    stage="dpo", inputs={"data": "cd" * 32}, settings={"seed": 0}, code_version="0.1.0+ab", digest="ef" * 32,
    summary=Summary(figures={"rows": 2.0}), seconds=1.5, step="dpo_further", identity="12" * 32, files={},
)  # fmt: skip
CASES = [
    (DATA, "record version rows sha256 settings parents code_version rejected shards"),
    (PUBLISHED, "recipe metric seed settings rows files codekiln"),
    (STAGE, "stage inputs settings code_version digest summary seconds step identity files tracking lineage"),
]
KINDS = [type(manifest) for manifest, _ in CASES]


@pytest.mark.parametrize(("manifest", "keys"), CASES, ids=["data", "published", "stage"])
def test_a_manifest_reads_back_and_keeps_the_order_of_its_keys(tmp_path: Path, manifest: Manifest, keys: str) -> None:
    manifest.write(tmp_path)
    text = (tmp_path / MANIFEST).read_text()
    assert list(json.loads(text)) == keys.split()
    assert text == json.dumps(json.loads(text), indent=2) + "\n"
    assert type(manifest).read(tmp_path) == manifest
    assert [kind for kind in KINDS if kind.describes(tmp_path)] == [type(manifest)]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_missing_or_damaged_is_the_users_mistake(tmp_path: Path, kind: type[Manifest]) -> None:
    assert not kind.describes(tmp_path)
    with pytest.raises(InputError, match=r"has no manifest\.json"):
        kind.read(tmp_path)
    (tmp_path / MANIFEST).write_text('{"unknown": 1}')
    with pytest.raises(InputErrors, match=rf"manifest\.json\.{kind.marker}: the field is missing"):
        kind.read(tmp_path)
    (tmp_path / MANIFEST).write_text('{"half": ')
    for read in (kind.read, kind.describes):
        with pytest.raises(InputError, match=r"manifest\.json: .*JSON"):
            read(tmp_path)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    for name in ("whole", "changed", "gone"):
        (tmp_path / name).write_text(name)
    digests = {name: sha256_file(tmp_path / name) for name in ("whole", "changed", "gone")}
    (tmp_path / "changed").write_text("change")
    (tmp_path / "gone").unlink()
    assert list(damaged_files(tmp_path, digests)) == [
        (tmp_path / "changed", "was changed or cut after it was written"),
        (tmp_path / "gone", "is missing"),
    ]
