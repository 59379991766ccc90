"""The output folder of check: resolved settings, both problem sets, and where MLflow tracks the run."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.data.files import write_atomic
from codekiln.errors import InputError
from codekiln.evaluation.ledger import LEDGER
from codekiln.registry.sqlite_uri import sqlite_path, sqlite_uri
from codekiln.settings.resolve import validate
from codekiln.settings.schema import Settings

if TYPE_CHECKING:
    from codekiln.registry import Registry

WORKDIR = "CODEKILN_WORKDIR"
SETTINGS, TRACKING, TRAIN, EVALUATION = "settings.json", "tracking.json", "train_problems", "evaluation_problems"


@dataclass(frozen=True)
class Tracking:
    """Where MLflow tracks a run: server, experiment, and the parent run of the stages' runs, with its name."""

    uri: str
    experiment: str
    parent_run_id: str
    name: str = ""


def write_settings(folder: Path, settings: Settings) -> None:
    """Write the resolved settings."""
    write_atomic(folder / SETTINGS, settings.model_dump_json(indent=2) + "\n")


def write_tracking(folder: Path, tracking: Tracking) -> None:
    """Record where the run is tracked."""
    write_atomic(folder / TRACKING, json.dumps(asdict(tracking), indent=2) + "\n")


def read_settings(folder: Path) -> Settings:
    """Return the resolved settings of a run.

    Raises:
        InputError: ``folder`` is not an output of check.
    """
    path = folder / SETTINGS
    if not path.exists():
        raise InputError("holds no settings.json", where=str(folder), fix="give the output folder of check")
    return validate(json.loads(path.read_bytes()), where=str(path))


def find_tracking(folder: Path) -> Tracking | None:
    """Return where the run is tracked, or None before its parent run exists."""
    path = folder / TRACKING
    return Tracking(**json.loads(path.read_bytes())) if path.exists() else None


def read_tracking(folder: Path) -> Tracking:
    """Return where the run is tracked.

    Raises:
        InputError: Its parent run does not exist yet.
    """
    if (tracking := find_tracking(folder)) is None:
        raise InputError(f"holds no {TRACKING}", where=str(folder), fix="give the output folder of check")
    return tracking


def tracking_uri(settings: Settings, folder: Path) -> str:
    """Return the MLflow server of a run: the setting, MLFLOW_TRACKING_URI, or mlflow.db beside the run's folder."""
    return (
        settings.tracking_uri
        or os.environ.get("MLFLOW_TRACKING_URI", "")
        or sqlite_uri(folder.absolute().parent / "mlflow.db")
    )


def open_registry(settings: Settings, folder: Path) -> "Registry":
    """Connect to the tracking server and model registry of a run."""
    from codekiln.registry import Registry

    return Registry(tracking_uri(settings, folder), settings.experiment)


def ledger_file(run_folder: Path) -> Path | None:
    """Return the ledger beside the folders of a run on this machine, or None on a cluster, which has no such place."""
    is_local = WORKDIR in os.environ or sqlite_path(read_tracking(run_folder).uri) is not None
    return run_folder.absolute().parent / LEDGER if is_local else None


def registry_of(run_folder: Path) -> "Registry":
    """Connect to the tracking server and model registry that check recorded for a run."""
    from codekiln.registry import Registry

    tracking = read_tracking(run_folder)
    return Registry(tracking.uri, tracking.experiment)
