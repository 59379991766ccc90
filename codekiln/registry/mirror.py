"""Kubeflow's Model Registry follows MLflow's registry: MLflow decides, and whatever differs is made equal.

Nothing is handed over event by event. ``Mirror.follow`` reads what MLflow has now and compares, so that a repetition
completes whatever was interrupted, in whichever of the two. It reads MLflow again after it has written: of two
processes at once the last to write is the last to look.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from codekiln.errors import RegistryError
from codekiln.registry.connection import without_password
from codekiln.registry.kubeflow import Conflict, Entity, KubeflowClient, finite, metadata
from codekiln.registry.kubeflow_connection import Connection, KubeflowRegistrySettings, find_connection
from codekiln.registry.registry import Registry
from codekiln.registry.runs import PREFIX
from codekiln.registry.versions import CHALLENGER, CHAMPION, NO_VERSION, PREVIOUS, Version

ALIASES = (CHAMPION, CHALLENGER, PREVIOUS)
MIRRORED = f"{PREFIX}kubeflow_registry"
"""Tag of MLflow's registered model: address of the registry that follows it."""
UNDOING = f"{PREFIX}undoing"
"""Tag of MLflow's registered model while its champion is taken back: FROM>TO, the two versions."""
MEASURES, PEFT = "measures", "peft_version"
COMPLETE = "mlflow_uri"
"""Custom property that a version gets last, when it has its artifact."""
LONGEST = 2500
"""Bytes of a text; older registries on PostgreSQL index texts, and refuse those of more than 2,704 bytes."""
_MODELS, _VERSIONS = "/registered_models", "/model_versions"
_ROUNDS = 5
_SERVABLE = {"s3", "gs", "hdfs", "webhdfs", "abfs", "abfss", "wasbs", "https", "http", "hf", "pvc"}
_KEPT = (
    "adapter_digest", "base_model", "base_revision", "code_version", "evaluation", "metric", "parent_adapter", "recipe",
    "reference", "report", "seed", "stage", "verdict", "verdict_candidate_number", "verdict_level", "verdict_sentence",
)  # fmt: skip


def mirror_of(registry: Registry, name: str, chosen: KubeflowRegistrySettings) -> "Mirror | None":
    """Return the registry of Kubeflow that follows MLflow's for a registered model, or None when there is none.

    Where it followed before it still does, whether or not it is chosen now: else the two would part.

    Raises:
        InputErrors: What names it is no address.
    """
    connection = find_connection(chosen, registry.model_tags(name).get(MIRRORED, ""))
    return Mirror(registry, connection) if connection else None


