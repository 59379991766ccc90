"""Profiles: one TOML file each, with the sizes of a place or of a published recipe; a chart adds more."""

import itertools
import os
from pathlib import Path
from typing import Any

from codekiln.data.text import read_text, require_regular
from codekiln.errors import InputError, did_you_mean
from codekiln.plugins import FilePlugins


def read(name: str) -> dict[str, Any]:
    """Return the settings of a profile by its name, or of a TOML file by its path.

    Raises:
        InputError: There is no such profile, or it is not TOML.
    """
    path = Path(name)
    if name in names():
        return _PROFILES.get(name)
    require_regular(path)
    if path.is_file():
        return _PROFILES.read(path.stem, path)
    raise InputError(f"no profile '{name}'", where="--profile", fix=did_you_mean(name, names()))


def text(name: str) -> str:
    """Return a profile as it is written; `read` says whether there is one."""
    return read_text(Path(name)) if name not in names() else _PROFILES.text(name)


def about(name: str) -> str:
    """Return what a profile is for: the first sentence of the comment that it begins with, if it has one."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), text(name).split("\n"))
    comment = " ".join(line.removeprefix("#").strip() for line in lines)
    return comment.partition(". ")[0].rstrip(".") + "." if comment else ""


def _of_the_cluster() -> list[Path]:
    return [Path(os.environ.get("CODEKILN_PROFILES", "/etc/codekiln/profiles"))]


def _parse(name: str, values: dict[str, Any], where: str) -> dict[str, Any]:
    return values


# A cluster's own profile comes before a shipped one of the same name.
_PROFILES = FilePlugins("profile", __name__, _parse, folders=_of_the_cluster)

names = _PROFILES.names
