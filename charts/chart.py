"""Objects that the chart makes, and how they are written as YAML."""

from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

from charts.places import CHART

NAMESPACE = "kubeflow"
# Helm makes a password and remembers it; without Helm the Secret has to be there first.
WITHOUT_HELM = {"mlflow": {"postgresql": {"existingSecret": "codekiln-postgresql"}}}
Object = dict[str, Any]
Values = dict[str, Any]


def rendered(values: Values) -> list[Object]:
    """Return the chart's objects for the namespace of Kubeflow Pipelines, without what only Helm reads."""
    texts = _chart().render(merged(WITHOUT_HELM, values), name="codekiln", namespace=namespace_of(values))
    manifests = [text for path, text in sorted(texts.items()) if "/templates/tests/" not in path]
    objects = [
        each for text in manifests if "apiVersion" in text for each in yaml.load_all(text, Loader=_Loader) if each
    ]
    return [_without_helm(each) for each in objects]


def namespace_of(values: Values) -> str:
    """Return the namespace of Kubeflow Pipelines that values name."""
    return values.get("kfp", {}).get("namespace", NAMESPACE)


def examples() -> dict[str, Values]:
    """Return the values files that the chart ships, by name."""
    return {path.stem: read(path) for path in sorted((CHART / "examples").glob("*.yaml"))}


def read(path: Path) -> Values:
    """Return the values of a file."""
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def merged(first: Values, second: Values) -> Values:
    """Return the first values with the second ones over them, as Helm merges its values files."""
    result = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def written(documents: list[Any]) -> str:
    """Return documents as the text of one YAML file."""
    return yaml.dump_all(documents, Dumper=_Dumper, sort_keys=False, width=1_000_000)


def _without_helm(each: Object) -> Object:
    metadata = dict(each["metadata"])
    for field in ("labels", "annotations"):
        kept = {key: value for key, value in metadata.pop(field, {}).items() if not key.startswith("helm.sh/")}
        kept.pop("app.kubernetes.io/managed-by", None)
        if kept:
            metadata[field] = kept
    return {**each, "metadata": metadata}


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Writes texts of several lines as they are read, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _string)


@cache
def _chart() -> helm_python.Chart:
    return helm_python.Chart.load(CHART)
