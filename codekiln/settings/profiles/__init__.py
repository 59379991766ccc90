"""Profiles: one TOML file each, with the sizes of a place or of a published recipe; a chart adds more."""

import os
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from codekiln.errors import InputError, did_you_mean


def names() -> list[str]:
    """Return the names of the shipped profiles and of those that the chart adds."""
    return sorted(_profiles())


def read(name: str) -> dict[str, Any]:
    """Return a profile by name, or a TOML file by path.

    Raises:
        InputError: There is no such profile, or it is not TOML.
    """
    path = Path(name) if name.endswith(".toml") or os.sep in name else _profiles().get(name)
    if path is None or not path.is_file():
        raise InputError(f"no profile '{name}'", where="--profile", fix=did_you_mean(name, names()))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}", where=str(path), fix="correct the line named") from None


def _profiles() -> dict[str, Path]:
    # A cluster's own profile comes before a shipped one of the same name.
    shipped = Path(str(resources.files(__name__)))
    own = Path(os.environ.get("CODEKILN_PROFILES", "/etc/codekiln/profiles"))
    return {path.stem: path for folder in (shipped, own) for path in folder.glob("*.toml")}
