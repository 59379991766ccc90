"""The list of settings that a shell completes after ``--set``: the schema itself takes a second to import."""

from collections.abc import Iterator

from pydantic import BaseModel

from codekiln import filters, recipes, teachers
from codekiln.settings.schema import Settings


def text() -> str:
    """Return one setting a line, with a tab and what it does; those of plug-ins too."""
    rows = list(_rows(Settings, ""))
    for section, table in (("recipes", recipes), ("teachers", teachers), ("filter_settings", filters)):
        for name in table.names():
            rows += _rows(table.get(name).Settings, f"{section}.{name}.")
    return "".join(f"{key}\t{about}\n" for key, about in sorted(rows))


def _rows(schema: type[BaseModel], prefix: str) -> Iterator[tuple[str, str]]:
    for name, field in schema.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel) and not field.description:
            yield from _rows(field.annotation, f"{prefix}{name}.")
        elif f"{prefix}{name}" not in ("recipes", "teachers", "filter_settings"):
            yield f"{prefix}{name}", " ".join((field.description or "").split())
