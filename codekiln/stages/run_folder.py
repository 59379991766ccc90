"""The folder check leaves: resolved settings, both problem sets, and where the run is tracked."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.data.files import write_atomic
from codekiln.errors import InputError
from codekiln.settings.resolve import validate
from codekiln.settings.schema import Settings

if TYPE_CHECKING:
    from codekiln.registry import Registry

SETTINGS, TRACKING, TRAIN, EVALUATION = "settings.json", "tracking.json", "train_problems", "evaluation_problems"


@dataclass(frozen=True)
class Tracking:
    """Where a run is tracked: the server, the experiment, and the parent run that stages nest under."""

    uri: str
    experiment: str
    parent_run_id: str


def write_run(folder: Path, settings: Settings) -> None:
    """Write the resolved settings."""
    write_atomic(folder / SETTINGS, settings.model_dump_json(indent=2) + "\n")


def write_tracking(folder: Path, tracking: Tracking) -> None:
    """Remember the parent run."""
    write_atomic(folder / TRACKING, json.dumps(asdict(tracking), indent=2) + "\n")


def read_run(folder: Path) -> Settings:
    """Return the settings of the run that ``folder`` (an output of check) started.

    Raises:
        InputError: ``folder`` is no output of check.
    """
    path = folder / SETTINGS
    if not path.exists():
        raise InputError("holds no settings.json", where=str(folder), fix="give the output folder of check")
    return validate(json.loads(path.read_bytes()), where=str(path))


def read_tracking(folder: Path) -> Tracking | None:
    """Return where the run is tracked, or None before its parent run exists."""
    path = folder / TRACKING
    return Tracking(**json.loads(path.read_bytes())) if path.exists() else None


def tracking_uri(settings: Settings, folder: Path) -> str:
    """Return the MLflow server of a run: the setting, MLFLOW_TRACKING_URI, or mlflow.db beside the run's folder."""
    return (
        settings.tracking_uri
        or os.environ.get("MLFLOW_TRACKING_URI", "")
        or f"sqlite:///{folder.absolute().parent / 'mlflow.db'}"
    )


def open_registry(settings: Settings, folder: Path) -> "Registry":
    """Connect to the tracking server and model registry of a run."""
    from codekiln.registry import Registry

    return Registry(tracking_uri(settings, folder), settings.experiment)


def registry_of(run: Path) -> "Registry":
    """Connect to the tracking server and model registry that check chose for a run."""
    from codekiln.registry import Registry

    tracking = read_tracking(run)
    return Registry(tracking.uri, tracking.experiment)
