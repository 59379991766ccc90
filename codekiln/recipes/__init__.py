"""Data recipes, found by name: one file or one folder each, or an entry point `codekiln.recipes`."""

from types import ModuleType
from typing import TYPE_CHECKING, Any

from codekiln.plugins import ModulePlugins, subclass_in

if TYPE_CHECKING:
    from codekiln.recipes.base import Recipe

# What recipes have in common; every other file or folder here is a recipe.
_SHARED = ("base", "decontamination", "labelled", "problem_sets", "publish", "published", "types", "validate")


def _find(module: ModuleType) -> "type[Recipe[Any]] | None":
    # A shell that completes names waits for the import of this package, and what recipes need takes a second.
    from codekiln.recipes.base import Recipe

    found: type[Recipe[Any]] | None = subclass_in(Recipe)(module)
    return found


_RECIPES: "ModulePlugins[type[Recipe[Any]]]" = ModulePlugins("recipe", __name__, _find, shared=_SHARED)

names = _RECIPES.names
get = _RECIPES.get
