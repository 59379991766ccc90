"""Writes what is generated from elsewhere: ``python charts/render.py``.

The chart's copies of the compiled pipelines and of the permission table, the table of values in the chart's README,
and ``manifests/`` for people without Helm. ``tests/chart`` compares all of it with what is committed.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

from codekiln.launch import permissions

ROOT = Path(__file__).parents[1]
CHART = ROOT / "charts" / "codekiln"
COMPILED = ROOT / "pipelines" / "compiled"


def chart_files() -> Iterator[tuple[Path, str]]:
    """Yield the path and text of each file in the chart that has its source elsewhere."""
    for path in sorted(COMPILED.glob("*.yaml")):
        yield CHART / "files" / "pipelines" / path.name, path.read_text(encoding="utf-8")
    yield CHART / "files" / "permissions.yaml", permission_rules()


def permission_rules() -> str:
    """Return the rules of the chart's roles, made from the table of what the code calls."""
    rules = {
        "namespaced": {api: _rules(table) for api, table in permissions.PERMISSIONS.items()},
        "cluster": _rules(permissions.CLUSTER_PERMISSIONS),
    }
    return yaml.safe_dump(rules, sort_keys=False)


def _rules(table: tuple[permissions.Permission, ...]) -> list[dict[str, list[str]]]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in table:
        verbs.setdefault((group, resource), []).append(verb)
    return [{"apiGroups": [group], "resources": [resource], "verbs": each} for (group, resource), each in verbs.items()]


def write(files: Iterator[tuple[Path, str]]) -> None:
    """Write files and remove generated ones that are no longer made."""
    written = set()
    for path, text in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.add(path)
    for stale in set((CHART / "files").rglob("*.yaml")) - written:
        stale.unlink()


def main() -> None:
    """Write every generated file."""
    write(chart_files())


if __name__ == "__main__":
    sys.exit(main())
