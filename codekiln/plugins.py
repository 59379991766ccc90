"""Plug-ins of every kind are found alike: as a file of codekiln, or as an entry point of an installed package.

| kind | entry point group | a plug-in is | shipped ones lie in |
|---|---|---|---|
| recipe | `codekiln.recipes` | a class derived from `Recipe` | codekiln/recipes: one file or one folder each |
| teacher | `codekiln.teachers` | a class derived from `Teacher` | codekiln/teachers |
| filter | `codekiln.filters` | a class derived from `Filter` | codekiln/filters |
| metric | `codekiln.metrics` | an object `METRIC` | codekiln/code/metrics |
| model | `codekiln.models` | a file `NAME.toml` | codekiln/models |
| profile | `codekiln.profiles` | a file `NAME.toml` | codekiln/settings/profiles |

An entry point is written ``NAME = "package.module"`` (``NAME = "package.module:Class"`` where a module holds several);
for files it names the package whose folder holds ``NAME.toml``. Listing the names imports nothing, so a plug-in that
cannot be imported is an error of the command that uses it, and of no other.
"""

import importlib
import importlib.util
import pkgutil
import sys
import tomllib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from codekiln.errors import InputError, did_you_mean, extra_of, missing_extra

T = TypeVar("T")
_TOML = """write it as TOML: key = value, [section], texts in "quotes" ('single' ones where a \\ is), true and false"""


