"""Profiles: one TOML file each, with the sizes of a place or of a published recipe; a chart adds more."""

import os
from pathlib import Path
from typing import Any

from codekiln.errors import InputError, did_you_mean
from codekiln.plugins import FilePlugins


def read(name: str) -> dict[str, Any]:
    """Return the settings of a profile by its name, or of a TOML file by its path.

    Raises:
        InputError: There is no such profile, or it is not TOML.
    """
    path = Path(name)
    if name.endswith(".toml") or os.sep in name:
        if path.is_file():
            return _PROFILES.read(path.stem, path)
    elif name in names():
        return _PROFILES.get(name)
    raise InputError(f"no profile '{name}'", where="--profile", fix=did_you_mean(name, names()))


def _of_the_cluster() -> list[Path]:
    return [Path(os.environ.get("CODEKILN_PROFILES", "/etc/codekiln/profiles"))]


def _parse(name: str, values: dict[str, Any], where: str) -> dict[str, Any]:
    return values


# A cluster's own profile comes before a shipped one of the same name.
_PROFILES = FilePlugins("profile", __name__, _parse, folders=_of_the_cluster)

names = _PROFILES.names
