"""The table of values: defaults from values.yaml, descriptions from values.schema.json."""

import json
from collections.abc import Iterator
from typing import Any

import yaml

from charts.places import CHART

START, END = "<!-- values: written by `make manifests` -->", "<!-- end of values -->"
# They are shown whole: what is below has Kubernetes' own names.
WHOLE = ("resources", "defaults", "gpuPools")


def with_table(text: str) -> str:
    """Return a README with the table between its two marks."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    rows = [f"| `{path}` | {_shown(default)} | {about} |" for path, default, about in values()]
    return "\n".join([before + START, "", "| Value | Default | What it is |", "|---|---|---|", *rows, "", END + after])


def values() -> Iterator[tuple[str, Any, str]]:
    """Yield path, default and description of every value."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    yield from _below(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")), schema, schema, "")


def _below(defaults: dict[str, Any], node: dict[str, Any], root: dict[str, Any], path: str) -> Iterator[tuple]:
    for key, value in defaults.items():
        child = node["properties"][key]
        resolved = _resolved(child, root)
        here = f"{path}.{key}".lstrip(".")
        if isinstance(value, dict) and value and "properties" in resolved and key not in WHOLE:
            yield from _below(value, resolved, root, here)
        else:
            yield here, value, child["description"]


def _resolved(node: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    for each in node.get("allOf", []):
        return root["definitions"][each["$ref"].rpartition("/")[2]]
    return node


def _shown(default: Any) -> str:
    return f"`{json.dumps(default)}`" if default not in ("", [], {}) else "empty"
