"""Manifests: each finished folder describes itself in a manifest.json, which is written last.

A folder without a manifest is unfinished work, and is never read. There is one kind of manifest per kind of folder:
`DataManifest` for rows, `codekiln.stages.base.StageManifest` for a stage's output, and
`codekiln.recipes.published.PublishedManifest` for a data set that others take.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from codekiln.data.files import sha256_file, validation_errors, write_atomic
from codekiln.errors import InputError, InputErrors

MANIFEST = "manifest.json"


class Manifest(BaseModel):
    """Base of all manifests: one way to read, write and recognise them, with the same errors.

    It has no fields, although most kinds have settings and digests: a base's fields come first in the JSON, and the
    files keep the order of keys that they have always had.

    Attributes:
        marker: A field that only this kind has, by which a folder's kind is recognised.
        absent: What is wrong with a folder that has no manifest.
        finish: How to get the manifest of an unfinished folder.
        redo: How to replace a damaged manifest.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    marker: ClassVar[str]
    absent: ClassVar[str] = f"has no {MANIFEST}: the stage that writes it has not finished"
    finish: ClassVar[str] = "run that stage; it starts where it stopped"
    redo: ClassVar[str] = "delete the folder and run its stage again"

    @classmethod
    def read(cls, folder: Path, name: str = MANIFEST) -> Self:
        """Return the manifest of a folder.

        Raises:
            InputError: There is none, or it is damaged.
        """
        path = Path(folder) / name
        if not path.exists():
            raise InputError(cls.absent, where=str(folder), fix=cls.finish)
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise InputErrors(validation_errors(error, str(path), cls.redo)) from None

    @classmethod
    def describes(cls, folder: Path) -> bool:
        """Tell whether a folder has a manifest of this kind.

        Raises:
            InputError: Its manifest is not JSON.
        """
        path = Path(folder) / MANIFEST
        if not path.exists():
            return False
        try:
            return cls.marker in json.loads(path.read_bytes())
        except ValueError as error:
            raise InputError(f"is not JSON: {error}", where=str(path), fix=cls.redo) from None

    def write(self, folder: Path) -> None:
        """Write the manifest, which declares the folder finished."""
        write_atomic(folder / MANIFEST, self.model_dump_json(indent=2) + "\n")


class DataManifest(Manifest):
    """The manifest of a data folder.

    Attributes:
        record: Name of the row type in ``codekiln.data.records``.
        version: Version of that row type.
        rows: Number of rows.
        sha256: Digest of data.jsonl; of several shards, the digest of their names and digests.
        settings: The settings that shaped the rows.
        parents: Digests of the folders the rows were made from, by name.
        code_version: Version of the code that wrote them.
        rejected: Number of rejected rows per reason.
        shards: Digest of each shard by its file name; empty where there is one, data.jsonl.
    """

    marker: ClassVar[str] = "record"

    record: str
    version: int
    rows: int
    sha256: str
    settings: dict[str, Any] = {}
    parents: dict[str, str] = {}
    code_version: str = ""
    rejected: dict[str, int] = {}
    shards: dict[str, str] = {}


def damaged_files(folder: Path, digests: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Yield each file that does not match its digest, with what is wrong with it.

    Args:
        folder: Where the files are.
        digests: Hex sha256 by path relative to ``folder``.
    """
    for name, digest in digests.items():
        path = folder / name
        if not path.is_file():
            yield path, "is missing"
        elif sha256_file(path) != digest:
            yield path, "was changed or cut after it was written"


def added_files(folder: Path, listed: Collection[str]) -> Iterator[Path]:
    """Yield the files below a folder that are not listed; hidden ones, which tools leave, are passed over.

    Args:
        folder: Where the files are.
        listed: Paths relative to ``folder``.
    """
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and str(name) not in listed and not any(part.startswith(".") for part in name.parts):
            yield path
