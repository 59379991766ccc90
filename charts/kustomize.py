"""Kustomize folders made from the chart, for people without Helm."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from charts.places import CHART, MANIFESTS

NAMESPACE = "kubeflow"
GENERATED = ("base", "overlays", "pipelines", "examples/generated")
# Helm makes a password and remembers it; without Helm the Secret has to be there first.
WITHOUT_HELM = {"mlflow": {"postgresql": {"existingSecret": "codekiln-postgresql"}}}
Object = dict[str, Any]
File = tuple[Path, str]


def everything() -> Iterator[File]:
    """Yield every generated file below ``manifests/``."""
    yield from folder(MANIFESTS / "base", {}, pipelines="none")
    for path in sorted((CHART / "examples").glob("*.yaml")):
        yield from folder(MANIFESTS / "overlays" / path.stem, _read(path), pipelines="none")
    for mode in ("upload", "native"):
        yield from _written(MANIFESTS / "pipelines" / mode, _only_pipelines(mode))
    yield from _examples(MANIFESTS / "examples" / "generated")


def folder(place: Path, values: dict[str, Any], pipelines: str = "") -> Iterator[File]:
    """Yield the files of a kustomize folder with what the chart makes of values."""
    given = _merge(values, {"pipelines": {"mode": pipelines}} if pipelines else {})
    yield from _written(place, rendered(given))


def rendered(values: dict[str, Any]) -> list[Object]:
    """Return the chart's objects for the namespace of Kubeflow Pipelines, without what only Helm reads."""
    namespace = values.get("kfp", {}).get("namespace", NAMESPACE)
    texts = _chart().render(_merge(WITHOUT_HELM, values), name="codekiln", namespace=namespace)
    manifests = [text for path, text in sorted(texts.items()) if "/templates/tests/" not in path]
    objects = [
        each for text in manifests if "apiVersion" in text for each in yaml.load_all(text, Loader=_Loader) if each
    ]
    return [_without_helm(each) for each in objects]


def _only_pipelines(mode: str) -> list[Object]:
    every = rendered({"pipelines": {"mode": mode}})
    others = {json.dumps(each, sort_keys=True) for each in rendered({"pipelines": {"mode": "none"}})}
    return [each for each in every if json.dumps(each, sort_keys=True) not in others]


def _examples(place: Path) -> Iterator[File]:
    """Yield jobs exactly as ``codekiln.launch`` makes them on the pools of the chart's examples, and their queues."""
    queued = rendered(_read(CHART / "examples" / "kueue.yaml"))
    kinds = ("ResourceFlavor", "ClusterQueue", "LocalQueue", "WorkloadPriorityClass")
    yield place / "queues.yaml", _text([each for each in queued if each["kind"] in kinds])
    yield place / "trainjob.yaml", _text([_job({}, "gpu")])
    yield place / "trainjob-two-nodes-queued.yaml", _text([_job(_read(CHART / "examples" / "kueue.yaml"), "h200")])
    yield place / "pytorchjob.yaml", _text([_job(_read(CHART / "examples" / "v1-operator.yaml"), "gpu")])


def _job(values: dict[str, Any], pool_name: str) -> Object:
    from codekiln.launch.cluster.request import JobRequest
    from codekiln.launch.objects.pytorchjob import pytorch_job
    from codekiln.launch.objects.trainjob import train_job
    from codekiln.launch.pools import Cluster

    maps = [each for each in rendered(values) if each["kind"] == "ConfigMap" and "cluster.json" in each["data"]]
    cluster = Cluster.model_validate_json(maps[0]["data"]["cluster.json"])
    pool = cluster.pool(pool_name)
    request = JobRequest(
        name="sft-example",
        step="sft",
        pool_name=pool_name,
        pool=pool,
        arguments=(f"{cluster.exchange}/sft-example",),
        identity="0" * 16,
    )
    made = train_job if pool.api == "trainjob" else pytorch_job
    return json.loads(json.dumps(made(request, NAMESPACE)))


def _without_helm(each: Object) -> Object:
    metadata = dict(each["metadata"])
    for field in ("labels", "annotations"):
        kept = {key: value for key, value in metadata.pop(field, {}).items() if not key.startswith("helm.sh/")}
        kept.pop("app.kubernetes.io/managed-by", None)
        if kept:
            metadata[field] = kept
    return {**each, "metadata": metadata}


def _written(place: Path, objects: list[Object]) -> Iterator[File]:
    kinds: dict[str, list[Object]] = {}
    for each in objects:
        kinds.setdefault(each["kind"].lower(), []).append(each)
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    files = [f"{kind}.yaml" for kind in sorted(kinds)]
    yield place / "kustomization.yaml", _text([{**head, "resources": files}])
    for kind, each in kinds.items():
        yield place / f"{kind}.yaml", _text(each)


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):
    """Writes texts of several lines as they are read, and never an alias."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _string(dumper: yaml.Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _string)


def _text(objects: list[Object]) -> str:
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=1_000_000)


def _read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def _merge(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


@cache
def _chart():
    import helm_python

    return helm_python.Chart.load(CHART)
