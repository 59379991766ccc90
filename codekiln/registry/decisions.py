"""Decisions of the gate in MLflow: one tag of the registered model each, and its files with the run that made it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.data.files import write_atomic
from codekiln.registry.connection import explain_errors
from codekiln.registry.runs import PREFIX

if TYPE_CHECKING:
    from mlflow import MlflowClient

DECISION = f"{PREFIX}decision."
FOLDER = "decisions"


class Decisions:
    """The decisions about a registered model; a base class of ``Registry``.

    Each is a tag of its own, so that writers at the same time do not lose each other's, and one call lists all.
    """

    client: "MlflowClient"
    uri: str

    @explain_errors
    def decisions(self, model_name: str) -> list[str]:
        """Return the text of every decision; none when there is no such model yet."""
        from mlflow.exceptions import MlflowException

        try:
            tags = self.client.get_registered_model(model_name).tags
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return []
        return [text for key, text in tags.items() if key.startswith(DECISION)]

    @explain_errors
    def record_decision(self, model_name: str, key: str, text: str) -> None:
        """Record or replace the decision ``key``, of at most 5,000 characters; the model is created when it is new."""
        self._create(model_name)
        self.client.set_registered_model_tag(model_name, DECISION + key, text)

    @explain_errors
    def keep_files(self, run_id: str, key: str, files: Sequence[Path]) -> None:
        """Keep files of the decision ``key`` as artifacts of a run."""
        for path in files:
            self.client.log_artifact(run_id, str(path), f"{FOLDER}/{key}")

    @explain_errors
    def fetch_files(self, run_id: str, key: str, names: Sequence[str], folder: Path) -> None:
        """Copy files of the decision ``key`` into ``folder``.

        Raises:
            RegistryError: The run or a file is gone.
        """
        with tempfile.TemporaryDirectory() as temporary:
            for name in names:
                found = self.client.download_artifacts(run_id, f"{FOLDER}/{key}/{name}", temporary)
                write_atomic(folder / name, Path(found).read_bytes())

    def _create(self, model_name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