class Mirror:
    """Keeps Kubeflow's Model Registry equal to the registered models of MLflow.

    Args:
        registry: MLflow.
        connection: Kubeflow's Model Registry.

    Raises:
        RegistryError: From every method too: one of the two cannot be reached or refuses; with the fix.
    """

    def __init__(self, registry: Registry, connection: Connection) -> None:
        self.registry, self.connection = registry, connection
        self.client = KubeflowClient(connection)
        self.address, self._tracking_uri = without_password(self.client.uri), without_password(registry.uri)

    def probe(self, name: str) -> str:
        """Prove that the registry answers, may be written to, and can follow ``name``; returns a sentence about it.

        Raises:
            RegistryError: It does not or cannot.
        """
        model = self.client.model(name)
        self.client.require_writable(model)
        if model is not None:
            self._require_ours(self._wanted(name), self.client.versions(model["id"]))
        return f"Kubeflow's Model Registry at {self.address} follows"

    def follow(self, name: str, *, record: bool = False) -> str:
        """Make Kubeflow's registry equal to MLflow's in everything about a registered model; returns its champion.

        Versions that have an alias or a verdict are registered; those with an alias are LIVE. The pointer to the
        champion is a custom property of the registered model, which one request moves.

        Args:
            name: Registered model name.
            record: Whether whoever changes the model later shall find the registry at this address.

        Raises:
            RegistryError: Also when a version there, of the same name, is another adapter.
        """
        # Before anything is written there: from now on nobody may change one of the two alone.
        if record or MIRRORED not in self.registry.model_tags(name):
            self.registry.tag_model(name, MIRRORED, self.address)
        for _ in range(_ROUNDS):
            wanted = self._wanted(name)
            self._write(name, wanted)
            if self._aliases(self._wanted(name)) == self._aliases(wanted):
                self.registry.untag_model(name, UNDOING)
                return self._aliases(wanted).get(CHAMPION, "none")
        raise RegistryError(f"the aliases of '{name}' in MLflow change all the time", fix="repeat this step")

    def undo(self, name: str) -> tuple[Version | None, bool]:
        """Undo the champion's promotion in both registries.

        An undoing that was interrupted is completed, and nothing further undone.

        Returns:
            The champion after it, or None, and whether this only completed an earlier undoing.
        """
        before, _, after = self.registry.model_tags(name).get(UNDOING, "").partition(">")
        champion, previous = self.registry.champion(name), self.registry.previous(name)
        is_repeated = bool(before) and _number(champion) == after
        if champion and not is_repeated:
            self.registry.tag_model(name, UNDOING, f"{_number(champion)}>{_number(previous)}")
        if not is_repeated or (previous and champion and previous.version == champion.version):
            champion = self.registry.rollback(name)
        self.follow(name)
        return champion, is_repeated

    def _wanted(self, name: str) -> dict[str, Version]:
        versions = {str(each.version): each for each in self.registry.versions(name)}
        return {number: each for number, each in versions.items() if each.aliases or "verdict" in each.tags}

    def _aliases(self, versions: Mapping[str, Version]) -> dict[str, str]:
        return {alias: number for number, each in versions.items() for alias in each.aliases if alias in ALIASES}

    def _write(self, name: str, wanted: Mapping[str, Version]) -> None:
        model = self._model(name, wanted)
        there = self.client.versions(model["id"])
        self._require_ours(wanted, there)
        for number, version in wanted.items():
            if number not in there:
                there[number] = self._version(model, version)
            if COMPLETE not in (there[number].get("customProperties") or {}):
                self._artifact(there[number], version)
        # Whoever looks meanwhile finds the champion that is pointed at LIVE.
        for number in sorted(wanted, key=lambda number: not wanted[number].aliases):
            if wanted[number].aliases:
                self._describe(there[number], wanted[number])
        pointers = {alias: metadata(number) for alias, number in self._aliases(wanted).items()}
        self.client.update(_MODELS, model, customProperties={**dict.fromkeys(ALIASES), **pointers})
        for number, entity in there.items():
            if number in wanted and not wanted[number].aliases:
                self._describe(entity, wanted[number])
            elif number not in wanted and COMPLETE in (entity.get("customProperties") or {}):
                self.client.update(_VERSIONS, entity, state="ARCHIVED", customProperties=dict.fromkeys(ALIASES))

    def _require_ours(self, wanted: Mapping[str, Version], there: Mapping[str, Entity]) -> None:
        for number, version in wanted.items():
            found = (there.get(number, {}).get("customProperties") or {}).get("adapter_digest", {})
            if number in there and found.get("string_value") != version.tags.get("adapter_digest", ""):
                raise RegistryError(
                    f"Kubeflow's Model Registry has another version '{number}' of '{version.name}' than MLflow: it was "
                    "registered by something else, or from another MLflow\n  fix: choose another registered model name "
                    "with promote_as, or rename the registered model there"
                )

    def _model(self, name: str, wanted: Mapping[str, Version]) -> Entity:
        if found := self.client.model(name):
            return found
        base = next((each.tags["base_model"] for each in wanted.values() if "base_model" in each.tags), "")
        values = {
            "name": name,
            "owner": self._author(next(iter(wanted.values()), None)),
            "description": f"Adapters of {base}, judged by codekiln; MLflow has the decisions and the files.",
            "customProperties": _texts({"base_model": base, "mlflow_tracking_uri": self._tracking_uri}),
        }
        try:
            return self.client.create(_MODELS, values)
        except Conflict as error:
            # Another process made it meanwhile.
            if (found := self.client.model(name)) is None:
                raise error
            return found

    def _version(self, model: Entity, version: Version) -> Entity:
        """Create a version, as yet without what its being complete says."""
        values = {
            "name": str(version.version),
            "registeredModelId": model["id"],
            "author": self._author(version),
            "state": "ARCHIVED",
            "customProperties": {"adapter_digest": metadata(version.tags.get("adapter_digest", ""))},
        }
        try:
            return self.client.create(_VERSIONS, values)
        except Conflict as error:
            if (found := self.client.versions(model["id"]).get(str(version.version))) is None:
                raise error
            return found

    def _artifact(self, entity: Entity, version: Version) -> None:
        """Give a version its artifact, under the registered model's name, by which Kubeflow's client looks for it."""
        if any(each.get("name") == version.name for each in self.client.artifacts(entity["id"])):
            return
        uri, tags = _location(version), version.tags
        values: dict[str, Any] = {
            "artifactType": "model-artifact",
            "name": version.name,
            "uri": uri,
            "state": "LIVE",
            "modelFormatName": "peft",
            "modelFormatVersion": tags.get(PEFT, ""),
            "modelSourceKind": "mlflow",
            "modelSourceClass": "run",
            "modelSourceId": version.run_id,
            "modelSourceName": version.uri,
        }
        if self.connection.storage_key and urlsplit(uri).scheme == "s3":
            values |= {"storageKey": self.connection.storage_key, "storagePath": urlsplit(uri).path.lstrip("/")}
        filled = {key: value for key, value in values.items() if value}
        try:
            self.client.create(f"{_VERSIONS}/{entity['id']}/artifacts", filled)
        except Conflict:
            # A process that mirrors at the same time has made it.
            return

    def _describe(self, entity: Entity, version: Version) -> None:
        labels = {alias: metadata("") if alias in version.aliases else None for alias in ALIASES}
        values: dict[str, Any] = {"state": "LIVE" if version.aliases else "ARCHIVED"}
        if sentence := version.tags.get("verdict_sentence"):
            values["description"] = _short(sentence)
        self.client.update(_VERSIONS, entity, **values, customProperties={**self._properties(version), **labels})

    def _properties(self, version: Version) -> Entity:
        kept = {key: text for key, text in version.tags.items() if key in _KEPT or key.startswith("data.")}
        measures = json.loads(version.tags.get(MEASURES, "{}"))
        figures = {key: metadata(value) for key, value in finite(measures).items()}
        own = {
            "mlflow_model_id": version.model_id,
            "mlflow_run_id": version.run_id,
            "mlflow_tracking_uri": self._tracking_uri,
            COMPLETE: version.uri,
        }
        return {**_texts({**kept, **own}), **figures}

    def _author(self, version: Version | None) -> str:
        if self.connection.owner or version is None:
            return self.connection.owner
        return self.registry.user_of(version.run_id)


def _number(version: Version | None) -> str:
    return str(version.version) if version else NO_VERSION


def _texts(values: Mapping[str, str]) -> Entity:
    # Kubeflow's UI shows a property that is an empty text as a label.
    return {key: metadata(_short(text)) for key, text in values.items() if text}


def _short(text: str) -> str:
    return text if len(text.encode()) <= LONGEST else text.encode()[: LONGEST - 3].decode(errors="ignore") + "..."


def _location(version: Version) -> str:
    """Return a URI of an adapter's files that KServe can read or, where only MLflow hands them out, MLflow's own."""
    return version.source if urlsplit(version.source).scheme in _SERVABLE else version.uri
