"""Base class of stages, their manifests, and caching by inputs, settings and code version.

A stage is done when its output folder has a manifest with the same inputs, settings and code version.
"""

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
from codekiln.data.manifests import MANIFEST, DataManifest, Manifest, damaged_files
from codekiln.errors import InputError
from codekiln.settings.schema import Settings

PENDING, IDENTITY = ".pending.json", ".identity"
# Files that differ between equal runs, and so are no part of a stage's digest.
VOLATILE = (MANIFEST, PENDING, IDENTITY, "tracking.json", "summary.json")


class Summary(BaseModel):
    """A stage's results for people: figures, notes in words, counts of rejected rows by reason, a training curve."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    figures: dict[str, float] = {}
    notes: dict[str, str] = {}
    rejected: dict[str, int] = {}
    curve: list[dict[str, float]] = []


class StageRecord(BaseModel):
    """A finished stage, as the manifests of later stages record it."""

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


Tracker = Callable[[], AbstractContextManager[Callable[[StageManifest], dict[str, str]]]]
"""Opens a tracked run; its value logs a finished manifest, and returns the ids under which it was logged."""


@dataclass(frozen=True)
class StageContext:
    """The settings and folders of one use of a stage in a run.

    Attributes:
        settings: Resolved settings of the run.
        inputs: Input folders by name.
        output: Folder that the stage fills.
        step: Name of this use of the stage in the run.
        run_folder: Output of check, which every later stage reads.
        parameters: Further parameters, for example the adapter that fetch brings.
        task_config: Settings of the task that Kubeflow Pipelines passed through, for a job on a GPU pool. Results never
            depend on it, so it is no part of the stage's identity.
    """

    settings: Settings
    inputs: Mapping[str, Path]
    output: Path
    step: str
    run_folder: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    task_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stage:
    """A step of a pipeline.

    Attributes:
        name: The stage's name in commands and pipelines.
        settings_keys: Keys of the settings that its output depends on.
        input_parts: The part that it reads of each input folder, by input name; ``"."`` is the whole folder. It may
            depend on the settings.
        run: Fills the output folder and returns a summary.
        cached: False for a stage that has effects outside its folder, and so runs every time.
        identity: Further values that its output depends on, computed before it runs.
    """

    name: str
    settings_keys: tuple[str, ...]
    input_parts: Mapping[str, str | Callable[[Settings], str]]
    run: Callable[[StageContext], Summary]
    cached: bool = True
    identity: Callable[[StageContext], dict[str, str]] = lambda context: {}

    def parts(self, settings: Settings) -> dict[str, str]:
        """Return the part of each input folder that it reads with these settings, by input name."""
        return {name: part if isinstance(part, str) else part(settings) for name, part in self.input_parts.items()}


@cache
def code_version() -> str:
    """Return the package version and a digest of every file of the package."""
    root = Path(str(resources.files("codekiln")))
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        # Bytecode depends on the interpreter, and on what has been imported.
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
    """Return the identity of the stage that is filling ``folder``: the digest of everything it depends on."""
    return (folder / IDENTITY).read_text()


def execute(stage: Stage, context: StageContext, track: Tracker) -> tuple[StageManifest, bool]:
    """Run a stage unless it is done; returns its manifest, and whether it was done already.

    A folder that other inputs, settings or code left is emptied first; one that the same left is kept, so that a stage
    with checkpoints continues from them. A stage that finished but could not be logged is only logged again.

    Args:
        stage: Stage to run.
        context: Its settings and folders.
        track: Entered only when the stage runs or is logged again.
    """
    dependencies = _dependencies(stage, context)
    identity = hashlib.sha256(json.dumps(dependencies, sort_keys=True).encode()).hexdigest()
    if stage.cached and (done := _finished(context.output, MANIFEST, identity)):
        return done, True
    with track() as log:
        manifest = _finished(context.output, PENDING, identity) if stage.cached else None
        if manifest is None:
            if _prepare(context.output, identity):
                print(f"{context.step}: starts anew: its inputs, settings or code have changed", flush=True)
            manifest = _run(stage, context, dependencies, identity)
            # Kept until it is logged: training must not be repeated because the tracking server was down.
            write_atomic(context.output / PENDING, manifest.model_dump_json())
        manifest = manifest.model_copy(update={"tracking": log(manifest)})
    manifest.write(context.output)
    (context.output / PENDING).unlink()
    return manifest, False


def _dependencies(stage: Stage, context: StageContext) -> dict[str, Any]:
    """Return everything that a stage's output depends on."""
    return {
        "stage": stage.name,
        "inputs": {
            name: folder_digest(context.inputs[name] / part)
            for name, part in stage.parts(context.settings).items()
            if name in context.inputs
        },
        "settings": {key: context.settings.section(key) for key in stage.settings_keys},
        "code_version": code_version(),
        "parameters": dict(context.parameters),
        **stage.identity(context),
    }


