"""Weights with the adapter in them, and the proof that they write what base and adapter write. Imports torch."""

import gc
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import transformers
from pydantic import BaseModel, ConfigDict

from codekiln import models
from codekiln.data import prompts
from codekiln.data.files import write_atomic
from codekiln.data.records import Problem
from codekiln.inference import Sampling
from codekiln.inference.local import LocalGenerator
from codekiln.models import BaseModelSpec
from codekiln.models.chat_files import CHAT_FILES, save_chat_files
from codekiln.models.hub_access import read_error
from codekiln.models.loading import DTYPES, attach_adapter, load_model
from codekiln.stages.model_folder.assembly import has_chat_files
from codekiln.stages.named_model import NamedModel

GREEDY = Sampling(n=1, temperature=0, max_new_tokens=256)
SHOWN = 60


class Proof(BaseModel):
    """How the greedy replies of the merged weights compare with those of base and adapter.

    Attributes:
        prompts: Prompts that both answered.
        source: Where the prompts are from.
        different: Prompts whose replies differ.
        first: Task, place and both texts of the first difference.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompts: int
    source: str
    different: int
    first: dict[str, Any] | None = None


def spec_of(model: NamedModel) -> BaseModelSpec:
    """Return the base of a named model, at the revision that its adapter was trained on."""
    spec = models.get(model.base)
    return spec.model_copy(update={"revision": model.revision}) if model.revision else spec


def dtype_of_base(spec: BaseModelSpec) -> str:
    """Return the name of the dtype in which a base model's weights are stored; float32 where it is none we write."""
    where: dict[str, Any] = {"revision": spec.hub_revision or "main", "trust_remote_code": False}
    try:
        config = transformers.AutoConfig.from_pretrained(spec.source, **where)
    except (OSError, ValueError) as error:
        raise read_error(spec, error) from None
    stored = str(config.get_text_config().dtype).removeprefix("torch.")
    return stored if stored in DTYPES else "float32"


def write_merged(model: NamedModel, folder: Path, dtype: str) -> None:
    """Write the merged model into ``folder``: weights, configuration, tokenizer, and what ends a reply.

    The sum is taken in float32 and rounded once, so the base needs four bytes per parameter of memory.

    Raises:
        InputError: The base or the adapter cannot be read.
        ModelError: They cannot be used.
    """
    assert model.adapter is not None, "callers refuse a base alone"
    spec = spec_of(model)
    folder.mkdir(parents=True, exist_ok=True)
    if has_chat_files(model.adapter):
        for name in CHAT_FILES:
            if (model.adapter / name).is_file():
                shutil.copyfile(model.adapter / name, folder / name)
    else:
        save_chat_files(spec, folder)
    wrapped = attach_adapter(load_model(spec, "float32"), spec, model.adapter)
    merged: Any = wrapped.merge_and_unload(safe_merge=True).to(DTYPES[dtype])
    # The base's own may hold values for sampling that contradict each other, which transformers refuses to save.
    merged.generation_config = transformers.GenerationConfig.from_pretrained(folder)
    merged.save_pretrained(folder)
    _without_code(folder)
    del wrapped, merged
    _free()


def _without_code(folder: Path) -> None:
    """Remove what names code for transformers to fetch and run, which llama.cpp's converter lets it do.

    Nothing here was loaded with such code, and what a version's own files say is whoever's could write them.
    """
    for name in ("config.json", "tokenizer_config.json"):
        if (path := folder / name).is_file():
            values = json.loads(path.read_bytes())
            if values.pop("auto_map", None) is not None:
                write_atomic(path, json.dumps(values, indent=2, ensure_ascii=False) + "\n")


def prove(model: NamedModel, merged: Path, dtype: str, problems: Sequence[Problem], source: str) -> Proof:
    """Compare greedy replies: of the saved weights, and of the base with the adapter beside it, in the same dtype."""
    asked = [prompts.messages(problem) for problem in problems]
    separate = LocalGenerator(model.base, model.adapter, model.revision, dtype=dtype, merge=False)
    wanted = [texts[0] for texts in separate.generate(asked, GREEDY)]
    del separate
    _free()
    found = [texts[0] for texts in LocalGenerator(str(merged), dtype=dtype).generate(asked, GREEDY)]
    differing = [place for place, pair in enumerate(zip(wanted, found, strict=True)) if pair[0] != pair[1]]
    first = (
        _difference(problems[differing[0]].task_id, wanted[differing[0]], found[differing[0]]) if differing else None
    )
    return Proof(prompts=len(problems), source=source, different=len(differing), first=first)


def _difference(task: str, wanted: str, found: str) -> dict[str, Any]:
    same = next(
        (at for at, (a, b) in enumerate(zip(wanted, found, strict=False)) if a != b), min(len(wanted), len(found))
    )
    shown = {"adapter": wanted[same : same + SHOWN], "merged": found[same : same + SHOWN]}
    return {"task_id": task, "character": same, **shown}


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
