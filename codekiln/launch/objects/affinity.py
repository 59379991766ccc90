"""Merge two affinities: what either requires is required, what either prefers is preferred."""

from collections.abc import Iterable
from typing import Any

from codekiln.launch.cluster.job_kinds import Object

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_TERMS = "nodeSelectorTerms"


def merge_affinity(first: Object, second: Object) -> dict[str, Any]:
    """Return the affinity of a pod that has to satisfy both."""
    merged: dict[str, Any] = {}
    for kind in ("nodeAffinity", "podAffinity", "podAntiAffinity"):
        one, other = first.get(kind) or {}, second.get(kind) or {}
        merged[kind] = {
            _REQUIRED: _required(kind, one.get(_REQUIRED), other.get(_REQUIRED)),
            _PREFERRED: _union(one.get(_PREFERRED) or (), other.get(_PREFERRED) or ()),
        }
        merged[kind] = {key: value for key, value in merged[kind].items() if value}
    return {kind: value for kind, value in merged.items() if value}


def _required(kind: str, one: Any, other: Any) -> Any:
    if kind != "nodeAffinity":
        return _union(one or (), other or ())
    # Terms are alternatives, and a node has to satisfy one of each side: every pair of them becomes a term.
    one, other = ((each or {}).get(_TERMS) or [] for each in (one, other))
    terms: list[Object] = [_both(a, b) for a in one or [{}] for b in other or [{}]] if one or other else []
    return {_TERMS: _weakest(terms)} if terms else None


def _both(one: Object, other: Object) -> dict[str, Any]:
    keys = ("matchExpressions", "matchFields")
    joined = {key: _union(one.get(key) or (), other.get(key) or ()) for key in keys}
    return {key: value for key, value in joined.items() if value}


def _weakest(terms: list[Object]) -> list[Object]:
    # Any one term is enough, so a term that demands more than another adds nothing.
    kept: list[Object] = []
    for term in terms:
        if not any(_implies(term, each) for each in kept):
            kept = [*(each for each in kept if not _implies(each, term)), term]
    return kept


def _implies(strong: Object, weak: Object) -> bool:
    keys = ("matchExpressions", "matchFields")
    return all(each in (strong.get(key) or ()) for key in keys for each in weak.get(key) or ())


def _union(first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    merged: list[Any] = []
    for each in (*first, *second):
        if each not in merged:
            merged.append(each)
    return merged