def _run(stage: Stage, context: StageContext, dependencies: Mapping[str, Any], identity: str) -> StageManifest:
    started = time.monotonic()
    summary = stage.run(context)
    files = _files(context.output)
    return StageManifest(
        **{key: dependencies[key] for key in ("stage", "inputs", "settings", "code_version")},
        step=context.step,
        identity=identity,
        files=files,
        digest=files_digest(files),
        summary=summary,
        seconds=round(time.monotonic() - started, 2),
        lineage=_lineage(context),
    )


def _finished(folder: Path, name: str, identity: str) -> StageManifest | None:
    if not (folder / name).exists():
        return None
    manifest = StageManifest.read(folder, name)
    if manifest.identity != identity:
        return None
    for path, detail in damaged_files(folder, manifest.files):
        raise damage(path, detail, folder)
    return manifest


def damage(path: Path, detail: str, folder: Path) -> InputError:
    """Return the error for a damaged file of a stage's output ``folder``.

    Of JSON Lines it names the first line that is not JSON, or says how many lines there are.
    """
    where = str(path)
    if path.suffix == ".jsonl" and path.is_file():
        bad, lines = first_bad_line(path)
        where = f"{path}:{bad}" if bad else where
        detail += f"; line {bad} is not JSON" if bad else f"; it has {lines} lines now"
    fix = f"delete {folder} and run again; only its stage and what follows from it are redone"
    return InputError(detail, where=where, fix=fix)


def first_bad_line(path: Path) -> tuple[int | None, int]:
    """Return the number of the first line of a JSON Lines file that is not JSON, if there is one, and of all lines."""
    bad, number = None, 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if bad is None and line.strip() and not _is_json(line):
                bad = number
    return bad, number


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _prepare(folder: Path, identity: str) -> bool:
    """Make an output folder ready, and return whether another identity has left files there, which are removed.

    Its files survive only where the same stage with the same identity left them.
    """
    marker = folder / IDENTITY
    is_other = folder.exists() and not (marker.exists() and marker.read_text() == identity)
    if is_other:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, PENDING):
        (folder / name).unlink(missing_ok=True)
    write_atomic(marker, identity)
    return is_other


def _files(folder: Path) -> dict[str, str]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): sha256_file(path)
        for path in paths
        if str(path.relative_to(folder)) not in VOLATILE
    }


def files_digest(files: Mapping[str, str]) -> str:
    """Return the digest of a stage's output: of the digests of its files by path."""
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _lineage(context: StageContext) -> dict[str, StageRecord]:
    """Return the records of all stages that the inputs come from; an input may be a part of a stage's folder."""
    known: dict[str, StageRecord] = {}
    for folder in context.inputs.values():
        for root in (folder, folder.parent):
            if StageManifest.describes(root):
                manifest = StageManifest.read(root)
                known |= manifest.lineage
                known[manifest.step] = StageRecord(**{key: getattr(manifest, key) for key in StageRecord.model_fields})
                break
    return known
