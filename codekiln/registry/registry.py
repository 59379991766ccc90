"""The registry: a parent run per pipeline run, a nested run per stage, and the adapters that stages log."""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from codekiln.errors import RegistryError
from codekiln.registry.connection import connect, current_user, explain_errors
from codekiln.registry.moved_store import ARTIFACTS
from codekiln.registry.runs import PREFIX, TEXT_LENGTH, StageRun, adapter_digest, data_of, log_params
from codekiln.registry.versions import ModelVersions, Version

PARENT, NAME, ERROR = "mlflow.parentRunId", "mlflow.runName", f"{PREFIX}error"


class Registry(ModelVersions):
    """A connection to MLflow: runs, adapters and registered versions.

    Args:
        uri: Tracking URI, for example ``sqlite:///mlflow.db`` or ``http://mlflow:5000``.
        experiment: Experiment name, created when it is new; None for a connection that only reads.

    Raises:
        RegistryError: From every method too: the server cannot be reached or refuses; with the fix.
    """

    def __init__(self, uri: str, experiment: str | None) -> None:
        self.uri = uri
        self.client, self.experiment_id = connect(uri, experiment)

    @explain_errors
    def start_parent(
        self,
        name: str,
        params: Mapping[str, Any],
        tags: Mapping[str, Any] | None = None,
        run_id: str | None = None,
    ) -> str:
        """Start or continue the run that is the parent of all stages, and return its id.

        The run ``run_id`` is continued where it is given, or else the parent of the run in MLFLOW_RUN_ID: there the
        MLflow plugin of Kubeflow Pipelines passes its own run of the current task, whose parent is the pipeline's.
        """
        given = {str(key): str(value) for key, value in (tags or {}).items()}
        found = run_id or self._pipeline_run()
        if found is None:
            found = self.client.create_run(self.experiment_id, tags=_context() | given, run_name=name).info.run_id
        else:
            self.client.update_run(found, status="RUNNING")
            for key, value in given.items():
                self.client.set_tag(found, key, value)
        log_params(self.client, found, params)
        return found

    @contextmanager
    def stage(self, parent_run_id: str, name: str) -> Iterator[StageRun]:
        """Provide a nested run for one stage; it ends FINISHED, or FAILED with the error as a tag.

        Earlier runs of the same stage that a killed process left RUNNING are marked KILLED. Stages that run at the same
        time under one parent therefore need different names. In a task of the MLflow plugin of Kubeflow Pipelines the
        task's own run is used, which the plugin ends.
        """
        run_id, is_ours = self._stage_run(parent_run_id, name)
        try:
            yield StageRun(self.client, self.uri, run_id)
        except BaseException as error:
            self._fail(run_id, error)
            raise
        if is_ours:
            self.finish(run_id, "FINISHED")

    @explain_errors
    def finish(self, run_id: str, status: Literal["FINISHED", "FAILED", "KILLED"] = "FINISHED") -> None:
        """End a run."""
        self.client.set_terminated(run_id, status)

    @explain_errors
    def name_of(self, run_id: str) -> str:
        """Return the name of a run, as MLflow's pages show it."""
        return str(self.client.get_run(run_id).info.run_name or "")

    @explain_errors
    def experiment_of(self, run_id: str) -> str:
        """Return the id of the experiment that a run belongs to."""
        return str(self.client.get_run(run_id).info.experiment_id)

    @explain_errors
    def user_of(self, run_id: str) -> str:
        """Return who started a run, as MLflow shows it."""
        return str(self.client.get_run(run_id).data.tags.get("mlflow.user", ""))

    @explain_errors
    def stages_of(self, run_id: str) -> dict[str, list[str]]:
        """Return the stages of a run by name, each with the sha256 of the data sets it read; none without the run."""
        from mlflow.exceptions import MlflowException

        try:
            parent = self.client.get_run(run_id)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}
        nested = self.client.search_runs([parent.info.experiment_id], f"tags.`{PARENT}` = '{run_id}'")
        return {run.data.tags.get(f"{PREFIX}stage", run.info.run_name): data_of(run) for run in nested}

    @explain_errors
    def download_adapter(self, model_id_or_uri: str, destination: Path) -> Path:
        """Download an adapter's files, verify that it is the one that was logged, and return ``destination``.

        Args:
            model_id_or_uri: A logged model's id, ``models:/<id>``, ``models:/<name>/<version>`` or
                ``models:/<name>@<alias>``.
            destination: Folder to fill; created when it is new.

        Raises:
            InputError: There is no such version, with the names that there are.
            RegistryError: There is no such logged model, or the adapter differs from its ``adapter_digest``.
        """
        source, digest = self._locate(model_id_or_uri.removeprefix("models:/"))
        self.download(source, destination)
        if (found := adapter_digest(destination)) != digest:
            raise RegistryError(
                f"its digest is {found[:12]}, but {digest[:12]} was logged: the stored files were changed",
                where=f"adapter {model_id_or_uri}",
                fix=f"train it again, or restore {source}",
            )
        return Path(destination)

    @explain_errors
    def download(self, source: str, destination: Path, path: str = "") -> Path:
        """Download the files at ``source``, or those of its folder ``path``, as they are; returns their folder.

        Raises:
            RegistryError: They are not there.
        """
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        place = Path(unquote(urlsplit(source).path))
        if urlsplit(source).scheme == "file" and not place.exists():
            # MLflow would download nothing.
            fix = f"put {ARTIFACTS} back there, or beside its database, and give that database"
            raise RegistryError("the files of the version are not there", where=str(place), fix=fix)
        Path(destination).mkdir(parents=True, exist_ok=True)
        repository = get_artifact_repository(source, self.client.tracking_uri)
        repository.download_artifacts(path, str(destination))  # type: ignore[no-untyped-call]  # MLflow has no types here
        return Path(destination) / path

    @explain_errors
    def read_files(self, version: Version, folder: str, names: Collection[str]) -> dict[str, bytes]:
        """Return those of the named files that are in a folder of a version's artifacts."""
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        repository = get_artifact_repository(version.source, self.client.tracking_uri)
        found = {Path(each.path).name for each in repository.list_artifacts(folder) if not each.is_dir}
        with tempfile.TemporaryDirectory() as temporary:
            return {
                name: self.download(version.source, Path(temporary), f"{folder}/{name}").read_bytes()
                for name in names
                if name in found
            }

    @explain_errors
    def add_files(self, version: Version, folder: str, files: Mapping[str, bytes]) -> None:
        """Add files to the artifacts of a version, in a folder of their own, or replace them; the last comes last."""
        with tempfile.TemporaryDirectory() as temporary:
            for name, content in files.items():
                path = Path(temporary) / name
                path.write_bytes(content)
                self.client.log_model_artifact(version.model_id, str(path), folder)

    def _locate(self, address: str) -> tuple[str, str]:
        """Return where an adapter's files are, and the digest of its weights."""
        if "@" in address or "/" in address:
            version = self.named(address)
            return version.source, version.adapter_digest
        model = self.client.get_logged_model(address)
        return model.artifact_location, model.tags["adapter_digest"]

    def _fail(self, run_id: str, error: BaseException) -> None:
        try:
            self._tag_run(run_id, ERROR, f"{type(error).__name__}: {error}"[:TEXT_LENGTH])
            self.finish(run_id, "FAILED")
        except RegistryError as refusal:
            # A note, so that the error of the stage stays the one that is raised.
            error.add_note(f"and the run could not be marked FAILED: {refusal}")

    @explain_errors
    def _tag_run(self, run_id: str, key: str, value: str) -> None:
        self.client.set_tag(run_id, key, value)

    @explain_errors
    def _stage_run(self, parent_run_id: str, name: str) -> tuple[str, bool]:
        task = os.environ.get("MLFLOW_RUN_ID")
        if task and self._tag_of(task, PARENT) == parent_run_id:
            self.client.update_run(task, status="RUNNING")
            return task, False
        parent = self.client.get_run(parent_run_id)
        for run in self._left_running(parent.info.experiment_id, parent_run_id, name):
            self.client.set_terminated(run, "KILLED")
        # Pages that compare the same stage of two runs show its name twice.
        whose = {f"{PREFIX}run": parent.info.run_name}
        tags = _context() | whose | {PARENT: parent_run_id, f"{PREFIX}stage": name}
        return self.client.create_run(parent.info.experiment_id, tags=tags, run_name=name).info.run_id, True

    def _left_running(self, experiment_id: str, parent_run_id: str, name: str) -> list[str]:
        same = f"tags.`{PARENT}` = '{parent_run_id}' and tags.`{PREFIX}stage` = '{name}'"
        running = self.client.search_runs([experiment_id], f"{same} and attributes.status = 'RUNNING'")
        return [run.info.run_id for run in running]

    def _pipeline_run(self) -> str | None:
        task = os.environ.get("MLFLOW_RUN_ID")
        return (self._tag_of(task, PARENT) or task) if task else None

    def _tag_of(self, run_id: str, key: str) -> str | None:
        return self.client.get_run(run_id).data.tags.get(key)


def _context() -> dict[str, str]:
    return {"mlflow.user": current_user(), "mlflow.source.name": "codekiln", "mlflow.source.type": "LOCAL"}
