"""The folder that is logged of an adapter, and so of every version registered from it: whole, and without paths."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln.data.files import sha256_file, write_atomic
from codekiln.errors import InputError
from codekiln.evaluation.report.version_card import VersionCard, version_card
from codekiln.models import BaseModelSpec
from codekiln.models.chat_files import CHAT_FILES, GENERATION
from codekiln.models.template_files import TEMPLATE
from codekiln.registry.runs import CONFIG, WEIGHTS
from codekiln.stages.model_folder.mlmodel import write_mlmodel

RECORD, CARD, BASE = "codekiln.json", "README.md", "base"
_WEIGHT_FILES = ("*.safetensors", "*.bin")


@dataclass(frozen=True)
class BaseReference:
    """How a version names its base model: never by a path, which means nothing elsewhere.

    Attributes:
        name: Hub id, ``tiny``, or the name of the user's own folder.
        place: What ``from_pretrained`` takes within the version's folder: the Hub id, ``base`` or the folder's name.
        revision: Commit on the Hub; None for a folder.
        digest: `base_digest` of the user's own folder, else None.
        kind: ``hub``, ``included`` for a model that lies in ``base/``, or ``folder`` for one that does not.
    """

    name: str
    place: str
    revision: str | None
    digest: str | None
    kind: str

    @classmethod
    def of(cls, spec: BaseModelSpec, include: bool = False) -> "BaseReference":
        """Return the reference to a base model; with ``include`` the user's own folder is included."""
        if spec.hub_revision is not None:
            return cls(spec.id, spec.id, spec.hub_revision, None, "hub")
        if spec.id != spec.source:
            return cls(spec.id, BASE, None, None, "included")
        folder = Path(spec.source).resolve()
        if include:
            return cls(folder.name, BASE, None, base_digest(folder), "included")
        return cls(folder.name, folder.name, None, base_digest(folder), "folder")


def assemble(
    adapter: Path,
    output: Path,
    spec: BaseModelSpec,
    name: str,
    registered: str,
    chat: Path | None,
    include_base: bool = False,
) -> None:
    """Fill ``output`` with what is logged of an adapter; large files become links to the ones that are there.

    The Hub is not asked for anything: tokenizer and generation settings were written by the training run, and the
    commit that it read is in its record.

    Args:
        adapter: Folder of the adapter: weights, PEFT's configuration, codekiln's record.
        output: Empty folder.
        spec: Its base model.
        name: Stage that made it, for example ``dpo``.
        registered: Name under which the run registers adapters.
        chat: Folder of the chat files; None: nobody has them, and the adapter alone is written.
        include_base: Put a base that is the user's own folder into ``base/``, as the embedded one always is.

    Raises:
        InputError: A file of the adapter cannot be read.
    """
    spec = _as_trained(adapter, spec)
    base = BaseReference.of(spec, include_base)
    _link(adapter / WEIGHTS, output / WEIGHTS)
    config = {**_json(adapter / CONFIG), "base_model_name_or_path": base.place, "revision": base.revision}
    write_atomic(output / CONFIG, json.dumps(config, indent=2, sort_keys=True) + "\n")
    record = {**_json(adapter / RECORD), "base": base.name, "revision": base.revision, "base_digest": base.digest}
    write_atomic(output / RECORD, json.dumps(record, indent=2) + "\n")
    if chat is None:
        return
    for known in CHAT_FILES:
        if (chat / known).is_file():
            _link(chat / known, output / known)
    if base.kind == "included":
        for file in sorted(Path(spec.source).iterdir()):
            # Hidden files are a user's or an editor's, such as .env: no part of a model, and not to be passed on.
            if file.is_file() and not file.name.startswith("."):
                _link(file, output / BASE / file.name)
    write_mlmodel(output, spec, _about(base, spec, name))
    card = VersionCard(
        name=name,
        registered=registered,
        base=base.name,
        kind=base.kind,
        revision=base.revision,
        digest=base.digest,
        licence=spec.licence,
        loading=_loading(base, spec),
        rank=max([int(config.get("r") or 0), *map(int, (config.get("rank_pattern") or {}).values())]),
    )
    write_atomic(output / CARD, version_card(card))


def base_digest(folder: Path) -> str:
    """Return the digest of a model's folder: of its configuration and weights, by file name."""
    files = sorted({file for pattern in _WEIGHT_FILES for file in folder.glob(pattern)} | {folder / "config.json"})
    text = json.dumps([[file.name, sha256_file(file)] for file in files])
    return hashlib.sha256(text.encode()).hexdigest()


def _as_trained(adapter: Path, spec: BaseModelSpec) -> BaseModelSpec:
    """Return the base model at the revision that the adapter's record names, where it names one."""
    record = _json(adapter / RECORD)
    is_same = spec.hub_revision is not None and record.get("base") == spec.id
    return spec.model_copy(update={"revision": record["revision"]}) if is_same and record["revision"] else spec


def has_chat_files(folder: Path) -> bool:
    """Return whether a folder holds what `save_chat_files` writes; trainers leave a tokenizer and its template only."""
    return (folder / TEMPLATE).is_file() and (folder / GENERATION).is_file()


def _about(base: BaseReference, spec: BaseModelSpec, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "base_model": base.place,
        "base_revision": base.revision,
        "base_digest": base.digest,
        "architecture": spec.architecture or "AutoModelForCausalLM",
        "key_mapping": spec.key_mapping,
        "licence": spec.licence,
    }


def _loading(base: BaseReference, spec: BaseModelSpec) -> str:
    """Return the Python arguments with which ``from_pretrained`` loads the base in the folder's card."""
    source = json.dumps(f"PATH/TO/{base.place}" if base.kind == "folder" else base.place)
    revision = f', revision="{base.revision}"' if base.revision else ""
    mapping = f", key_mapping={spec.key_mapping!r}" if spec.key_mapping else ""
    return f"{spec.architecture or 'AutoModelForCausalLM'}.from_pretrained({source}{revision}{mapping})"


def _json(path: Path) -> dict[str, Any]:
    try:
        return {**json.loads(path.read_bytes())} if path.is_file() else {}
    except (TypeError, ValueError) as error:
        raise InputError(f"is not a JSON object: {error}", where=str(path), fix="restore the file") from None


def _link(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(file.resolve())
