"""The tables of the documentation that are made from the code.

A table stands in a page between ``<!-- table: NAME -->`` and ``<!-- end -->``; everything around it is prose.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from codekiln import filters, models, recipes, teachers
from codekiln.code import metrics
from codekiln.evaluation import measures
from codekiln.recipes.base import Recipe
from codekiln.settings import form, profiles
from codekiln.settings.schema import Settings
from codekiln.stages.monitoring.families import FAMILIES
from docs.generate import layers, message_tables

DOCS = Path(__file__).parents[1]
MARKED = re.compile(r"(<!-- table: (?P<name>[\w-]+) -->\n)(?P<table>.*?)(<!-- end -->)", re.DOTALL)
LONGEST_DEFAULT = 60


def pages() -> Iterator[Path]:
    """Yield every page of the documentation that has a table."""
    yield from (path for path in sorted(DOCS.rglob("*.md")) if MARKED.search(path.read_text(encoding="utf-8")))


def page(path: Path) -> str:
    """Return a page's text with its tables as the code is now.

    Raises:
        KeyError: The page asks for a table that there is not.
    """

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        made = RECIPE_TABLES[name](recipes.get(path.stem)) if name in RECIPE_TABLES else TABLES[name]()
        return f"{match[1]}{made}\n{match[4]}"

    return MARKED.sub(fill, path.read_text(encoding="utf-8"))


def _recipe_settings(kind: type[Recipe[Any]]) -> str:
    return _table("setting | default | what it does", _fields(kind.Settings, f"recipes.{kind.name}."))


def _recipe_measures(kind: type[Recipe[Any]]) -> str:
    def rows() -> Iterator[tuple[str, ...]]:
        yield "`pass@k`", "higher", f"Chance that at least one of k samples {kind.passes}."
        for name, measure in shown.items():
            note = " (the target)" if name == kind.target else " (may not fall)" if name == kind.guard else ""
            yield f"`{name}`{note}", measure.direction, measure.describe

    shown = {**measures.by_name(kind), **{name: measures.look_up(kind, name) for name in kind.distances}}
    return _table("measure | better | what it says", rows())


def _recipes() -> str:
    kinds = map(recipes.get, recipes.names())
    rows = (
        (f"[`{kind.name}`]({kind.name}.md)", kind.describe, f"`{kind.target}`", f"`{kind.guard}`") for kind in kinds
    )
    return _table("recipe | what it makes | aims at | may not fall", rows)


def _metrics() -> str:
    known = map(metrics.get, metrics.names())
    return _table("metric | better | what it is", ((f"`{one.name}`", one.direction, one.describe) for one in known))


def _models() -> str:
    known = map(models.get, models.names())
    rows = ((f"`{one.name}`", f"`{one.id}`", _size(one.params), one.licence) for one in known)
    return _table("name | id | parameters | licence", rows)


def _profiles() -> str:
    return _table("profile | what it is for", ((f"`{name}`", profiles.about(name)) for name in profiles.names()))


def _teachers() -> str:
    return _plugins("teacher", teachers)


def _filters() -> str:
    return _plugins("filter", filters)


def _plugins(kind: str, table: Any) -> str:
    return _table(f"{kind} | what it does", ((f"`{name}`", table.get(name).describe) for name in table.names()))


def _run_settings() -> str:
    return _table("setting | default | what it does", _fields(Settings, ""))


def _run_form() -> str:
    rows = ((f"`{name}`", one.takes, f"`{one.example}`", one.empty) for name, one in form.FIELDS.items())
    return _table("field | takes | example | empty means", rows)


def _monitoring() -> str:
    rows = (
        (f"`{name}`", ", ".join(f"`{label}`" for label in family.labels), family.kind, family.help)
        for name, family in FAMILIES.items()
    )
    return _table("metric | more labels | type | what it is", rows)


def _plugin_settings() -> str:
    rows = [
        row
        for section, table in (("teachers", teachers), ("filter_settings", filters))
        for name in table.names()
        for row in _fields(table.get(name).Settings, f"{section}.{name}.")
    ]
    return _table("setting | default | what it does", rows)


def _fields(schema: type[BaseModel], prefix: str) -> Iterator[tuple[str, ...]]:
    """Yield each setting with its default and description, those of sections one by one."""
    for name, field in schema.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel) and not field.description:
            yield from _fields(field.annotation, f"{prefix}{name}.")
        else:
            default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
            yield f"`{prefix}{name}`", default, field.description or ""
            # An array of tables: each of them has these fields.
            for item in get_args(field.annotation) if get_origin(field.annotation) is tuple else ():
                if isinstance(item, type) and issubclass(item, BaseModel):
                    yield from _fields(item, f"{prefix}{name}.")


def _shown(value: Any) -> str:
    if hasattr(value, "model_dump"):
        value = value.model_dump(mode="json")
    if value == "" or value is None:
        return "empty"
    text = value if isinstance(value, str) else json.dumps(value, default=list)
    return f"`{_cell(text if len(text) <= LONGEST_DEFAULT else text[: LONGEST_DEFAULT - 3] + '...')}`"


def _size(params: int | None) -> str:
    return f"{(params or 0) / 1e9:.2f} B" if (params or 0) > 1e8 else f"{(params or 0) / 1e6:.1f} M"


def _table(head: str, rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join(lines + [f"| {' | '.join(map(_cell, row))} |" for row in rows])


def _cell(text: str) -> str:
    """Return a text as the cell of a table: one line, and outside of code nothing that Markdown takes for a tag."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()).replace("\\|", "|").replace("|", "\\|"))
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in parts)


RECIPE_TABLES: dict[str, Callable[[type[Recipe[Any]]], str]] = {
    "settings": _recipe_settings,
    "measures": _recipe_measures,
}
TABLES: dict[str, Callable[[], str]] = {
    "recipes": _recipes,
    "metrics": _metrics,
    "models": _models,
    "profiles": _profiles,
    "teachers": _teachers,
    "filters": _filters,
    "run-settings": _run_settings,
    "run-form": _run_form,
    "plugin-settings": _plugin_settings,
    "monitoring": _monitoring,
    "layers": layers.table,
    "messages": message_tables.tables,
}
