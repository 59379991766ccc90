"""Steps of a test, as Kubeflow Pipelines starts them."""

from pathlib import Path

from codekiln.stages.base import StageManifest, Summary
from codekiln.stages.monitoring.step_watch import watched


def end(stage: str, run: Path, summary: Summary | None = None) -> None:
    """Let a step of a stage end well, with the given summary and the folder that the run has of it."""
    fields = {"files": {}, "digest": "d", "settings": {}, "inputs": {}, "code_version": "c", "identity": "i"}
    tracking = {"run_id": "3d4e5f"}
    manifest = StageManifest(
        stage=stage, step=stage, summary=summary or Summary(), seconds=12.5, tracking=tracking, **fields
    )
    with watched(stage, stage, run / "check") as ended:
        ended(manifest, run / stage)


def fail(stage: str, run: Path, error: BaseException) -> None:
    """Let a step of a stage end with an error."""
    try:
        with watched(stage, stage, run / "check"):
            raise error
    except type(error):
        pass
