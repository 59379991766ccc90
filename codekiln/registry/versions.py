"""Registered versions of an adapter, and the aliases that say which one serves."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from codekiln.errors import InputError, RegistryError, did_you_mean
from codekiln.registry.connection import current_user, explain_errors, upsert
from codekiln.registry.decisions import Decisions
from codekiln.registry.runs import PREFIX, truncated

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous_champion"
# Tag of a champion: the version it replaced, or NO_VERSION.
REPLACED, NO_VERSION = "replaced", "none"
PROMOTED_BY = "promoted_by."
"""Start of the tag of a version that names a decision by which it was promoted."""
EVENT = f"{PREFIX}event."
"""Start of the tag of a registered model that says how the alias of its champion is moved, and by whom."""


@dataclass(frozen=True)
class Version:
    """A registered version of an adapter.

    Attributes:
        name: Registered model name.
        version: Number within that name.
        model_id: Id of the logged model that has its files.
        run_id: Run that logged it.
        source: URI of its files.
        tags: Lineage.
        aliases: Aliases that point at it now.
    """

    name: str
    version: int
    model_id: str
    run_id: str
    source: str
    tags: dict[str, str]
    aliases: tuple[str, ...]

    @property
    def uri(self) -> str:
        """MLflow's URI of exactly this version."""
        return f"models:/{self.name}/{self.version}"

    @property
    def adapter_digest(self) -> str:
        """Digest of the adapter.

        Raises:
            RegistryError: Something else than codekiln registered the version.
        """
        if digest := self.tags.get("adapter_digest"):
            return digest
        aliases = ", ".join(self.aliases) or "none"
        raise RegistryError(
            f"{self.uri} was not registered by codekiln: it has no tag adapter_digest\n"
            f"  fix: point its aliases ({aliases}) at a version that was, or choose another registered model name"
        )


