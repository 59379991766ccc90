"""The key that signs records of promotions: a file, or a variable of the environment, which a setting names."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.errors import InputError
from codekiln.registry.signing import private_key
from codekiln.settings.schema import Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

VARIABLE = "CODEKILN_SIGNING_KEY"
_SETTING, _ENVIRONMENT = "promotion.signing_key", "env:"


def signing_key(settings: Settings) -> "Ed25519PrivateKey | None":
    """Return the key that signs records of promotions, or None where none is given.

    ``promotion.signing_key`` is the path of a PEM file, or ``env:NAME`` for a variable that holds one; without it
    CODEKILN_SIGNING_KEY is used where it is set.

    Raises:
        InputError: What is named is not there, or is no key.
    """
    named = settings.promotion.signing_key
    if not named:
        found = os.environ.get(VARIABLE, "")
        return private_key(found.encode(), VARIABLE) if found.strip() else None
    if named.startswith(_ENVIRONMENT):
        variable = named.removeprefix(_ENVIRONMENT)
        if not (found := os.environ.get(variable, "")):
            raise InputError(f"names the variable {variable}, which is not set", where=_SETTING, fix="set it")
        return private_key(found.encode(), variable)
    try:
        content = Path(named).expanduser().read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=f"{_SETTING} {named}", fix="give a file") from None
    return private_key(content, named)
