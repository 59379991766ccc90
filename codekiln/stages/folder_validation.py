"""Proves a finished folder from its manifests: a stage's output with everything in it, a data folder, a data set."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from codekiln.data import records
from codekiln.data.folders import Dataset
from codekiln.data.manifests import MANIFEST, DataManifest, added_files, damaged_files
from codekiln.data.readers.files import data_files
from codekiln.data.records import Record
from codekiln.data.shards import DATA, REJECTED, file_name
from codekiln.errors import InputError, InputErrors
from codekiln.recipes import published
from codekiln.recipes.validate import validate_dataset
from codekiln.stages.base import VOLATILE, StageManifest, damage, files_digest, first_bad_line


def validate_folder(folder: Path) -> Iterator[InputError]:
    """Yield everything that is wrong with a finished folder; nothing when it is sound.

    A stage's output: every file against the digests of the stage's manifest, files that are missing or were added, and
    every data folder and data set in it. A data folder: rows, records, digest, and the rejected rows. A published data
    set: as `validate_dataset`.

    Raises:
        InputError: The folder is none of these.
    """
    try:
        if StageManifest.describes(folder):
            yield from _stage(folder)
        elif DataManifest.describes(folder):
            yield from _data(folder, _fix(folder))
        elif not (folder / MANIFEST).exists() and any(folder.glob(f"*/{MANIFEST}")):
            yield InputError(StageManifest.absent, where=str(folder), fix=StageManifest.finish)
            yield from _parts(folder, set(), _fix(folder))
        else:
            if not (folder / MANIFEST).exists() and (files := data_files(folder)):
                what = "is a folder of files, not of codekiln: they are validated one by one"
                raise InputError(what, where=str(folder), fix=f"give {files[0]}")
            yield from _published(folder)
    except InputErrors as errors:
        yield from errors.errors


def _published(folder: Path) -> Iterator[InputError]:
    listed = published.PublishedManifest.read(folder).files
    for path in added_files(folder, {*listed, MANIFEST}):
        yield InputError("is not listed in the manifest", where=str(path), fix=f"move it out of {folder}")
    yield from validate_dataset(folder)


def _stage(folder: Path) -> Iterator[InputError]:
    manifest, fix = StageManifest.read(folder), _fix(folder)
    if manifest.digest != files_digest(manifest.files):
        what = "was edited: its digest is not that of the files it lists"
        yield InputError(what, where=f"{folder / MANIFEST}.digest", fix=fix)
    damaged = dict(damaged_files(folder, manifest.files))
    for path, detail in damaged.items():
        yield damage(path, detail, folder)
    for path in added_files(folder, {*manifest.files, *VOLATILE}):
        yield InputError(
            "was added after the stage finished: the manifest does not list it",
            where=str(path),
            fix=f"move it out of {folder}",
        )
    yield from _parts(folder, set(damaged), fix)


def _parts(folder: Path, damaged: set[Path], fix: str) -> Iterator[InputError]:
    """Yield what is wrong with the data folders and the data set in a stage's output; what is damaged is known."""
    for part in sorted(path.parent for path in folder.rglob(MANIFEST) if path.parent != folder):
        if any(path.is_relative_to(part) for path in damaged):
            continue
        try:
            if DataManifest.describes(part):
                yield from _data(part, fix)
            elif published.PublishedManifest.describes(part):
                yield from validate_dataset(part)
        except InputErrors as errors:
            yield from errors.errors
        except InputError as error:
            yield error


def _data(folder: Path, fix: str) -> Iterator[InputError]:
    manifest = DataManifest.read(folder)
    of = max(1, len(manifest.shards))
    rejected = [folder / file_name(REJECTED, number, of) for number in range(of)]
    data = [folder / name for name in manifest.shards or (DATA,)]
    missing = [path for path in (*data, *rejected) if not path.is_file()]
    yield from (InputError("is missing", where=str(path), fix=fix) for path in missing)
    record = getattr(records, manifest.record, None)
    if not (isinstance(record, type) and issubclass(record, Record)):
        what = f"holds rows of an unknown kind, '{manifest.record}'"
        yield InputError(what, where=f"{folder / MANIFEST}.record", fix=fix)
    elif not missing:
        yield from _rows(folder, record)
        yield from _rejected(rejected, manifest, fix)


def _rows(folder: Path, record: type[Record]) -> Iterator[InputError]:
    try:
        Dataset(folder, record).rows()
    except InputErrors as errors:
        yield from errors.errors
    except InputError as error:
        yield error


def _rejected(paths: Sequence[Path], manifest: DataManifest, fix: str) -> Iterator[InputError]:
    found: Counter[str] = Counter()
    for path in paths:
        bad, _ = first_bad_line(path)
        if bad:
            yield InputError("is not JSON", where=f"{path}:{bad}", fix=fix)
            return
        with path.open("rb") as file:
            found.update(str(json.loads(line)["reason"]) for line in file)
    if found != manifest.rejected:
        what = f"has {_counts(found)}, and the manifest says {_counts(manifest.rejected)}"
        yield InputError(what, where=str(paths[0]), fix=fix)


def _counts(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items())) or "no rejected rows"


def _fix(folder: Path) -> str:
    return f"delete {folder} and run its stage again"
