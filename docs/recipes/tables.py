"""Write the tables of the recipes' pages from the code: ``python docs/recipes/tables.py``.

A page ``NAME.md`` gets the settings and the measures of recipe NAME between its markers; the rest of it is prose.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

from codekiln import recipes
from codekiln.evaluation import measures

FOLDER = Path(__file__).parent
MARKED = re.compile(r"(<!-- table: (?P<name>\w+) -->\n)(?P<table>.*?)(<!-- end -->)", re.DOTALL)


def page(path: Path) -> str:
    """Return a page's text with its tables as the code is now."""
    tables = {"settings": _settings, "measures": _measures}
    kind = recipes.get(path.stem)

    def fill(match: re.Match) -> str:
        return f"{match[1]}{tables[match['name']](kind)}\n{match[4]}"

    return MARKED.sub(fill, path.read_text(encoding="utf-8"))


def pages() -> list[Path]:
    """Return the page of every recipe."""
    return [FOLDER / f"{name}.md" for name in recipes.names()]


def _settings(kind: type[recipes.Recipe]) -> str:
    lines = ["| setting | default | what it does |", "|---|---|---|"]
    for name, field in kind.Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        lines.append(f"| `recipes.{kind.name}.{name}` | {_shown(default)} | {_cell(field.description)} |")
    return "\n".join(lines)


def _measures(kind: type[recipes.Recipe]) -> str:
    shown = {**measures.of(kind), **{name: measures.look_up(kind, name) for name in kind.distances}}
    lines = ["| measure | better | what it says |", "|---|---|---|"]
    chance = f"Chance that at least one of k samples {kind.passes}."
    lines.append(f"| `pass@k` | higher | {_cell(chance)} |")
    for name, measure in shown.items():
        note = " (the target)" if name == kind.target else " (may not fall)" if name == kind.guard else ""
        lines.append(f"| `{name}`{note} | {measure.direction} | {_cell(measure.describe)} |")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if value == "" or value is None:
        return "empty"
    text = value if isinstance(value, str) else json.dumps(value, default=list)
    return f"`{_cell(text if len(text) <= 60 else text[:57] + '...')}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    for path in pages():
        text = page(path)
        if text != path.read_text(encoding="utf-8"):
            path.write_text(text, encoding="utf-8")
            print(path, file=sys.stderr)
