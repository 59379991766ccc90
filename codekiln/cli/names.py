"""Types of options and arguments that take a name: shells complete it, and an error says what there is.

Names are found without importing what they name, because a shell that waits for completions is one somebody looks at.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from codekiln import stages
from codekiln.errors import CodekilnError

Names = Callable[[], Iterable[str]]


class Name(click.ParamType[str]):
    """A text that is usually one of some names.

    Args:
        name: What it is, as help shows it.
        known: Returns the names.
        path: What else it may be: ``file`` or ``dir``, which the shell completes; empty: nothing else.
    """

    def __init__(self, name: str, known: Names, path: str = "") -> None:
        self.name, self._known, self._path = name, known, path

    def known(self) -> dict[str, str]:
        """Return the names with what they mean, empty where a name says it; none where they cannot be found."""
        try:
            found = self._known()
            return dict(found) if isinstance(found, Mapping) else dict.fromkeys(found, "")
        except (CodekilnError, OSError, ValueError):
            return {}

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str | None:
        """Return what to give where the argument is missing."""
        names = ", ".join(self.known())
        return f"Give one of: {names}." if names else None

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        """Return the names that begin so; where none does, let the shell complete paths."""
        found = [
            CompletionItem(name, help=about or None)
            for name, about in self.known().items()
            if name.startswith(incomplete)
        ]
        return found or ([CompletionItem(incomplete, type=self._path)] if self._path else [])


class SettingName(Name):
    """The name of a setting and ``=``."""

    def known(self) -> dict[str, str]:
        """Return the settings, each with ``=``, and what they mean."""
        return {f"{key}=": about for key, about in super().known().items()}


def _pipelines() -> Iterable[str]:
    from codekiln.cli.compiled_pipelines import pipeline_names

    return pipeline_names()


def _profiles() -> Iterable[str]:
    from codekiln.settings import profiles

    return profiles.names()


def _settings() -> Mapping[str, str]:
    from codekiln.settings.keys import known

    return known()


def _pools() -> Iterable[str]:
    from codekiln.launch.pools import read_cluster

    return read_cluster().pools


def _gpus() -> Iterable[str]:
    from codekiln.launch.gpus import GPUS

    return GPUS


def _recipes() -> Iterable[str]:
    from codekiln import recipes

    return recipes.names()


def _files(kind: str, package: str) -> Names:
    """Return the names of plug-ins that are files. Importing their package would load pydantic."""

    def found() -> Iterable[str]:
        from codekiln.plugins import FilePlugins

        return FilePlugins(kind, package, lambda *_: None).names()

    return found


def _modules(kind: str, package: str, dash: str = "-") -> Names:
    def found() -> Iterable[str]:
        from codekiln.plugins import ModulePlugins

        return ModulePlugins(kind, package, lambda _: None, shared=("base",), dash=dash).names()

    return found


PIPELINE = Name("pipeline", _pipelines, "file")
RUN_PIPELINE = Name("pipeline", lambda: [name for name in _pipelines() if name != "judge"], "file")
STAGE = Name("stage", stages.names)
PROFILE = Name("profile", _profiles, "file")
RECIPE = Name("recipe", _recipes)
METRIC = Name("metric", _modules("metric", "codekiln.code.metrics", "_"))
FILTER = Name("filter", _modules("filter", "codekiln.filters"))
TEACHER = Name("teacher", _modules("teacher", "codekiln.teachers"))
BASE_MODEL = Name("model", _files("model", "codekiln.models"), "dir")
POOL = Name("pool", _pools)
GPU = Name("gpu[:count]", _gpus)
SETTING = SettingName("key=value", _settings)
