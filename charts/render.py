"""Writes what is made from the chart, and what the chart takes from elsewhere.

``python -m charts.render`` writes the chart's copies of the compiled pipelines and of the permission table, the table
of values in the chart's README, and ``manifests/``. ``python -m charts.render VALUES FOLDER`` writes one kustomize
folder for values of your own. ``tests/chart`` compares everything with what is committed.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from charts import kustomize, readme
from charts.places import CHART, COMPILED, MANIFESTS
from codekiln.launch.cluster import permissions

Files = Iterable[tuple[Path, str]]


def chart_files() -> Iterator[tuple[Path, str]]:
    """Yield the path and text of each file in the chart that has its source elsewhere."""
    for path in sorted(COMPILED.glob("*.yaml")):
        yield CHART / "files" / "pipelines" / path.name, path.read_text(encoding="utf-8")
    yield CHART / "files" / "permissions.yaml", permission_rules()


def derived_files() -> Iterator[tuple[Path, str]]:
    """Yield the path and text of each file that is made from the chart."""
    yield CHART / "README.md", readme.with_table((CHART / "README.md").read_text(encoding="utf-8"))
    yield from kustomize.everything()


def permission_rules() -> str:
    """Return the rules of the chart's roles, made from the table of what the code calls."""
    rules = {
        "namespaced": {api: _rules(table) for api, table in permissions.PERMISSIONS.items()},
        "cluster": _rules(permissions.CLUSTER_PERMISSIONS),
    }
    return yaml.safe_dump(rules, sort_keys=False)


def _rules(table: Iterable[permissions.Permission]) -> list[dict[str, list[str]]]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in table:
        verbs.setdefault((group, resource), []).append(verb)
    return [{"apiGroups": [group], "resources": [resource], "verbs": each} for (group, resource), each in verbs.items()]


def generated(*folders: Path) -> set[Path]:
    """Return the generated files that are there, in folders that hold nothing else."""
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def write(files: Files, *folders: Path) -> None:
    """Write files, and remove from folders what is no longer made."""
    written = set()
    for path, text in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.add(path)
    for stale in generated(*folders) - written:
        stale.unlink()


def main(words: list[str]) -> None:
    """Write every generated file, or one kustomize folder."""
    if words:
        values, folder = map(Path, words)
        write(kustomize.folder(folder, yaml.safe_load(values.read_text(encoding="utf-8")) or {}))
        return
    write(chart_files(), CHART / "files")
    write(derived_files(), *(MANIFESTS / name for name in kustomize.GENERATED))


if __name__ == "__main__":
    main(sys.argv[1:])
