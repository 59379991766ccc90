"""Logs of Inspect as it writes them, ``.eval``: a ZIP archive with a file of JSON for each sample.

Facts from Inspect (``src/inspect_ai/log/_recorders/eval.py``, ``docs/eval-logs.qmd``): ``samples/ID_epoch_N.json`` has
what the log as JSON has in its list ``samples``; the archive may be packed in a way that only Inspect reads.
"""

import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from codekiln.data.readers.files import Row
from codekiln.errors import InputError

_FOLDER, _HEADER = "samples/", ("header.json", "_journal/start.json")
_MOST_BYTES = 2**28
"""Size of a sample at which it is refused: no log's come near it, and a bomb does."""


def is_log(path: Path) -> bool:
    """Return whether a file is an archive with what every log of Inspect has."""
    try:
        if not path.is_file():  # a device may have no end to look for the archive's directory at
            return False
        with zipfile.ZipFile(path) as archive:
            return any(name in archive.namelist() for name in _HEADER)
    except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError):
        return False


def rows(path: Path) -> Iterator[Row]:
    """Yield the samples of a log, each with its place, ``file[name]``.

    Raises:
        InputError: The log has no sample, or one cannot be read.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.startswith(_FOLDER) and name.endswith(".json")]
        if not names:
            fix = "give the log of an evaluation that has ended"
            raise InputError("is a log of Inspect without a sample", where=str(path), fix=fix)
        for name in dict.fromkeys(names):
            yield f"{path}[{name!r}]", _sample(archive, name, path)


def _sample(archive: zipfile.ZipFile, name: str, path: Path) -> object:
    try:
        if archive.getinfo(name).file_size > _MOST_BYTES:
            raise ValueError("it is larger than 256 MiB")
        return json.loads(archive.read(name))
    except (ValueError, RuntimeError, OSError, EOFError, RecursionError, zlib.error, zipfile.BadZipFile) as error:
        what = f"the log of Inspect cannot be read here ({error})"
        fix = f"give it as JSON: inspect log convert {path} --to json --output-dir logs-json"
        raise InputError(what, where=f"{path}[{name!r}]", fix=fix) from None