class Plugins(ABC, Generic[T]):
    """All plug-ins of one kind.

    Args:
        kind: What one is called, for messages; its plural names the group of entry points.
        package: The package that holds the shipped ones.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self.group = f"codekiln.{kind}s"

    def names(self) -> tuple[str, ...]:
        """Return the names of all plug-ins, sorted; imports none of them."""
        return tuple(sorted({*self._shipped(), *(entry.name for entry in _entry_points(self.group, tuple(sys.path)))}))

    def get(self, name: str) -> T:
        """Return the plug-in called ``name``.

        Raises:
            InputError: There is no such plug-in, there are two, or it cannot be loaded.
        """
        installed = [entry for entry in _entry_points(self.group, tuple(sys.path)) if entry.name == name]
        places = [self._shipped()[name]] if name in self._shipped() else []
        places += [f"{entry.value} of the package {_package_of(entry)}" for entry in installed]
        if not places:
            raise InputError(f"no {self.kind} '{name}'", where=self.kind, fix=did_you_mean(name, self.names()))
        if len(places) > 1:
            what = f"{len(places)} plug-ins are called '{name}': {', '.join(places)}"
            raise InputError(what, where=self.group, fix="rename or uninstall all but one")
        return self._loaded(name, installed[0].value if installed else None, places[0])

    def _loaded(self, name: str, entry: str | None, place: str) -> T:
        try:
            plugin = self._load(name, entry)
        except InputError:
            raise
        except ModuleNotFoundError as error:
            if extra_of(error.name) is None:
                raise self._broken(name, entry, place, error) from error
            raise missing_extra([str(error.name)], f"the {self.kind} '{name}'") from error
        except Exception as error:  # a plug-in may raise anything when it is imported
            raise self._broken(name, entry, place, error) from error
        if (own := getattr(plugin, "name", name)) != name:
            what = f"the {self.kind} '{name}' calls itself '{own}'"
            raise InputError(what, where=place, fix="give the entry point and the plug-in one name")
        return plugin

    def _broken(self, name: str, entry: str | None, place: str, error: Exception) -> InputError:
        what = f"the {self.kind} '{name}' cannot be loaded: {type(error).__name__}: {error}"
        module = (entry or place).partition(":")[0]
        fix = f"mend it or uninstall its package; `python -c 'import {module}'` shows the traceback"
        return InputError(what, where=place, fix=fix)

    @abstractmethod
    def _shipped(self) -> Mapping[str, str]:
        """Return where each shipped plug-in is, by name."""

    @abstractmethod
    def _load(self, name: str, entry: str | None) -> T:
        """Load a plug-in; ``entry`` is the value of its entry point, None for a shipped one."""


class ModulePlugins(Plugins[T]):
    """Plug-ins that are Python modules; the name of a module, with ``dash`` for ``_``, names the plug-in.

    Args:
        kind: See `Plugins`.
        package: See `Plugins`.
        find: Returns the plug-in that a module holds, or None.
        shared: Modules of the package that are not plug-ins, besides those whose name starts with ``_``.
        dash: What stands for ``_`` in names.
    """

    def __init__(
        self,
        kind: str,
        package: str,
        find: Callable[[ModuleType], T | None],
        *,
        shared: Iterable[str] = (),
        dash: str = "-",
    ) -> None:
        super().__init__(kind, package)
        self._find, self._shared, self._dash = find, frozenset(shared), dash

    def _shipped(self) -> Mapping[str, str]:
        return {
            name.replace("_", self._dash): f"{self.package}.{name}"
            for name in _module_names(_folders(self.package))
            if not name.startswith("_") and name not in self._shared
        }

    def _load(self, name: str, entry: str | None) -> T:
        place, _, attribute = (entry or self._shipped()[name]).partition(":")
        module = importlib.import_module(place)
        if attribute:
            plugin: T = getattr(module, attribute)
            return plugin
        found = self._find(module)
        if found is None and hasattr(module, "__path__"):
            # A folder keeps its plug-in in the module that is named like the kind: recipe.py.
            module = importlib.import_module(f"{place}.{self.kind}")
            found = self._find(module)
        if found is None:
            raise InputError(f"holds no {self.kind}", where=module.__name__, fix=f"see codekiln.{self.kind}s")
        return found


class FilePlugins(Plugins[T]):
    """Plug-ins that are TOML files; the name of a file names the plug-in.

    Args:
        kind: See `Plugins`.
        package: See `Plugins`.
        parse: Makes the plug-in of (name, content of the file, its path).
        folders: Returns further folders; their files come before shipped ones of the same name.
    """

    def __init__(
        self,
        kind: str,
        package: str,
        parse: Callable[[str, dict[str, Any], str], T],
        *,
        folders: Callable[[], Iterable[Path]] = tuple,
    ) -> None:
        super().__init__(kind, package)
        self._parse, self._folders = parse, folders

    def _shipped(self) -> Mapping[str, str]:
        return {name: str(file) for name, file in self._files().items()}

    def _files(self) -> dict[str, Traversable]:
        folders = [*map(Path, _folders(self.package)), *self._folders()]
        return {path.stem: path for folder in folders for path in sorted(folder.glob("*.toml"))}

    def _load(self, name: str, entry: str | None) -> T:
        return self.read(name, self._file(name, entry))

    def _file(self, name: str, entry: str | None) -> Traversable:
        return self._files()[name] if entry is None else resources.files(entry) / f"{name}.toml"

    def text(self, name: str) -> str:
        """Return the file of a plug-in that there is as it is written, comments included."""
        installed = (entry.value for entry in _entry_points(self.group, tuple(sys.path)) if entry.name == name)
        return self._file(name, next(installed, None)).read_text(encoding="utf-8-sig")

    def read(self, name: str, file: Traversable) -> T:
        """Return the plug-in of a file.

        Raises:
            InputError: It is not UTF-8, not valid TOML, or ``parse`` refuses it.
        """
        try:
            values = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except tomllib.TOMLDecodeError as error:
            raise InputError(f"not valid TOML: {error}", where=str(file), fix=_TOML) from None
        except UnicodeDecodeError as error:
            raise InputError(f"is not UTF-8 text: {error.reason}", where=str(file), fix="give a TOML file") from None
        return self._parse(name, values, str(file))


def subclass_in(base: type[Any]) -> Callable[[ModuleType], Any]:
    """Return a function that finds the class derived from ``base`` that a module defines itself."""

    def find(module: ModuleType) -> Any:
        return next(
            (
                item
                for item in vars(module).values()
                if isinstance(item, type) and issubclass(item, base) and item.__module__ == module.__name__
            ),
            None,
        )

    return find


def name_of(plugin: type) -> str:
    """Return the name of a plug-in class: its file's, or, where the file is named like its base class, its folder's."""
    *_, folder, file = ["", *plugin.__module__.split(".")]
    kinds = {base.__name__.lower() for base in plugin.__mro__[1:]}
    return (folder if file in kinds else file).replace("_", "-")


def _folders(package: str) -> tuple[str, ...]:
    """Return the folders of a package without importing it, which may take a second."""
    if (loaded := sys.modules.get(package)) is not None:
        return tuple(loaded.__path__)
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise ModuleNotFoundError(f"no package {package}", name=package)
    return tuple(spec.submodule_search_locations or ())


@lru_cache(maxsize=64)
def _entry_points(group: str, path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    """Return the entry points of a group; ``path`` is `sys.path`, which decides what is installed."""
    return tuple(metadata.entry_points(group=group))


@lru_cache(maxsize=64)
def _module_names(path: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(list(path)))


def _package_of(entry: metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else "?"
