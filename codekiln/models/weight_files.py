"""The weight files of a folder: which of them are loaded, and whether they hold weights at all. Loads no torch."""

import json
from pathlib import Path
from typing import Any

from codekiln.data.text import POINTER, pointer_of_lfs
from codekiln.errors import InputError

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
AGAIN = "download it again"
_SAVE_AGAIN = f"{AGAIN}, or save it as UTF-8 without a byte order mark"
# What trainings on several devices leave of a model in a checkpoint's folder, and what joins it.
_PARTS = (
    (("*.distcp", "pytorch_model*/*.distcp", "*/*.distcp"), "`accelerate merge-weights` on them"),
    (("zero_to_fp32.py", "*model_states.pt"), "`python zero_to_fp32.py . . --safe_serialization` there"),
    (("model_world_size_*.pt",), "`python -m verl.model_merger merge` on them"),
)


def loaded_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a model's folder that transformers loads.

    Folders may hold the same weights again for other programs, such as Mistral's ``consolidated.safetensors``.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        names = set(json.loads(index.read_bytes()).get("weight_map", {}).values())
        return [folder / name for name in sorted(names) if (folder / name).is_file()]
    whole = folder / "model.safetensors"
    return [whole] if whole.is_file() else sorted(folder.glob("model*.safetensors"))


def check_base(folder: Path) -> None:
    """Refuse the folder of a base model that lacks what loading it needs.

    Raises:
        InputError: Its configuration or a weight file cannot be read, or is missing, or is of another kind.
    """
    config = read_json(folder / "config.json")
    if "model_type" not in config:
        fix = "give a folder that save_pretrained wrote"
        raise InputError("has no model_type", where=str(folder / "config.json"), fix=fix)
    check_links(folder)
    check_files(folder)
    indices = [folder / f"{name}.index.json" for name in WEIGHTS]
    if index := next((path for path in indices if path.is_file()), None):
        places = read_json(index).get("weight_map")
        if not isinstance(places, dict):
            raise InputError("has no weight_map", where=str(index), fix=AGAIN)
        missing = sorted({str(name) for name in places.values() if not (folder / str(name)).is_file()})
        if missing and not any((folder / name).is_file() for name in WEIGHTS):
            raise InputError(f"names {', '.join(missing[:3])}, which is not here", where=str(index), fix=AGAIN)
    elif not any((folder / name).is_file() for name in WEIGHTS):
        check_parts(folder)
        raise _without_weights(folder)


def check_links(folder: Path) -> None:
    """Refuse a folder with links that lead nowhere, such as a copy of a folder of the Hub's cache without its blobs.

    Raises:
        InputError: A file is such a link.
    """
    for path in sorted(folder.iterdir()):
        if path.is_symlink() and not path.exists():
            fix = f"{AGAIN}, or copy its folder with what the links lead to (cp -rL)"
            raise InputError(f"is a link to {path.readlink()}, which is not here", where=str(path), fix=fix)


def check_parts(folder: Path) -> None:
    """Refuse a checkpoint whose weights are in the parts that each device of a training has written.

    Raises:
        InputError: It is one of FSDP, DeepSpeed or verl.
    """
    for patterns, command in _PARTS:
        if part := next((path for pattern in patterns for path in sorted(folder.glob(pattern))), None):
            what = f"has its weights in the parts of a training ({part.relative_to(folder)}), not joined"
            fix = f"run {command}, and give the folder with the result, config.json and the tokenizer"
            raise InputError(what, where=str(folder), fix=fix)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object that a model's file holds.

    Raises:
        InputError: It cannot be read, or holds something else.
    """
    try:
        content = path.read_bytes()
        # As transformers reads it: UTF-8, and no byte order mark, which some editors write.
        found = None if content.startswith(POINTER) else json.loads(content.decode())
    except (OSError, ValueError) as error:
        raise InputError(f"is no JSON in UTF-8: {error}", where=str(path), fix=_SAVE_AGAIN) from None
    if found is None:
        raise pointer_of_lfs(path)
    if not isinstance(found, dict):
        raise InputError("is no JSON object", where=str(path), fix=AGAIN)
    return found


def _without_weights(folder: Path) -> InputError:
    if any(folder.glob("*.gguf")):
        fix = "give the model's folder with safetensors: GGUF is for llama.cpp, and cannot be trained"
        return InputError("has weights in GGUF alone", where=str(folder), fix=fix)
    if any(folder.glob("model-*.safetensors")):
        return InputError("has weights in parts, but no model.safetensors.index.json", where=str(folder), fix=AGAIN)
    return InputError(f"has no weights ({WEIGHTS[0]})", where=str(folder), fix=AGAIN)


def check_files(folder: Path) -> None:
    """Refuse weight files that hold none: pointers of Git LFS, files that are cut short, and empty matrices.

    The head of a safetensors file is the length of its JSON, as 8 bytes, and the JSON with the places of all tensors
    (https://github.com/huggingface/safetensors#format).

    Raises:
        InputError: A file of the folder is no weight file, with the reason.
    """
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]):
        with path.open("rb") as file:
            start = file.read(8)
            if (start + file.read(len(POINTER))).startswith(POINTER):
                raise pointer_of_lfs(path)
        if path.suffix != ".safetensors":
            continue
        if len(start) < 8 or (shapes := _shapes(path, int.from_bytes(start, "little"))) is None:
            raise InputError("is cut short, or no safetensors file", where=str(path), fix=AGAIN)
        if empty := [name for name, shape in shapes.items() if 0 in shape and name.endswith("weight")]:
            what = f"{len(empty)} of {len(shapes)} weights are empty, for example {empty[0]}"
            fix = "save it again with the parts of all ranks: DeepSpeed's stage3_gather_16bit_weights_on_model_save"
            raise InputError(what, where=str(path), fix=fix)


def _shapes(path: Path, length: int) -> dict[str, list[int]] | None:
    """Return the shape of each tensor of a safetensors file, whose head has a length; None where it is not whole."""
    size = path.stat().st_size
    if 8 + length > size:
        return None
    with path.open("rb") as file:
        file.seek(8)
        try:
            tensors = {name: item for name, item in json.loads(file.read(length)).items() if name != "__metadata__"}
            end = 8 + length + max((item["data_offsets"][1] for item in tensors.values()), default=0)
            return {name: list(item["shape"]) for name, item in tensors.items()} if end <= size else None
        except (ValueError, TypeError, LookupError, AttributeError):
            return None
