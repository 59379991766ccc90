"""The file MLmodel of a version's folder, and what it refers to: requirements, and an example of an input."""

import json
import platform
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codekiln.data.files import write_atomic
from codekiln.models import BaseModelSpec
from codekiln.models.chat_files import CHAT_FILES, GENERATION

if TYPE_CHECKING:
    from mlflow.models import Model, ModelSignature

LOADER = "codekiln_chat_model"
PACKAGES = ("mlflow", "peft", "pyyaml", "torch", "transformers")
NO_BYTECODE = "A file of this name keeps Python from writing bytecode here: loading a version adds nothing to it.\n"
EXAMPLE = {"messages": [{"role": "user", "content": "Write a function add(a, b)."}], "max_tokens": 256}


def write_mlmodel(folder: Path, spec: BaseModelSpec, about: dict[str, Any]) -> None:
    """Write MLmodel into a folder that has everything else, so that ``mlflow`` loads it.

    Two flavours: ``python_function`` answers chats through the module in ``code/``, and ``transformers`` gives a
    text-generation pipeline. The second is left out where the base needs its weights renamed, which MLflow cannot:
    it would load random layers.

    Args:
        folder: Adapter, tokenizer files, and perhaps ``base/``.
        spec: Base model, its revision a commit.
        about: Metadata that the chat model reads: name, base_model, base_revision, architecture, key_mapping.
    """
    from mlflow import pyfunc
    from mlflow.models import Model

    (folder / "code").mkdir()
    source = resources.files("codekiln.stages.model_folder") / f"{LOADER}.py"
    (folder / "code" / f"{LOADER}.py").write_bytes(source.read_bytes())
    (folder / "code" / "__pycache__").write_text(NO_BYTECODE)
    _write_environment(folder)
    write_atomic(folder / "input_example.json", json.dumps(EXAMPLE) + "\n")
    model = Model(signature=_signature(), metadata=about)
    model.saved_input_example_info = {"artifact_path": "input_example.json", "type": "json_object"}
    if not spec.key_mapping:
        _add_transformers(model, folder, spec, about)
    pyfunc.add_to_model(
        model,
        loader_module=LOADER,
        code="code",
        conda_env="conda.yaml",
        python_env="python_env.yaml",
        # MLflow lets a caller change only the values that are here.
        model_config={"base_model": ""},
    )
    model.save(str(folder / "MLmodel"))


def _add_transformers(model: "Model", folder: Path, spec: BaseModelSpec, about: dict[str, Any]) -> None:
    """Add the flavour ``transformers``; keys as in ``mlflow.transformers.flavor_config``."""
    own: dict[str, Any] = {"source_model_name": about["base_model"]}
    if spec.hub_revision is None:
        # Without base/ the caller of load_model gives base_model_path.
        own |= (
            {"model_binary": "base"} if (folder / "base").is_dir() else {"local_base_model_path": about["base_model"]}
        )
        _copy_tokenizer(folder)
    else:
        own |= {"source_model_revision": spec.hub_revision, "tokenizer_name": spec.id}
        own["tokenizer_revision"] = spec.hub_revision
    model.add_flavor(
        "transformers",
        task="text-generation",
        instance_type="TextGenerationPipeline",
        pipeline_model_type=about["architecture"],
        peft_adaptor=".",
        components=["tokenizer"],
        tokenizer_type="AutoTokenizer",
        transformers_version=metadata.version("transformers"),
        code=None,
        **own,
    )


def _copy_tokenizer(folder: Path) -> None:
    """Put the tokenizer where MLflow looks for one that is not on the Hub."""
    parts = folder / "components" / "tokenizer"
    parts.mkdir(parents=True)
    for name in CHAT_FILES:
        if name != GENERATION and (folder / name).is_file():
            (parts / name).write_bytes((folder / name).read_bytes())


def _signature() -> "ModelSignature":
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema
    from mlflow.types.schema import Array, Object, Property

    turn = Object([Property("role", DataType.string), Property("content", DataType.string)])
    usage = [Property(f"{what}_tokens", DataType.long) for what in ("prompt", "completion", "total")]
    choice = [
        Property("index", DataType.long), Property("message", turn), Property("finish_reason", DataType.string)
    ]  # fmt: skip
    asked = Schema(
        [
            ColSpec(Array(turn), "messages"),
            ColSpec(DataType.long, "max_tokens", required=False),
            ColSpec(DataType.double, "temperature", required=False),
            ColSpec(DataType.double, "top_p", required=False),
        ]
    )
    texts = [ColSpec(DataType.string, name) for name in ("id", "object", "model")]
    answer = [
        ColSpec(DataType.long, "created"),
        ColSpec(Array(Object(choice)), "choices"),
        ColSpec(Object(usage), "usage"),
    ]
    return ModelSignature(asked, Schema([*texts, *answer]))


def _write_environment(folder: Path) -> None:
    """Write what the chat model needs, in the versions that are installed here, in the three forms MLflow reads."""
    pins, python = [f"{name}=={metadata.version(name)}" for name in PACKAGES], platform.python_version()
    write_atomic(folder / "requirements.txt", "\n".join(pins) + "\n")
    # JSON is YAML too.
    own = {"python": python, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
    write_atomic(folder / "python_env.yaml", json.dumps(own) + "\n")
    packages = [f"python={python}", "pip", {"pip": pins}]
    conda = {"name": "mlflow-env", "channels": ["conda-forge"], "dependencies": packages}
    write_atomic(folder / "conda.yaml", json.dumps(conda) + "\n")
