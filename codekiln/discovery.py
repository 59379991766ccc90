"""One-file plugins: a module of a package is found by its file name and imported only when it is asked for."""

import importlib
import pkgutil
from typing import TypeVar

from codekiln.errors import InputError, did_you_mean

Base = TypeVar("Base")


def names(package: str) -> tuple[str, ...]:
    """Return the names of a package's plugins: its file names, with ``-`` for ``_``; imports none of them.

    A file whose name starts with ``_`` is a helper, not a plugin.
    """
    files = [module.name for module in pkgutil.iter_modules(importlib.import_module(package).__path__)]
    return tuple(sorted(name.replace("_", "-") for name in files if not name.startswith("_")))


def load(package: str, name: str, base: type[Base]) -> type[Base]:
    """Return the class derived from ``base`` in the plugin ``name`` of ``package``.

    Raises:
        InputError: There is no such plugin.
    """
    known = names(package)
    if name not in known:
        kind = base.__name__.lower()
        raise InputError(f"no {kind} '{name}'", where=kind, fix=did_you_mean(name, known))
    module = importlib.import_module(f"{package}.{name.replace('-', '_')}")
    return next(
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, base) and item.__module__ == module.__name__
    )
