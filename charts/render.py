"""Writes what is made from the chart, and what the chart takes from elsewhere.

``python -m charts.render`` writes the chart's copy of the permission table, the table of values in the chart's README,
and ``manifests/``; ``tests/chart`` compares these with what is committed. ``python -m charts.render VALUES FOLDER``
writes one kustomize folder for values of your own, and with ``--pipelines MODE`` one that has the pipelines alone.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from helm_python.errors import HelmRenderError, HelmValuesError

from charts import chart, jobs, kustomize, readme
from charts.places import CHART, MANIFESTS
from codekiln.launch.cluster import permissions
from codekiln.stages.serving import vllm_middleware
from codekiln.stages.serving.folder import PLUGIN

Files = dict[Path, str]
# Folders that hold nothing else than what is generated.
GENERATED = (kustomize.BASE, kustomize.OVERLAYS, MANIFESTS / "examples" / "generated")


def everything() -> Iterator[tuple[Path, str]]:
    """Yield the path and text of each generated file of the repository."""
    yield CHART / "files" / "permissions.yaml", permission_rules()
    yield CHART / "files" / f"{PLUGIN}.py", Path(vllm_middleware.__file__).read_text(encoding="utf-8")
    yield CHART / "README.md", readme.with_table((CHART / "README.md").read_text(encoding="utf-8"))
    yield from kustomize.base_and_overlays()
    yield from jobs.files(MANIFESTS / "examples" / "generated")


def folder(values: chart.Values, place: Path, pipelines: str | None) -> Files:
    """Return the files of one kustomize folder: all that the chart makes of values, or the pipelines alone."""
    objects = kustomize.only_pipelines(values, pipelines) if pipelines else chart.rendered(values)
    return dict(kustomize.complete(place, objects))


def permission_rules() -> str:
    """Return the rules of the chart's roles, made from the table of what the code calls."""
    rules = {
        "namespaced": {api: _rules(table) for api, table in permissions.PERMISSIONS.items()},
        "deadNodes": {api: _rules(table) for api, table in permissions.DEAD_NODE_PERMISSIONS.items()},
        "cluster": _rules(permissions.CLUSTER_PERMISSIONS),
    }
    return yaml.safe_dump(rules, sort_keys=False)


def _rules(table: Iterable[permissions.Permission]) -> list[dict[str, list[str]]]:
    verbs: dict[tuple[str, str], list[str]] = {}
    for group, resource, verb in table:
        verbs.setdefault((group, resource), []).append(verb)
    return [{"apiGroups": [group], "resources": [resource], "verbs": each} for (group, resource), each in verbs.items()]


def stale(written: Iterable[Path]) -> set[Path]:
    """Return the files in generated folders that are no longer made."""
    there = {path for place in GENERATED for path in place.rglob("*") if path.is_file()}
    return there - set(written)


def write(files: Files) -> None:
    """Write the text of each path."""
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> None:
    """Write every generated file, or one kustomize folder."""
    parser = argparse.ArgumentParser(prog="python -m charts.render", description="Write what is made from the chart.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="[VALUES] FOLDER", help="default: all that is committed")
    parser.add_argument(
        "--pipelines", choices=("upload", "native"), help="only the pipelines, put into KFP in this way"
    )
    asked = parser.parse_args(argv)
    if not asked.paths and not asked.pipelines:
        files = dict(everything())
        write(files)
        for path in stale(files):
            path.unlink()
        return
    *values, place = asked.paths or parser.error("name the FOLDER to write")
    if len(values) > 1 or place.is_file():
        parser.error(f"{place} is not a folder to write: give [VALUES] FOLDER")
    try:
        files = folder(_read(values[0]) if values else {}, place, asked.pipelines)
    except (OSError, yaml.YAMLError, HelmValuesError, HelmRenderError) as error:
        if not values:
            raise
        parser.exit(2, f"error: {values[0]}: {str(error).strip()}\n")  # Helm's own words name the value
    write(files)


def _read(path: Path) -> chart.Values:
    """Return the values of a file; raises YAMLError where it holds none."""
    values = chart.read(path)
    if not isinstance(values, dict):
        raise yaml.YAMLError("holds no values: write them as NAME: VALUE")
    return values


if __name__ == "__main__":
    main()
