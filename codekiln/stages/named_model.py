"""A model by the name that a user gives: a base model, a folder with an adapter, or a version in the registry."""

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from codekiln import models
from codekiln.errors import CodekilnError, InputError, InputErrors, did_you_mean
from codekiln.models.adapter_base import trained_on
from codekiln.models.pickled_adapter import in_safetensors
from codekiln.registry import Registry, signing
from codekiln.registry.connection import find_server
from codekiln.registry.runs import CONFIG
from codekiln.registry.versions import CHAMPION
from codekiln.stages.model_folder.assembly import BASE, RECORD, base_digest
from codekiln.stages.promotion.signed_version import require_signed

REGISTERED = "models:/"
_PREFIX_OF_FOLDERS = ("/", ".", "~")
# A base model has no @ in its name, be it one of the table or a Hub id, and none of the Hub is called by a number.
_SHORT = re.compile(r"[^/@~.][^/@]*(@[^/@]+|/[0-9]+)")
_NAME = re.compile(r"[^/@~.'][^/@']*")
_GIVE_BASE = "give its --base-model: a name of `codekiln models`, a folder, or a Hub id"


@dataclass(frozen=True)
class NamedModel:
    """A base model with or without an adapter.

    Attributes:
        name: Exactly what answers; for a version in the registry its number, where an alias was given.
        base: A name of the model table, a folder, or a Hub id.
        adapter: Folder of the adapter; None: the base alone.
        revision: Hub revision of the base that the adapter was trained on; None: the one of the table.
    """

    name: str
    base: str
    adapter: Path | None = None
    revision: str | None = None


def is_registered(name: str) -> bool:
    """Return whether a name is that of a version in the registry, with or without ``models:/``, and no path."""
    return name.startswith(REGISTERED) or (_SHORT.fullmatch(name) is not None and not Path(name).exists())


@contextmanager
def named_model(
    name: str, base_model: str = "", tracking_uri: str = "", public_key: Path | None = None
) -> Iterator[NamedModel]:
    """Provide the model ``name``; a version's files are there while the block runs.

    Args:
        name: ``models:/NAME@ALIAS`` or ``models:/NAME/NUMBER``, also without ``models:/``, an adapter's folder, or a
            base model: a name of the table, a folder or a Hub id.
        base_model: Base of an adapter, where it lies elsewhere than when the adapter was trained.
        tracking_uri: MLflow that has the version; empty: MLFLOW_TRACKING_URI, or ``mlflow.db`` in this folder.
        public_key: File with the key of whoever signs promotions; a version must have a record signed with it.

    Raises:
        InputError: There is no such model, or its base is not known.
        Unverified: The promotion of the version does not hold under ``public_key``.
        RegistryError: MLflow refused, or the stored files were changed.
    """
    if is_registered(name):
        with tempfile.TemporaryDirectory(prefix="codekiln-") as folder:
            registry = Registry(find_server(tracking_uri, name), None)
            version = registry.named(name)
            adapter = registry.download_adapter(version.uri, Path(folder))
            if public_key:
                require_signed(registry, version.uri, adapter, signing.public_key(public_key))
            with _base_elsewhere(base_model):
                yield _adapted(version.uri, adapter, base_model, version.tags.get("base_model", ""))
        return
    if public_key:
        fix = "give a registered version, as NAME@champion, or leave --public-key out"
        raise InputError("has no record of a promotion that anybody could have signed", where=name, fix=fix)
    folder_of = Path(name).expanduser()
    if (folder_of / CONFIG).is_file():
        with in_safetensors(folder_of) as adapter, _base_elsewhere(base_model):
            yield _adapted(name, adapter, base_model)
        return
    if name.startswith(_PREFIX_OF_FOLDERS) and not folder_of.exists():
        raise InputError("there is no such folder", where=name, fix="give the folder of an adapter or of a model")
    _require_no_adapters_beside(folder_of)
    if base_model:
        raise InputError("is a base model itself", where=f"--model {name}", fix="leave --base-model out")
    try:
        models.get(name)
    except InputError as error:
        raise _registered_as(name, tracking_uri) or error from None
    yield NamedModel(name, name)


