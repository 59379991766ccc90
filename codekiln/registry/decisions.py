"""Decisions of the gate in MLflow: one tag of the registered model each, and its files with the run that made it."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.data.files import sha256_file, write_atomic
from codekiln.errors import RegistryError
from codekiln.registry.connection import explain_errors, upsert
from codekiln.registry.runs import PREFIX, TEXT_LENGTH

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import RegisteredModel

DECISION, PROBLEMS = f"{PREFIX}decision.", f"{PREFIX}problems."
FOLDER = "decisions"
_PART = re.compile(re.escape(PROBLEMS) + r"(?P<set>\w+)\.(?P<part>\d+)-of-(?P<parts>\d+)")
_PAGE = 1000


class Decisions:
    """The decisions about registered models; a base class of ``Registry``.

    Each is a tag of its own, so that writers at the same time do not lose each other's, and one call lists all.
    """

    client: "MlflowClient"
    uri: str

    @explain_errors
    def decisions(self, model_name: str) -> list[str]:
        """Return the text of every decision about a registered model; none when there is no such model yet."""
        return [text for key, text in self.model_tags(model_name).items() if key.startswith(DECISION)]

    @explain_errors
    def model_tags(self, model_name: str) -> dict[str, str]:
        """Return the tags of a registered model; none when there is no such model yet."""
        from mlflow.exceptions import MlflowException

        try:
            return dict(self.client.get_registered_model(model_name).tags)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}

    @explain_errors
    def tag_model(self, model_name: str, key: str, text: str) -> None:
        """Set a tag of a registered model, which has to be there."""
        upsert(self.client.set_registered_model_tag, model_name, key, text)

    @explain_errors
    def untag_model(self, model_name: str, key: str) -> None:
        """Delete a tag of a registered model, if it is there."""
        if key in self.model_tags(model_name):
            self.client.delete_registered_model_tag(model_name, key)

    @explain_errors
    def all_decisions(self) -> tuple[dict[str, list[str]], dict[str, str]]:
        """Return the texts of all decisions by registered model, and the texts of all evaluation sets by digest.

        A set that is not recorded whole under any model is left out.
        """
        found: dict[str, list[str]] = {}
        sets: dict[str, str] = {}
        token: str | None = ""
        while token is not None:
            page = self.client.search_registered_models(
                max_results=_PAGE, order_by=["name ASC"], page_token=token or None
            )
            for model in page:
                found[model.name] = [text for key, text in model.tags.items() if key.startswith(DECISION)]
                sets |= _whole(model.tags)
            token = page.token or None
        return found, sets

    @explain_errors
    def record_decision(self, model_name: str, key: str, text: str) -> None:
        """Record or replace the decision ``key``, of at most 5,000 characters; the model is created when it is new."""
        self._create(model_name)
        upsert(self.client.set_registered_model_tag, model_name, DECISION + key, text)

    @explain_errors
    def record_set(self, model_name: str, digest: str, text: str) -> None:
        """Record what an evaluation set consists of, in as many tags as it takes."""
        self._create(model_name)
        parts = [text[start : start + TEXT_LENGTH] for start in range(0, len(text), TEXT_LENGTH)]
        for number, part in enumerate(parts, 1):
            upsert(
                self.client.set_registered_model_tag, model_name, f"{PROBLEMS}{digest}.{number}-of-{len(parts)}", part
            )

    @explain_errors
    def keep_files(self, run_id: str, key: str, files: Sequence[Path]) -> None:
        """Keep files of the decision ``key`` as artifacts of a run."""
        for path in files:
            self.client.log_artifact(run_id, str(path), f"{FOLDER}/{key}")

    @explain_errors
    def fetch_files(self, run_id: str, key: str, digests: Mapping[str, str], folder: Path) -> None:
        """Copy files of the decision ``key``, given with their sha256 by name, into ``folder``.

        Raises:
            RegistryError: The run or a file is gone, or a file was changed.
        """
        with tempfile.TemporaryDirectory() as temporary:
            for name, digest in digests.items():
                found = Path(self.client.download_artifacts(run_id, f"{FOLDER}/{key}/{name}", temporary))
                if sha256_file(found) != digest:
                    raise RegistryError(
                        f"{FOLDER}/{key}/{name} of run {run_id} was changed after the decision\n  fix: restore the file"
                    )
                write_atomic(folder / name, found.read_bytes())

    def _models(self) -> Iterator["RegisteredModel"]:
        token: str | None = None
        while True:
            page = self.client.search_registered_models(max_results=_PAGE, order_by=["name ASC"], page_token=token)
            yield from page
            if not (token := page.token):
                return

    def _create(self, model_name: str) -> None:
        from mlflow.exceptions import MlflowException

        try:
            self.client.create_registered_model(model_name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise


def _whole(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the sets whose every part is among the tags of a registered model, by digest."""
    parts: dict[tuple[str, int], dict[int, str]] = defaultdict(dict)
    for key, text in tags.items():
        if found := _PART.fullmatch(key):
            parts[found["set"], int(found["parts"])][int(found["part"])] = text
    return {
        digest: "".join(texts[number] for number in sorted(texts))
        for (digest, count), texts in parts.items()
        if len(texts) == count
    }
