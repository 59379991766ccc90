"""Files that are whole or absent, their digests, and errors that name file, line and field."""

import hashlib
import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ValidationError

from codekiln.errors import InputError, closest


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write ``content`` so that a reader sees the old file or the whole new one, also after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            # Without it a crash of the machine can leave the new name on an empty file.
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def validation_errors(
    error: ValidationError, where: str, fix: str, model: type[BaseModel] | None = None
) -> list[InputError]:
    """Turn pydantic's findings into one InputError each, located as ``where.field``.

    An unknown field is named with the field of ``model`` that it may stand for, and a field that is missing because of
    that is not said again.
    """
    found, meant = [], set[str]()
    items = error.errors(include_url=False)
    missing = {str(item["loc"][-1]) for item in items if item["type"] == "missing"}
    for item in items:
        field = ".".join(str(part) for part in item["loc"])
        what, remedy = item["msg"].removeprefix("Value error, "), fix
        if item["type"] == "extra_forbidden":
            name = str(item["loc"][-1])
            known = missing & set(model.model_fields) if model else missing
            near = closest(name, known) or (
                closest(name, model.model_fields) if model and len(item["loc"]) == 1 else None
            )
            what, remedy = f"unknown field '{name}'", f"did you mean '{near}'?" if near else "remove the field"
            meant.add(near or "")
        elif item["type"] == "missing":
            what = "the field is missing"
        found.append((item, InputError(what, where=f"{where}.{field}" if field else where, fix=remedy)))
    return [
        one
        for item, one in found
        if not (item["type"] == "missing" and len(item["loc"]) == 1 and item["loc"][0] in meant)
    ]
