"""Data recipes, found by name: one file or one folder each, or an entry point `codekiln.recipes`."""

from typing import Any

from codekiln.plugins import ModulePlugins, subclass_in
from codekiln.recipes.base import Recipe

# What recipes have in common; every other file or folder here is a recipe.
_SHARED = ("base", "decontamination", "labelled", "problem_sets", "publish", "published", "types", "validate")
_RECIPES: ModulePlugins[type[Recipe[Any]]] = ModulePlugins("recipe", __name__, subclass_in(Recipe), shared=_SHARED)

names = _RECIPES.names
get = _RECIPES.get
