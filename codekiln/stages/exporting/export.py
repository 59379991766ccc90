"""One export: which files it has, in which folder, and its record."""

import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codekiln import demo, models
from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset
from codekiln.data.manifests import DataManifest
from codekiln.data.readers import read_problems
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.evaluation.report.version_card import MergedCard, merged_card
from codekiln.models.chat_files import save_chat_files
from codekiln.models.hub_access import pinned
from codekiln.registry.runs import LEFT_BY_MLFLOW, adapter_digest
from codekiln.stages.exporting import gguf, modelcar, target
from codekiln.stages.model_folder.assembly import BASE, CARD, BaseReference, assemble, has_chat_files
from codekiln.stages.named_model import NamedModel
from codekiln.stages.run_folder import EVALUATION

PROMPTS = 20


@dataclass(frozen=True)
class ExportOptions:
    """How an adapter is exported.

    Attributes:
        format: A name of FORMATS.
        dtype: Of merged weights; ``auto``: that of the base.
        prompts: Problems that the proof asks, a file; empty: the run's evaluation problems, or ones of codekiln.
        converter: llama.cpp's converter; empty: the one on the PATH.
        python: Interpreter of a converter that is a script; empty: this one.
    """

    format: str = "adapter"
    dtype: str = "auto"
    prompts: str = ""
    converter: str = ""
    python: str = ""


@dataclass(frozen=True)
class Export:
    """A finished export.

    Attributes:
        folder: Where it is.
        record: What ``export.json`` says: model, base, digest of the adapter, format, proof, digests of the files.
    """

    folder: Path
    record: dict[str, Any]

    @property
    def different(self) -> int:
        """How many prompts of the proof the merged weights answer otherwise."""
        return int((self.record.get("proof") or {}).get("different", 0))


def export(model: NamedModel, to: Path, options: ExportOptions) -> Export:
    """Export an adapter into the folder ``to``, which is whole when it is there.

    Raises:
        InputError: There is nothing to export, ``to`` holds something else, or a file cannot be read.
        ModelError: The model cannot be used, or the format cannot express it.
    """
    if model.adapter is None:
        fix = "give models:/NAME@champion, or the folder of an adapter"
        raise InputError("is a base model: there is nothing to export", where=model.name, fix=fix)
    if to.expanduser().resolve().is_relative_to(model.adapter.resolve()):
        raise InputError("lies in the adapter's own folder", where=str(to), fix="give a folder beside it")
    target.require_no_links_out(model.adapter)
    write = FORMATS[options.format]
    identity = {"adapter_digest": adapter_digest(model.adapter), "format": options.format, "base": model.base}
    if options.format == "gguf":  # before minutes of merging
        gguf.require_converter(options.converter)
    with target.new_folder(to, identity) as folder:
        found = write(model, folder, options)
        folder.chmod(0o755)
        record = target.write_record(folder, identity, model=model.name, revision=model.revision, **found)
    return Export(to.expanduser().resolve(), record)


def _adapter(model: NamedModel, folder: Path, options: ExportOptions) -> dict[str, Any]:
    """Copy a version as it is; assemble one of an adapter that was not logged, or that lacks its base."""
    assert model.adapter is not None
    spec = models.get(model.base)
    spec = pinned(spec.model_copy(update={"revision": model.revision}) if model.revision else spec)
    is_whole = (model.adapter / "MLmodel").is_file() and has_chat_files(model.adapter)
    if is_whole and (spec.hub_revision is not None or (model.adapter / BASE).is_dir()):
        shutil.copytree(model.adapter, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(LEFT_BY_MLFLOW))
        return {}
    links, chat = folder / "links", model.adapter if has_chat_files(model.adapter) else folder / "chat"
    links.mkdir()
    if chat != model.adapter:
        save_chat_files(spec, chat)
    assemble(model.adapter, links, spec, *_names(model), chat, include_base=True)
    shutil.copytree(links, folder, dirs_exist_ok=True)
    shutil.rmtree(links)
    shutil.rmtree(folder / "chat", ignore_errors=True)
    return {}


def _merged(model: NamedModel, folder: Path, options: ExportOptions) -> dict[str, Any]:
    from codekiln.stages.exporting import merging

    problems, source = _prompts(model, options.prompts)
    dtype = options.dtype if options.dtype != "auto" else merging.dtype_of_base(merging.spec_of(model))
    merging.write_merged(model, folder, dtype)
    proof = merging.prove(model, folder, dtype, problems, source)
    spec, (stage, registered) = merging.spec_of(model), _names(model)
    base = BaseReference.of(spec, include=True)
    card = MergedCard(
        stage, registered, model.name, base.name, base.kind, base.revision, spec.licence, dtype,
        proof.prompts, proof.different,
    )  # fmt: skip
    write_atomic(folder / CARD, merged_card(card))
    return {"dtype": dtype, "proof": proof.model_dump()}


def _gguf(model: NamedModel, folder: Path, options: ExportOptions) -> dict[str, Any]:
    converter = gguf.require_converter(options.converter)
    merged = folder / "merged"
    found = _merged(model, merged, options)
    gguf.convert(converter, merged, folder / "model.gguf", found["dtype"], options.python)
    shutil.rmtree(merged)
    return {**found, "converter": converter.name}


def _ollama(model: NamedModel, folder: Path, options: ExportOptions) -> dict[str, Any]:
    """Write a Modelfile beside GGUF where the converter is here, else beside safetensors, which Ollama imports."""
    from codekiln.stages.exporting import ollama

    converter, merged = gguf.find_converter(options.converter), folder / "model"
    found = _merged(model, merged, options)
    licence = models.get(model.base).licence
    ollama.write_modelfile(folder, merged, "./model.gguf" if converter else "./model", licence)
    if not converter:
        return found
    gguf.convert(converter, merged, folder / "model.gguf", found["dtype"], options.python)
    shutil.rmtree(merged)
    return {**found, "converter": converter.name}


def _modelcar(model: NamedModel, folder: Path, options: ExportOptions) -> dict[str, Any]:
    assert model.adapter is not None
    found = _merged(model, folder / "models", options)
    name = re.sub(r"[^a-z0-9-]+", "-", _names(model)[1].lower()).strip("-")[:63] or "model"
    what = re.sub(r'["\\$`\n]', "", f"{model.name} merged into {model.base}, by codekiln")
    modelcar.write_modelcar(folder, name, what, adapter_digest(model.adapter))
    return found


FORMATS: dict[str, Callable[[NamedModel, Path, ExportOptions], dict[str, Any]]] = {
    "adapter": _adapter, "merged": _merged, "gguf": _gguf, "ollama": _ollama, "modelcar": _modelcar,
}  # fmt: skip
"""What writes each format into a folder; returns what the record says of it."""


def _names(model: NamedModel) -> tuple[str, str]:
    """Return the names of the adapter and of the registered model, for cards and images."""
    if model.name.startswith("models:/"):
        registered = re.split("[@/]", model.name.removeprefix("models:/"))[0]
        return registered, registered
    folder = Path(model.name).expanduser().resolve().name
    return folder, f"codekiln-{folder}"


def _prompts(model: NamedModel, given: str) -> tuple[Sequence[Problem], str]:
    """Return problems to ask in the proof, and where they are from."""
    if given:
        return read_problems(given), given
    assert model.adapter is not None
    run = model.adapter.resolve().parent / "check" / EVALUATION
    if DataManifest.describes(run):
        return Dataset(run, Problem).rows()[:PROMPTS], "the run's evaluation problems"
    return demo.problems("eval", count=PROMPTS), "problems of codekiln's demo"
