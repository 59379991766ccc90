"""Plugins: a file or a folder of a package is found by its name and imported only when it is asked for."""

import importlib
import pkgutil
from typing import TypeVar

from codekiln.errors import InputError, did_you_mean

Base = TypeVar("Base")


def names(package: str) -> tuple[str, ...]:
    """Return the names of a package's plugins: its file names, with ``-`` for ``_``; imports none of them.

    A file whose name starts with ``_``, or that the package's ``SHARED`` names, is a helper, not a plugin.
    """
    parent = importlib.import_module(package)
    shared = getattr(parent, "SHARED", ())
    files = [module.name for module in pkgutil.iter_modules(parent.__path__)]
    return tuple(sorted(name.replace("_", "-") for name in files if not name.startswith("_") and name not in shared))


def load(package: str, name: str, base: type[Base]) -> type[Base]:
    """Return the class derived from ``base`` in the plugin ``name`` of ``package``.

    The plugin is the module ``name``, or, where that is a folder, the module in it that is named like the base class:
    ``recipe.py`` for ``Recipe``.

    Raises:
        InputError: There is no such plugin.
    """
    kind = base.__name__.lower()
    known = names(package)
    if name not in known:
        raise InputError(f"no {kind} '{name}'", where=kind, fix=did_you_mean(name, known))
    module = importlib.import_module(f"{package}.{name.replace('-', '_')}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"{module.__name__}.{kind}")
    return next(
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, base) and item.__module__ == module.__name__
    )


def name_of(plugin: type) -> str:
    """Return a plugin's name: its file's, or, where the file is named like its base class, its folder's."""
    *_, folder, file = plugin.__module__.split(".")
    kinds = {base.__name__.lower() for base in plugin.__mro__[1:]}
    return (folder if file in kinds else file).replace("_", "-")
