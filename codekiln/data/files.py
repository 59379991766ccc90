"""Files that are whole or absent, their digests, and errors that name file, line and field."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from codekiln.errors import InputError


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Let an error of the operating system name the file that is written: a write itself names none."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def write_atomic(path: Path, content: str | bytes) -> None:
    """Write ``content`` so that a reader sees the old file or the whole new one, also after a crash."""
    with writing(path):
        _write_atomic(path, content)


def _write_atomic(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:100]}.")
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


def validation_errors(error: ValidationError, where: str, fix: str) -> list[InputError]:
    """Turn pydantic's findings into one InputError each, located as ``where.field``."""
    found = []
    for item in error.errors(include_url=False):
        field = ".".join(str(part) for part in item["loc"])
        found.append(InputError(item["msg"], where=f"{where}.{field}" if field else where, fix=fix))
    return found
