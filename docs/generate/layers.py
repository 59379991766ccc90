"""The table and the picture of the package's layers: which room may import which, and which does."""

import ast
import textwrap

import networkx

from docs.generate.drawing import drawn
from tests.test_layers import IMPORTS, MAY_IMPORT, MODULES, room_of

# Every room may import these; columns and arrows for them would hide the rest.
EVERYWHERE = ("errors", "progress", "plugins", "codekiln")
FILL, EDGE = "#f1f3f5", "#8b95a3"
COLUMN, ROW, WIDTH, HEIGHT = 1.75, 0.76, 1.3, 0.42
# Only the places are chosen by hand, so that no arrow runs through a box; arrows come from the code.
PLACES = {
    "cli": (2, 10), "stages": (2, 9), "settings": (2, 8), "recipes": (2, 7),
    "filters": (0, 6), "evaluation": (1, 6), "teachers": (2, 6), "training": (3, 6), "inference": (2, 5),
    "models": (2, 4), "launch": (3, 4), "demo": (2, 3), "code": (1, 2), "sandbox": (1, 1), "registry": (3, 1),
    "data": (0.5, 0),
}  # fmt: skip


def table() -> str:
    """Return the rooms, the highest layer first, with what each holds and what it may import."""
    lines = ["| room | what it holds | may import |", "|---|---|---|"]
    for room, allowed in reversed(MAY_IMPORT.items()):
        if room in ("codekiln", "__main__"):
            continue
        lines.append(f"| `{room}` | {_purpose(room)} | {_allowed(room, allowed)} |")
    return "\n".join(lines)


def _allowed(room: str, allowed: set[str]) -> str:
    """Return the rooms that a room may import in words, the shorter way round."""
    rooms = list(MAY_IMPORT)
    below = [name for name in rooms[: rooms.index(room)] if name not in EVERYWHERE]
    kept, left = ([f"`{name}`" for name in below if (name in allowed) is kind] for kind in (True, False))
    if not kept:
        return "nothing more"
    if len(kept) <= len(left) + 2:
        return ", ".join(kept)
    return "all below" + (f" except {', '.join(left)}" if left else "")


def imports() -> networkx.DiGraph:
    """Return the rooms and their imports as they are."""
    edges = {(room_of(module), room_of(other)) for module, every in IMPORTS.items() for other in every}
    kept = {edge for edge in edges if edge[0] != edge[1] and not {*EVERYWHERE, "__main__"}.intersection(edge)}
    return networkx.DiGraph(sorted(kept))


def svg() -> str:
    """Return the picture: each arrow is an import that does not follow from others.

    Raises:
        ValueError: A room has no place in the picture, or an arrow would go upwards.
    """
    graph = networkx.transitive_reduction(imports())
    if wrong := set(graph) ^ PLACES.keys():
        raise ValueError(f"give each room a place in docs/generate/layers.py: {', '.join(sorted(wrong))}")
    with drawn(0.3 + WIDTH + 3 * COLUMN, 0.3 + HEIGHT + 10 * ROW) as drawing:
        for room in PLACES:
            drawing.box(*_centre(room), room, width=WIDTH, fill=FILL, edge=EDGE)
            for other in sorted(graph[room]):
                if PLACES[room][1] <= PLACES[other][1]:
                    raise ValueError(f"{room} imports {other}, which stands no lower in docs/generate/layers.py")
                drawing.connect(_centre(room), _centre(other), WIDTH, HEIGHT)
    return drawing.text


def _centre(room: str) -> tuple[float, float]:
    column, row = PLACES[room]
    return 0.15 + WIDTH / 2 + COLUMN * column, 0.15 + HEIGHT / 2 + ROW * row


def _purpose(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    path = MODULES[f"codekiln.{room}"]
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    return textwrap.shorten(first, 200).replace("|", "\\|")
