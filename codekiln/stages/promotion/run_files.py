"""Compares a record with the folder of the run: data sets, samples, verdicts and settings, byte by byte."""

from functools import partial
from pathlib import Path

from codekiln.data.files import sha256_file
from codekiln.data.manifests import damaged_files
from codekiln.stages.base import StageManifest, files_digest
from codekiln.stages.promotion.findings import Case, Checks, Fails, Unchecked, equal
from codekiln.stages.promotion.record import Step, settings_digest
from codekiln.stages.run_folder import SETTINGS


def checks(case: Case) -> Checks:
    """Yield the checks that read the run's folder."""
    if case.run is None:
        yield "data, samples and verdicts", partial(_not_given)
        return
    yield "settings", partial(_settings, case, case.run)
    for name, step in case.promotion.lineage.items():
        yield f"stage {name}", partial(_stage, case, case.run, name, step)


def _not_given() -> str:
    raise Unchecked("no folder of the run was given (--run)")


def _settings(case: Case, run: Path) -> str:
    path = run / "check" / SETTINGS
    if not path.is_file():
        raise Fails(f"there is no {path}")
    equal(str(path), sha256_file(path), case.promotion.settings)
    return "those of the record"


def _stage(case: Case, run: Path, name: str, step: Step) -> str:
    # Names come from the record: none leads out of the folder.
    folder = run / Path(name).name
    if not (folder / "manifest.json").is_file():
        raise Unchecked(f"there is no {folder}")
    manifest = StageManifest.read(folder)
    equal("digest", manifest.digest, step.digest)
    equal("digest of the manifest's files", files_digest(manifest.files), step.digest)
    equal("inputs", manifest.inputs, step.inputs)
    equal("digest of the settings", settings_digest(manifest.settings), step.settings)
    for path, detail in damaged_files(folder, manifest.files):
        raise Fails(f"{path}: {detail}")
    if manifest.digest == case.promotion.evaluation.digest:
        equal("files", dict(manifest.files), case.promotion.evaluation.files)
    return f"{len(manifest.files)} files as they were"