class ModelVersions(Decisions):
    """Operations on registered versions and their aliases; the base class of ``Registry``."""

    @explain_errors
    def champion(self, model_name: str) -> Version | None:
        """Return the version that serves, or None when there is none (or no such model) yet."""
        return self._by_alias(model_name, CHAMPION)

    @explain_errors
    def named(self, address: str) -> Version:
        """Return the version that ``models:/NAME@ALIAS`` or ``models:/NAME/NUMBER`` names.

        Raises:
            InputError: There is none, with the names that there are.
        """
        name, mark, which = re.split("([@/])", f"{address.removeprefix('models:/')}/", maxsplit=1)
        which = which.rstrip("/")
        # A quote would end the name in MLflow's query.
        found = self.versions(name) if "'" not in name else []
        if not found:
            raise InputError(f"no registered model '{name}'", where=address, fix=self._registered_like(name))
        by_name = {f"@{alias}": each for each in found for alias in each.aliases}
        by_name |= {f"/{each.version}": each for each in sorted(found, key=lambda each: each.version)}
        if (chosen := by_name.get(mark + which)) is None:
            what = f"has no {'alias' if mark == '@' else 'version'} '{which}'" if which else "is not one version"
            raise InputError(what, where=f"models:/{name}", fix=f"write one of {', '.join(by_name)} after the name")
        return chosen

    def _registered_like(self, name: str) -> str:
        known = [model.name for model in self._models()]
        if name in known:
            return f"nothing is to be undone; `codekiln promote {name}` promotes what the gate promoted last"
        return did_you_mean(name, known) if known else "nothing is registered there: give another --tracking-uri"

    @explain_errors
    def previous(self, model_name: str) -> Version | None:
        """Return the version that served before, to which a rollback goes, or None."""
        return self._by_alias(model_name, PREVIOUS)

    @explain_errors
    def versions(self, model_name: str) -> list[Version]:
        """Return every version of a registered model; none when there is no such model yet."""
        found: list[ModelVersion] = []
        token: str | None = ""
        while token is not None:
            page = self.client.search_model_versions(f"name = '{model_name}'", page_token=token or None)
            found += page
            token = page.token or None
        aliases = self._aliases(model_name) if found else {}
        return [_version(each, aliases) for each in found]

    @explain_errors
    def find(self, model_name: str, adapter_digest: str) -> Version | None:
        """Return the newest version of the adapter with this digest, or None."""
        query = f"name = '{model_name}' and tags.adapter_digest = '{adapter_digest}'"
        found = self.client.search_model_versions(query)
        newest = max(found, key=lambda item: int(item.version), default=None)
        return self._get(model_name, newest.version) if newest else None

    @explain_errors
    def register(self, model_name: str, model_id: str, tags: Mapping[str, Any]) -> Version:
        """Register a logged adapter, or return the version that has the same weights already.

        Args:
            model_name: Registered model name, created when it is new.
            model_id: Id of the logged model, from ``StageRun.adapter``.
            tags: Lineage: base_model, base_revision, parent_adapter, stage, reference, recipe, metric, code_version,
                data digests. The logged model's own tags, and ``adapter_digest``, are added.

        Raises:
            RegistryError: The logged model is not READY, or MLflow refused it.
        """
        model = self.client.get_logged_model(model_id)
        if (status := model.status.value) != "READY":
            raise RegistryError(f"logged model {model_id} is {status}", fix="run the stage that made it again")
        own = {key: value for key, value in model.tags.items() if not key.startswith("mlflow.")}
        if existing := self.find(model_name, own["adapter_digest"]):
            return existing
        self._create(model_name)
        made = self.client.create_model_version(
            model_name,
            source=model.artifact_location,
            run_id=model.source_run_id,
            model_id=model_id,
            tags={**own, **{key: str(value) for key, value in tags.items()}, "model_id": model_id},
        )
        # MLflow's UI finds the versions of a logged model in this tag.
        links = json.loads(model.tags.get("mlflow.modelVersions", "[]"))
        links.append({"name": model_name, "version": made.version})
        self.client.set_logged_model_tags(model_id, {"mlflow.modelVersions": json.dumps(links)})
        return self._get(model_name, made.version)

    @explain_errors
    def set_challenger(self, version: Version) -> Version:
        """Point ``challenger`` at a version and return it."""
        upsert(self.client.set_registered_model_alias, version.name, CHALLENGER, str(version.version))
        return self._get(version.name, version.version)

    @explain_errors
    def promote(self, version: Version, decision: str) -> Version:
        """Make a version the champion by a decision of the gate, whose key is given, and return it.

        MLflow cannot move two aliases at once, so the order matters: first ``previous_champion``, which a rollback
        needs, then ``champion``, then ``challenger`` is deleted. Wherever this is interrupted, exactly one champion
        serves, and a second call completes the promotion.
        """
        current = self._by_alias(version.name, CHAMPION)
        if current is None or current.version != version.version:
            replaced = str(current.version) if current else NO_VERSION
            if current:
                upsert(self.client.set_registered_model_alias, version.name, PREVIOUS, replaced)
            self._tag(version, {REPLACED: replaced, "promoted_at": _now()})
            self._record_event(version.name, "promoted", replaced, str(version.version), decision)
            upsert(self.client.set_registered_model_alias, version.name, CHAMPION, str(version.version))
        # After the alias has moved: a promotion that is interrupted before is completed by a repetition.
        self._tag(version, {PROMOTED_BY + decision: _now()})
        self._delete_alias(version.name, CHALLENGER, version.version)
        return self._get(version.name, version.version)

    @explain_errors
    def describe_version(self, version: Version, text: str, tags: Mapping[str, str]) -> Version:
        """Set a version's description, which is Markdown, and further tags; returns the version."""
        self.client.update_model_version(version.name, str(version.version), truncated(text))
        self._tag(version, {key: truncated(value) for key, value in tags.items()})
        return self._get(version.name, version.version)

    @explain_errors
    def rollback(self, model_name: str) -> Version | None:
        """Undo the champion's promotion: the version that it replaced serves again, or none if it was the first.

        Returns:
            The champion after the rollback, or None.

        Raises:
            RegistryError: There is no champion, or nothing to go back to.
        """
        current = self._by_alias(model_name, CHAMPION)
        if current is None:
            raise RegistryError(f"model '{model_name}' has no champion", fix=self._registered_like(model_name))
        previous = self._by_alias(model_name, PREVIOUS)
        if previous is None and current.tags.get(REPLACED) != NO_VERSION:
            raise RegistryError(
                f"the version that '{model_name}' version {current.version} replaced is not recorded\n"
                "  fix: point the alias 'champion' at the version you want in MLflow"
            )
        self._tag(current, {"rolled_back_at": _now()})
        after = str(previous.version) if previous else NO_VERSION
        self._record_event(model_name, "undone", str(current.version), after)
        if previous is None:
            self.client.delete_registered_model_alias(model_name, CHAMPION)
            return None
        upsert(self.client.set_registered_model_alias, model_name, CHAMPION, str(previous.version))
        self._delete_alias(model_name, PREVIOUS, previous.version)
        return self._get(model_name, previous.version)

    @explain_errors
    def events(self, model_name: str) -> list[dict[str, str]]:
        """Return how the alias of the champion was moved, the last at the end.

        Each has ``what`` (``promoted`` or ``undone``), the versions ``before`` and ``after``, ``user``, ``when``, and
        the key of the ``decision``.
        """
        texts = sorted(item for item in self.model_tags(model_name).items() if item[0].startswith(EVENT))
        return [json.loads(text) for _, text in texts]

    def _record_event(self, model_name: str, what: str, before: str, after: str, decision: str = "") -> None:
        # Written before the alias moves, so that none moves unseen; whoever is interrupted between the two repeats.
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        event = {"what": what, "before": before, "after": after, "user": current_user(), "when": now}
        text = json.dumps(event | ({"decision": decision} if decision else {}))
        upsert(self.client.set_registered_model_tag, model_name, EVENT + now.removesuffix("+00:00"), text)

    def _by_alias(self, model_name: str, alias: str) -> Version | None:
        from mlflow.exceptions import MlflowException

        try:
            return _version(self.client.get_model_version_by_alias(model_name, alias), self._aliases(model_name))
        except MlflowException as error:
            # MLflow reports an absent alias as an invalid parameter.
            if error.error_code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST"):
                return None
            raise

    def _get(self, model_name: str, version: int | str) -> Version:
        return _version(self.client.get_model_version(model_name, str(version)), self._aliases(model_name))

    def _aliases(self, model_name: str) -> dict[str, str]:
        return dict(self.client.get_registered_model(model_name).aliases)

    def _delete_alias(self, model_name: str, alias: str, version: int) -> None:
        if str(self._aliases(model_name).get(alias)) == str(version):
            self.client.delete_registered_model_alias(model_name, alias)

    def _tag(self, version: Version, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            upsert(self.client.set_model_version_tag, version.name, str(version.version), key, value)


def _version(found: "ModelVersion", aliases: Mapping[str, str]) -> Version:
    return Version(
        name=found.name,
        version=int(found.version),
        model_id=found.tags.get("model_id", ""),
        run_id=found.run_id or "",
        source=found.source or "",
        tags=dict(found.tags),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(found.version))),
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
