"""Render the chart through Helm's own code, as an install would."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import helm_python
import yaml

from charts.chart import examples as shipped
from charts.places import CHART

NAMESPACE = "kubeflow"
Object = dict[str, Any]


class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """A loader that refuses a key given twice, which YAML readers of other languages do too."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(map(str, keys))), f"a key occurs twice in {keys} {node.start_mark}"
        return super().construct_mapping(node, deep)


@cache
def chart(folder: Path = CHART) -> helm_python.Chart:
    return helm_python.Chart.load(folder)


def render(values: dict[str, Any] | None = None, folder: Path = CHART) -> list[Object]:
    """Return every object of a rendering, hooks included; nobody changes what is returned."""
    return _render(json.dumps(values or {}), folder)


@cache
def _render(values: str, folder: Path) -> list[Object]:
    texts = chart(folder).render(json.loads(values), name="codekiln", namespace=NAMESPACE)
    manifests = [text for path, text in sorted(texts.items()) if not path.endswith("NOTES.txt")]
    return [each for text in manifests for each in load(text)]


@cache
def load(text: str) -> list[Object]:
    """Return the documents of a YAML text; parses once what many renderings have in common."""
    return [each for each in yaml.load_all(text, Loader=Loader) if each]


def values(given: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the values that an install would use."""
    return chart().merge_values(given or {})


def of_kind(objects: list[Object], *kinds: str) -> list[Object]:
    return [each for each in objects if each["kind"] in kinds]


def one(objects: list[Object], kind: str, name: str, namespace: str | None = None) -> Object:
    """Return the only object of a kind and name."""
    found = [
        each
        for each in of_kind(objects, kind)
        if each["metadata"]["name"] == name and namespace in (None, each["metadata"].get("namespace"))
    ]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def examples() -> dict[str, dict[str, Any]]:
    """Return the values files the chart ships, by name; '' are the defaults."""
    return {"": {}, **shipped()}


def pod_specs(value: Any) -> list[Object]:
    """Return every pod specification inside an object, whatever its kind."""
    if isinstance(value, list):
        return [each for item in value for each in pod_specs(item)]
    if not isinstance(value, dict):
        return []
    here = [value] if isinstance(value.get("containers"), list) else []
    return here + [each for item in value.values() for each in pod_specs(item)]
