"""The weight files of a folder: which of them are loaded, and whether they hold weights at all. Loads no torch."""

import json
from pathlib import Path

from codekiln.errors import InputError

_POINTER = b"version https://git-lfs.github.com/spec/"


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


def check_files(folder: Path) -> None:
    """Refuse weight files that hold none: pointers of Git LFS, and files that are cut short.

    The head of a safetensors file is the length of its JSON, as 8 bytes, and the JSON with the places of all tensors
    (https://github.com/huggingface/safetensors#format).

    Raises:
        InputError: A file of the folder is no weight file, with the reason.
    """
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            start = file.read(8)
            if (start + file.read(len(_POINTER))).startswith(_POINTER):
                fix = "git lfs pull in its repository, or download it with `hf download`"
                raise InputError("is a pointer of Git LFS, not the weights", where=str(path), fix=fix)
            if len(start) < 8 or not _is_whole(path, int.from_bytes(start, "little")):
                raise InputError("is cut short, or no safetensors file", where=str(path), fix="download it again")


def _is_whole(path: Path, length: int) -> bool:
    size = path.stat().st_size
    if 8 + length > size:
        return False
    with path.open("rb") as file:
        file.seek(8)
        try:
            tensors = json.loads(file.read(length))
            ends = [item["data_offsets"][1] for name, item in tensors.items() if name != "__metadata__"]
        except (ValueError, TypeError, LookupError, AttributeError):
            return False
    return 8 + length + max(ends, default=0) <= size
