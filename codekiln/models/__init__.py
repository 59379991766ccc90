"""Base models: one TOML file each, and how to get from a name, a path or a Hub id to one.

Adding a model is adding a file here, or an entry point `codekiln.models` of an installed package. Reading the table
loads no torch.
"""

import logging
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.models.adapter_base import CONFIG as ADAPTER_CONFIG
from codekiln.models.adapter_base import trained_on
from codekiln.models.weight_files import check_links, check_parts
from codekiln.plugins import FilePlugins

# It warns on standard error that a package is missing with which it would be faster; nothing here needs that.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)

_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")  # neither part begins with a point: ./model is a folder
# A page of the Hub or hf://, with what may follow the id there; and an id with a revision or a slash behind it.
_ORIGINAL = "give the model that the GGUF file was made from: its Hub id, or its folder of safetensors"
_LIKE_HUB_ID = re.compile(
    r"(?:https?://[^/]+/|hf://(?:models/)?|hf\.co/|huggingface\.co/)?"
    r"(?P<id>[\w.-]+/[\w.-]+?)(?:/?|[@:][^/]+|/tree/.+|/blob/.+|/resolve/.+)"
)


class BaseModelSpec(BaseModel):
    """What codekiln has to know about a base model beyond its own config files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="what the user called it")
    id: str = Field(description="Hub id, local path, or 'tiny' for the model shipped with the package")
    revision: str = Field("main", description="Hub branch, tag or commit; pin a commit for anything that is promoted")
    architecture: str | None = Field(None, description="transformers class to load; empty: the one of the config")
    key_mapping: dict[str, str] = Field({}, description="patterns in the checkpoint's weight names, and their new text")
    template_kwargs: dict[str, Any] = Field({}, description="extra arguments of the chat template")
    end_of_turn: str | None = Field(None, description="token that ends an assistant turn; empty: read off the template")
    lora_targets: tuple[str, ...] | str = Field("all-linear", description="modules that get an adapter")
    params: int | None = Field(None, description="number of parameters that are loaded")
    hidden: int | None = Field(None, description="width of the residual stream")
    layers: int | None = Field(None, description="number of decoder layers")
    vocab: int | None = Field(None, description="rows of the embedding")
    tied: bool = Field(True, description="whether the LM head is the embedding")
    licence: str = ""
    gated: bool = Field(False, description="the Hub asks for an accepted licence and a token")
    notes: str = ""

    @property
    def source(self) -> str:
        """Where ``from_pretrained`` finds the model: a folder, or a Hub id."""
        if self.id != "tiny":
            return self.id
        from codekiln import demo

        return str(demo.base_path())

    @property
    def hub_revision(self) -> str | None:
        """The revision to ask the Hub for; None for a folder."""
        return None if Path(self.source).is_dir() else self.revision


def get(name: str) -> BaseModelSpec:
    """Return the base model ``name``: a model TOML file, else a local folder, else a Hub id (``owner/model``).

    A folder or an id that is not in the table gets adapters on all its linear layers, and its own chat template.

    Raises:
        InputError: It is none of the three, or its table entry is malformed.
    """
    if name in names():
        return _MODELS.get(name)
    path = Path(name)
    if path.is_dir():
        _require_base(path)
        return BaseModelSpec(name=name, id=str(path))
    if is_hub_id(name) and not path.is_file():
        return next((spec for spec in map(_MODELS.get, names()) if spec.id == name), BaseModelSpec(name=name, id=name))
    raise InputError(f"no base model '{name}'", where="base_model", fix=_meant(name))


def _require_base(folder: Path) -> None:
    """Refuse a folder that holds no base model: transformers would load an adapter in it into the model."""
    where = str(folder)
    if (folder / ADAPTER_CONFIG).is_file():
        base, _ = trained_on(folder)
        fix = f"give {base or 'the model that it was trained on'}; or `codekiln judge` evaluates the adapter, and "
        fix += "`codekiln export --format merged` makes a base model of it"
        raise InputError(f"holds an adapter ({ADAPTER_CONFIG}), not a base model", where=where, fix=fix)
    if (folder / "config.json").is_file():
        return
    check_links(folder)
    check_parts(folder)
    inside = sorted(
        str(path.parent) for path in [*folder.glob("*/config.json"), *folder.glob("snapshots/*/config.json")]
    )
    fix = f"give {' or '.join(inside[:3])}" if inside else "give a folder written by save_pretrained"
    if not inside and any(folder.glob("*.gguf")):
        raise InputError("holds GGUF files, which are for llama.cpp and not trained", where=where, fix=_ORIGINAL)
    raise InputError("has no config.json: not a model folder", where=where, fix=fix)


def _meant(name: str) -> str:
    """Return what to give in place of the name of no base model."""
    if name.startswith("~/"):  # written into a file of settings; a shell has no part in it
        return f"give {Path(name).expanduser()}"
    if re.search(r"[-.]gguf\b", name.lower()):
        return _ORIGINAL
    if Path(name).is_file():
        return f"give its folder, {Path(name).parent}"
    if found := hub_id_of(name):
        return f"give its Hub id, '{found}'"
    if name.startswith((".", "/")):
        return f"check the path: there is no folder {Path(name).absolute()}; or give a Hub id, owner/model"
    for spec in map(_MODELS.get, names()):  # a name of the table may be nearer to another model's
        if name.lower() == spec.id.rpartition("/")[2].lower():
            return f"give its name here, '{spec.name}', or its Hub id, '{spec.id}'"
    return did_you_mean(name, names()) + " (or give a folder, or a Hub id: owner/model)"


def hub_id_of(name: str) -> str | None:
    """Return the Hub id in an address of the Hub, in an id with a revision or a slash behind it, or in an id."""
    found = _LIKE_HUB_ID.fullmatch(name)
    return found["id"] if found and not name.startswith(".") else None


def is_hub_id(name: str) -> bool:
    """Return whether ``name`` has the form of a Hub id, ``owner/model``, and is no folder here."""
    return _HUB_ID.fullmatch(name) is not None and not Path(name).is_dir()


def _parse(name: str, values: dict[str, Any], where: str) -> BaseModelSpec:
    try:
        return BaseModelSpec(name=name, **values)
    except ValidationError as error:
        raise InputErrors(
            InputError(
                item["msg"],
                where=f"{where}.{'.'.join(map(str, item['loc']))}",
                fix=did_you_mean(str(item["loc"][0]), BaseModelSpec.model_fields),
            )
            for item in error.errors(include_url=False)
        ) from None


_MODELS = FilePlugins("model", __name__, _parse)

names = _MODELS.names
