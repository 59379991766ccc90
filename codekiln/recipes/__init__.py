"""Data recipes, found by name: one file or one folder each."""

from typing import Any

from codekiln import plugins
from codekiln.recipes.base import Recipe

SHARED = ("base", "problem_sets", "publish", "types")
"""What recipes have in common; every other file or folder here is a recipe."""


def names() -> tuple[str, ...]:
    """Return the names of all recipes."""
    return plugins.names(__name__)


def get(name: str) -> type[Recipe[Any]]:
    """Return a recipe's class by name, or raise InputError with a suggestion."""
    return plugins.load(__name__, name, Recipe)
