"""The rooms of the package import downwards only, and nothing imports in a circle.

Function-level imports count: one that hides a circle is still a circle.
"""

import ast
from collections import defaultdict
from pathlib import Path

import networkx
import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "codekiln"

_FOUNDATION = {"errors", "progress", "plugins", "codekiln"}
_DATA = _FOUNDATION | {"data"}
_RECIPES = _DATA | {"code", "sandbox", "models", "filters", "inference", "teachers", "registry", "evaluation", "demo"}
_SETTINGS = _RECIPES | {"recipes", "training", "launch"}
MAY_IMPORT = {
    "errors": set(),
    "progress": set(),
    "codekiln": set(),
    "plugins": {"errors"},
    "data": _FOUNDATION,
    "sandbox": _DATA,
    "code": _DATA | {"sandbox"},
    "demo": _DATA | {"code"},
    "models": _DATA | {"demo"},
    "registry": _DATA,
    "filters": _DATA,
    "launch": _DATA | {"registry"},
    "inference": _DATA | {"models", "launch"},
    "training": _DATA | {"models", "launch"},
    "teachers": _DATA | {"code", "models", "inference"},
    "evaluation": _DATA | {"code"},
    "recipes": _RECIPES,
    "settings": _SETTINGS,
    "stages": _SETTINGS | {"settings"},
    "cli": _SETTINGS | {"settings", "stages"},
    "__main__": {"cli"},
}
"""What each room of codekiln may import; the rooms stand in the order of the layers, the lowest first."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "codekiln"


def imports_of(module: str) -> set[str]:
    """Return the modules of the package that a module imports, anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module}:{node.lineno}: imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                found.add(full if full in MODULES else str(node.module))
    return {name for name in found if name.split(".")[0] == "codekiln"} - {module}


IMPORTS = {module: imports_of(module) for module in MODULES}


@pytest.mark.parametrize("room", sorted({room_of(module) for module in MODULES}))
def test_a_room_imports_only_what_the_table_allows(room):
    assert room in MAY_IMPORT, f"add codekiln/{room} to the table, with what it may import"
    wrong = [
        f"{module} imports {imported}"
        for module, every in IMPORTS.items()
        if room_of(module) == room
        for imported in sorted(every)
        if room_of(imported) not in {room, *MAY_IMPORT[room]}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_has_no_circle_and_no_room_that_is_gone():
    assert set(MAY_IMPORT) == {room_of(module) for module in MODULES}
    order = list(MAY_IMPORT)
    upwards = [
        (room, other)
        for room, below in MAY_IMPORT.items()
        for other in below
        if order.index(other) >= order.index(room)
    ]
    assert not upwards


def test_no_modules_import_each_other_in_a_circle():
    graph = networkx.DiGraph([(module, imported) for module, every in IMPORTS.items() for imported in every])
    circles = [sorted(circle) for circle in networkx.strongly_connected_components(graph) if len(circle) > 1]
    assert not circles


def test_a_recipe_imports_no_other_recipe():
    recipes = {path.parent.name for path in (PACKAGE / "recipes").glob("*/recipe.py")}
    assert len(recipes) >= 5
    by_recipe = defaultdict(set)
    for module, every in IMPORTS.items():
        parts = module.split(".")
        if parts[:2] == ["codekiln", "recipes"] and len(parts) > 2 and parts[2] in recipes:
            by_recipe[parts[2]] |= {name.split(".")[2] for name in every if name.startswith("codekiln.recipes.")}
    assert not {recipe: used for recipe, used in by_recipe.items() if (used & recipes) - {recipe}}


def test_the_house_stays_small():
    rooms = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert len(rooms) <= 17
    assert len(list(PACKAGE.glob("*.py"))) <= 4