@contextmanager
def _base_elsewhere(base_model: str) -> Iterator[None]:
    """Add to the error for a base model that cannot be read, which only the adapter names, how to name another copy."""
    try:
        yield
    except InputErrors:
        raise
    except InputError as error:
        if base_model or error.where != "base_model":
            raise
        fix = f"{error.fix}; or --base-model says where it is here, as a folder"
        raise InputError(error.what, where=error.where, fix=fix) from error


def require_adapter(name: str, tracking_uri: str = "") -> None:
    """Refuse what is neither a folder nor a version; see `named_model`."""
    if not Path(name).is_dir():
        fix = "give NAME@champion of the registry, or the folder of an adapter"
        if Path(name).is_file():
            fix = f"give its folder, {Path(name).parent}"
        elif (owned := models.hub_id_of(name)) and not Path(name).parent.is_dir():
            fix += f"; one of the Hub after `hf download {owned} --local-dir {owned.rpartition('/')[2]}`"
        raise _registered_as(name, tracking_uri) or InputError("there is no such folder", where=name, fix=fix)


def _registered_as(name: str, tracking_uri: str) -> InputError | None:
    """Return what to write where a name is that of a registered model and no version of it was chosen."""
    if not _NAME.fullmatch(name):
        return None
    try:
        versions = Registry(find_server(tracking_uri, name), None).versions(name)
    except CodekilnError:
        return None
    aliases = [f"{name}@{alias}" for each in versions for alias in sorted(each.aliases)]
    # The champion is what most want.
    aliases.sort(key=lambda each: not each.endswith(f"@{CHAMPION}"))
    chosen = [*aliases, *(f"{name}/{each.version}" for each in versions)]
    if not chosen:
        return None
    return InputError("is a registered model, not one of its versions", where=name, fix=f"did you mean '{chosen[0]}'?")


def _require_no_adapters_beside(path: Path) -> None:
    """Refuse a run's folder, and a wrong name in it that could be taken for a Hub id."""
    folder = path if path.is_dir() else path.parent
    adapters = sorted(str(each.parent) for each in folder.glob(f"*/{CONFIG}")) if folder != Path() else []
    if path.is_dir() and adapters and not (path / "config.json").is_file():
        raise InputError("is no model but has adapters in it", where=str(path), fix=f"give {' or '.join(adapters)}")
    if not path.is_dir() and adapters:
        raise InputError("there is no such folder", where=str(path), fix=did_you_mean(str(path), adapters))


def _adapted(name: str, adapter: Path, base_model: str, logged_base: str = "") -> NamedModel:
    base, revision = trained_on(adapter)
    chosen = base_model or _found(base, adapter, logged_base)
    if not chosen:
        raise InputError("does not say which base model it was trained on", where=name, fix="give --base-model")
    try:
        spec = models.get(chosen)
    except InputError as error:
        if base_model:
            raise
        raise InputError(f"was trained on '{chosen}', which is not here", where=name, fix=_GIVE_BASE) from error
    # A folder has no revisions, and another base than the recorded one has others.
    is_recorded = spec.id == base and spec.hub_revision is not None
    return NamedModel(name, chosen, adapter, revision if is_recorded else None)


def _found(base: str, adapter: Path, logged_base: str) -> str:
    """Return where an adapter's base is, if its record has only the name of a folder: in it, or where it was."""
    digest = json.loads((adapter / RECORD).read_bytes()).get("base_digest") if (adapter / RECORD).is_file() else None
    if (adapter / BASE / "config.json").is_file() and base not in models.names():
        return str(adapter / BASE)
    if digest is None:
        return base
    for place in (logged_base, base):
        # Another model may lie under that name by now.
        if place and (Path(place) / "config.json").is_file() and base_digest(Path(place)) == digest:
            return place
    raise InputError(f"was trained on '{base}', which is not here", where=str(adapter), fix=_GIVE_BASE)
