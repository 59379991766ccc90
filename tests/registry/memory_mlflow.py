"""MLflow's registry in memory, for tests that move aliases many times: what ``MlflowClient`` answers, without SQLite.

Error codes are those that ``mlflow.store.model_registry.sqlalchemy_store`` raises, which ``test_registry.py`` meets.
"""

from types import SimpleNamespace
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST
from mlflow.store.entities import PagedList

from codekiln.registry import Registry


class MemoryClient:
    """Registered models, versions, tags and aliases.

    Attributes:
        fail_at: Number of the write from now on that raises, the first being 0; None: none does.
    """

    def __init__(self) -> None:
        self.models: dict[str, SimpleNamespace] = {}
        self.numbered: dict[str, dict[str, SimpleNamespace]] = {}
        self.fail_at: int | None = None

    def _write(self) -> None:
        if self.fail_at is not None:
            self.fail_at -= 1
            if self.fail_at < 0:
                raise OSError("MLflow is gone")

    def create_registered_model(self, name: str) -> None:
        self._write()
        if name in self.models:
            raise MlflowException("there already", RESOURCE_ALREADY_EXISTS)
        self.models[name] = SimpleNamespace(name=name, tags={}, aliases={})
        self.numbered[name] = {}

    def get_registered_model(self, name: str) -> SimpleNamespace:
        if name not in self.models:
            raise MlflowException("no model", RESOURCE_DOES_NOT_EXIST)
        return self.models[name]

    def set_registered_model_tag(self, name: str, key: str, value: str) -> None:
        self._write()
        self.get_registered_model(name).tags[key] = value

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._write()
        self.get_registered_model(name).tags.pop(key, None)

    def create_model_version(self, name: str, source: str, run_id: str, tags: dict[str, str]) -> SimpleNamespace:
        self._write()
        versions = self.numbered[name]
        made = SimpleNamespace(name=name, version=len(versions) + 1, source=source, run_id=run_id, tags=dict(tags))
        versions[str(made.version)] = made
        return made

    def delete_model_version(self, name: str, version: str) -> None:
        self._write()
        del self.numbered[name][version]
        aliases = self.models[name].aliases
        self.models[name].aliases = {alias: number for alias, number in aliases.items() if number != version}

    def get_model_version(self, name: str, version: str) -> SimpleNamespace:
        if version not in self.numbered.get(name, {}):
            raise MlflowException("no version", RESOURCE_DOES_NOT_EXIST)
        return self.numbered[name][version]

    def search_model_versions(self, query: str, page_token: str | None = None) -> Any:
        name = query.removeprefix("name = '").removesuffix("'")
        return PagedList(list(self.numbered.get(name, {}).values()), None)

    def set_model_version_tag(self, name: str, version: str, key: str, value: str) -> None:
        self._write()
        self.get_model_version(name, version).tags[key] = value

    def get_model_version_by_alias(self, name: str, alias: str) -> SimpleNamespace:
        number = self.get_registered_model(name).aliases.get(alias)
        if number is None:
            raise MlflowException("no alias", INVALID_PARAMETER_VALUE)
        return self.get_model_version(name, number)

    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        self._write()
        self.get_registered_model(name).aliases[alias] = version

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        self._write()
        self.get_registered_model(name).aliases.pop(alias, None)

    def get_run(self, run_id: str) -> SimpleNamespace:
        return SimpleNamespace(data=SimpleNamespace(tags={"mlflow.user": "ada"}))


def memory_registry() -> Registry:
    """Return codekiln's registry on a MemoryClient."""
    registry = Registry.__new__(Registry)
    registry.uri, registry.client, registry.experiment_id = "http://mlflow:5000", MemoryClient(), "0"
    return registry
