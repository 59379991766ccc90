"""Kustomize folders made from the chart, for people without Helm."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import jsonpatch

from charts.chart import NAMESPACE, Object, Values, examples, merged, namespace_of, rendered, written
from charts.places import MANIFESTS

BASE, OVERLAYS = MANIFESTS / "base", MANIFESTS / "overlays"
MLFLOW, RUNS = BASE / "mlflow", BASE / "run-namespace"
WITHOUT_PIPELINES: Values = {"pipelines": {"mode": "none"}}
File = tuple[Path, str]
# The MLflow server belongs to a release; the rest is what each namespace of runs has.
SERVERS = ("codekiln-mlflow", "codekiln-postgresql")


def base_and_overlays() -> Iterator[File]:
    """Yield the chart's defaults as a base, and each of the chart's examples as patches over it."""
    defaults = rendered(WITHOUT_PIPELINES)
    yield _kustomization(BASE, [MLFLOW.name, RUNS.name])
    yield from complete(MLFLOW, [each for each in defaults if _serves(each)])
    yield from complete(RUNS, [each for each in defaults if not _serves(each)])
    for name, values in examples().items():
        elsewhere = set(values.get("runs", {}).get("namespaces", [])) - {namespace_of(values)}
        overlay = _overlay_by_team if elsewhere else _overlay
        yield from overlay(OVERLAYS / name, merged(values, WITHOUT_PIPELINES), defaults)


def complete(place: Path, objects: list[Object]) -> Iterator[File]:
    """Yield the files of a folder that needs no other: one for each kind of object."""
    files = _by_kind(place, objects)
    yield _kustomization(place, [path.name for path in files])
    yield from files.items()


def only_pipelines(values: Values, mode: str) -> list[Object]:
    """Return what the chart makes for the pipelines alone, in the mode ``upload`` or ``native``."""
    others = rendered(merged(values, WITHOUT_PIPELINES))
    return [each for each in rendered(merged(values, {"pipelines": {"mode": mode}})) if each not in others]


def _overlay(place: Path, values: Values, defaults: list[Object]) -> Iterator[File]:
    wanted = rendered(values)
    base = BASE if any(map(_serves, wanted)) else RUNS
    below = [each for each in defaults if base == BASE or not _serves(each)]
    yield from _patched(place, base, below, wanted, namespace_of(values))


def _overlay_by_team(place: Path, values: Values, defaults: list[Object]) -> Iterator[File]:
    """Yield an overlay in which what each team's namespace holds is written once."""
    wanted, teams = rendered(values), values["runs"]["namespaces"]
    shared = [each for each in wanted if each["metadata"].get("namespace") not in teams]
    yield from _patched(place, MLFLOW, [each for each in defaults if _serves(each)], shared, folders=teams)
    one_team = rendered(merged(values, {"runs": {"namespaces": [NAMESPACE]}}))
    runs = [each for each in one_team if "namespace" in each["metadata"] and not _serves(each)]
    yield from _patched(place / RUNS.name, RUNS, [each for each in defaults if not _serves(each)], runs)
    for team in teams:
        own = [each for each in wanted if each["metadata"].get("namespace") == team]
        yield from _patched(place / team, place / RUNS.name, runs, own, team)


def _patched(
    place: Path,
    base: Path,
    below: list[Object],
    wanted: list[Object],
    namespace: str = NAMESPACE,
    folders: Sequence[str] = (),
) -> Iterator[File]:
    """Yield the files of a folder that makes the wanted objects of the base's, all moved to one namespace."""
    there = {_identity(each): each for each in below}
    kept = {_identity(each): each for each in wanted}
    files = _by_kind(place, [each for key, each in kept.items() if key not in there])
    patches = [patch for key, each in there.items() for patch in _patches(each, kept.get(key), namespace)]
    yield _kustomization(
        place, [os.path.relpath(base, place), *folders, *(path.name for path in files)], namespace, patches
    )
    yield from files.items()


def _patches(each: Object, wanted: Object | None, namespace: str) -> Iterator[Object]:
    """Yield the patch, if one is needed, that makes an object the wanted one or deletes it; kustomize moves it."""
    name = {key: each["metadata"][key] for key in ("name", "namespace")}
    if wanted is None:
        gone = {"$patch": "delete", "apiVersion": each["apiVersion"], "kind": each["kind"], "metadata": name}
        yield {"patch": written([gone])}
        return
    moved = {**each, "metadata": {**each["metadata"], "namespace": namespace}}
    if operations := jsonpatch.make_patch(moved, wanted).patch:
        text = written([operations])
        # kustomize strips a patch; the mark of the document's end keeps the line break that belongs to the last value.
        ends_in_text = str(operations[-1].get("value")).endswith("\n")
        patch = f"{text}...\n" if ends_in_text else text
        yield {"target": {"kind": each["kind"], "name": name["name"]}, "patch": patch}


def _kustomization(
    place: Path, resources: list[str], namespace: str = NAMESPACE, patches: Sequence[Object] = ()
) -> File:
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    moved = {"namespace": namespace} if namespace != NAMESPACE else {}
    changed = {"patches": list(patches)} if patches else {}
    return place / "kustomization.yaml", written([{**head, **moved, "resources": resources, **changed}])


def _by_kind(place: Path, objects: list[Object]) -> dict[Path, str]:
    kinds: dict[str, list[Object]] = {}
    for each in objects:
        kinds.setdefault(each["kind"].lower(), []).append(each)
    return {place / f"{kind}.yaml": written(kinds[kind]) for kind in sorted(kinds)}


def _identity(each: Object) -> tuple[str, str, str]:
    return each["apiVersion"], each["kind"], each["metadata"]["name"]


def _serves(each: Object) -> bool:
    return each["metadata"]["name"].startswith(SERVERS)
