"""The settings of a run, or all mistakes in them and in the data that they name."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from codekiln.errors import InputErrors, mistakes
from codekiln.settings.resolve import SettingsErrors, resolve
from codekiln.settings.schema import Settings
from codekiln.stages import benchmarks
from codekiln.stages.configured import recipe_of


def resolve_and_read(profile: str, form: Mapping[str, str], overrides: list[str] | Mapping[str, Any]) -> Settings:
    """Return the settings of a run as `resolve` does; where they have mistakes, those in the data are found too.

    Raises:
        InputErrors: What is wrong with settings, and with the problems, benchmarks and files that the others name.
    """
    try:
        return resolve(profile, form, overrides)
    except SettingsErrors as error:
        if error.usable is None:
            raise
        errors, settings = list(error.errors), error.usable
    for read in (partial(recipe_of(settings).read_sources, settings), partial(benchmarks.read_sources, settings)):
        errors += mistakes(read)
    raise InputErrors(errors)
