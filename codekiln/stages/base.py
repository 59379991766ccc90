"""What a stage is, and when it is done: same inputs, settings and code version as the manifest it left."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from codekiln import __version__
from codekiln.data.files import sha256_file, write_atomic
from codekiln.data.folders import DATA
from codekiln.data.manifests import MANIFEST, DataManifest, Manifest, damaged_files
from codekiln.errors import InputError
from codekiln.settings.schema import Settings

PENDING, IDENTITY = ".pending.json", ".identity"
VOLATILE = (MANIFEST, PENDING, IDENTITY, "tracking.json", "summary.json")


class Summary(BaseModel):
    """What a stage has to say: figures for the metrics page, notes in words, rejected rows, a training curve."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    figures: dict[str, float] = {}
    notes: dict[str, str] = {}
    rejected: dict[str, int] = {}
    curve: list[dict[str, float]] = []


class StageRecord(BaseModel):
    """One finished stage, as later folders remember it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    inputs: dict[str, str]
    settings: dict[str, Any]
    code_version: str
    digest: str
    summary: Summary
    seconds: float


class StageManifest(StageRecord, Manifest):
    """The manifest of a stage's output folder; ``lineage`` holds every stage before it, by step."""

    marker: ClassVar[str] = "identity"

    step: str
    identity: str
    files: dict[str, str]
    tracking: dict[str, str] = {}
    lineage: dict[str, StageRecord] = {}


Track = Callable[[], AbstractContextManager[Callable[[StageManifest], dict[str, str]]]]


@dataclass(frozen=True)
class Work:
    """What a stage works with: its settings, its input folders by name, and the folder it fills.

    ``task_config`` is what Kubeflow passed through from the task, for a job on a GPU pool; results never depend on it.
    """

    settings: Settings
    inputs: Mapping[str, Path]
    output: Path
    step: str
    run: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    task_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline.

    Attributes:
        name: The verb users know it by.
        reads: Settings keys that shape its output.
        uses: Parts of input folders it reads, by input name; ``"."`` is the whole folder.
        work: Fills the output folder and returns a summary.
        cached: False for a stage that acts on the world outside its folder, and so runs every time.
        identity: Further facts that its output depends on, computed before it runs.
    """

    name: str
    reads: tuple[str, ...]
    uses: Mapping[str, str]
    work: Callable[[Work], Summary]
    cached: bool = True
    identity: Callable[[Work], dict[str, str]] = lambda work: {}


@cache
def code_version() -> str:
    """Return the package version and a digest of every file of the package."""
    root = Path(str(resources.files("codekiln")))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(root)}\0{sha256_file(path)}\0".encode())
    return f"{__version__}+{digest.hexdigest()[:12]}"


def folder_digest(folder: Path) -> str:
    """Return the digest that the manifest of a stage's output or of a data folder states.

    Raises:
        InputError: The folder has no manifest, so the stage that writes it has not finished, or a damaged one.
    """
    if StageManifest.describes(folder):
        return StageManifest.read(folder).digest
    return DataManifest.read(folder).sha256


def identity_of(folder: Path) -> str:
    """Return the digest of everything that the stage at work in ``folder`` depends on."""
    return (folder / IDENTITY).read_text()


def execute(stage: Stage, work: Work, track: Track) -> tuple[StageManifest, bool]:
    """Run a stage unless it is done; returns its manifest, and whether it was done already.

    A folder left by other inputs, settings or code is emptied first; one left by the same is kept, so that a stage
    with checkpoints continues from them. Work that is done but could not be logged is only logged again.

    Args:
        stage: What to run.
        work: On what.
        track: Entered when the stage really runs; gives a function that logs its manifest and says where.
    """
    about = _about(stage, work)
    identity = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
    if stage.cached and (done := _finished(work.output, MANIFEST, identity)):
        return done, True
    with track() as log:
        manifest = _finished(work.output, PENDING, identity) if stage.cached else None
        if manifest is None:
            _prepare(work.output, identity)
            manifest = _perform(stage, work, about, identity)
            write_atomic(work.output / PENDING, manifest.model_dump_json())
        manifest = manifest.model_copy(update={"tracking": log(manifest)})
    manifest.write(work.output)
    (work.output / PENDING).unlink()
    return manifest, False


def _about(stage: Stage, work: Work) -> dict[str, Any]:
    """Return everything a stage's output depends on."""
    return {
        "stage": stage.name,
        "inputs": {
            name: folder_digest(work.inputs[name] / part) for name, part in stage.uses.items() if name in work.inputs
        },
        "settings": {key: work.settings.section(key) for key in stage.reads},
        "code_version": code_version(),
        "parameters": dict(work.parameters),
        **stage.identity(work),
    }


def _perform(stage: Stage, work: Work, about: Mapping[str, Any], identity: str) -> StageManifest:
    started = time.monotonic()
    summary = stage.work(work)
    files = _files(work.output)
    return StageManifest(
        **{key: about[key] for key in ("stage", "inputs", "settings", "code_version")},
        step=work.step,
        identity=identity,
        files=files,
        digest=_digest(files),
        summary=summary,
        seconds=round(time.monotonic() - started, 2),
        lineage=_lineage(work),
    )


def _finished(folder: Path, name: str, identity: str) -> StageManifest | None:
    if not (folder / name).exists():
        return None
    manifest = StageManifest.read(folder, name)
    if manifest.identity != identity:
        return None
    for path, detail in damaged_files(folder, manifest.files):
        raise _damaged(path, detail)
    return manifest


def _damaged(path: Path, detail: str) -> InputError:
    where = str(path)
    if path.name == DATA and path.exists():
        lines = path.read_bytes().split(b"\n")
        bad = next((number for number, line in enumerate(lines, 1) if line and not _is_json(line)), len(lines))
        where = f"{path}:{bad}"
    return InputError(
        detail,
        where=where,
        fix=f"delete {path.parent} and run again; only its stage and what follows from it are redone",
    )


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _prepare(folder: Path, identity: str) -> None:
    marker = folder / IDENTITY
    if folder.exists() and not (marker.exists() and marker.read_text() == identity):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, PENDING):
        (folder / name).unlink(missing_ok=True)
    write_atomic(marker, identity)


def _files(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in paths
        if str(path.relative_to(folder)) not in VOLATILE
    }


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _lineage(work: Work) -> dict[str, StageRecord]:
    known: dict[str, StageRecord] = {}
    for folder in work.inputs.values():
        for root in (folder, folder.parent):
            if StageManifest.describes(root):
                manifest = StageManifest.read(root)
                known |= manifest.lineage
                known[manifest.step] = StageRecord(**{key: getattr(manifest, key) for key in StageRecord.model_fields})
                break
    return known
