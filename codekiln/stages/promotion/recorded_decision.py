"""Promotes a version by a decision that the gate made before, as after an undoing."""

from collections.abc import Sequence
from typing import NamedTuple

from codekiln.errors import InputError
from codekiln.evaluation.ledger import Decision
from codekiln.registry import Registry, Version
from codekiln.stages.ledger import read_decisions


class Choice(NamedTuple):
    """A version that may be promoted, the decision that says so, and the champion whose place it takes."""

    version: Version
    decision: Decision
    champion: Version | None


def choose(registry: Registry, model: str) -> Choice | None:
    """Return what ``NAME`` or ``NAME@VERSION`` may promote; None where that is the champion already.

    ``NAME`` is the newest version that the gate promoted.

    Raises:
        InputError: The gate promoted no such version, or against another champion than the one that serves now.
    """
    name, _, number = model.removeprefix("models:/").replace("/", "@").partition("@")
    decisions, champion = read_decisions(registry, name), registry.champion(name)
    if number:
        version = registry.named(f"models:/{name}/{number}" if number.isdecimal() else f"models:/{name}@{number}")
    else:
        version = _newest(registry, name, decisions)
    if champion and champion.version == version.version:
        return None
    mine = [item for item in decisions if item.adapter == version.adapter_digest]
    promoted = [item for item in mine if item.verdict == "promoted"]
    if not promoted:
        raise _not_promoted(version, mine)
    serving = champion.adapter_digest if champion else ""
    fresh = [item for item in promoted if item.champion == serving or not champion]
    if not fresh:
        raise _stale(registry, version, champion, max(promoted, key=lambda item: item.when))
    return Choice(version, max(fresh, key=lambda item: item.when), champion)


def _newest(registry: Registry, name: str, decisions: Sequence[Decision]) -> Version:
    promoted = {item.adapter for item in decisions if item.verdict == "promoted"}
    versions = registry.versions(name) if "'" not in name else []
    found = [each for each in versions if each.tags.get("adapter_digest") in promoted]
    if not found:
        if not versions:
            registry.named(f"models:/{name}/1")  # says which models there are
        judged = [item.sentence for item in decisions if item.verdict == "not promoted"]
        why = f"the gate promoted no version; last: {judged[-1]}" if judged else "the gate judged no version"
        raise InputError(why, where=name, fix=f"codekiln judge models:/{name}/VERSION")
    return max(found, key=lambda each: each.version)


def _not_promoted(version: Version, decisions: Sequence[Decision]) -> InputError:
    judged = [item for item in decisions if item.verdict == "not promoted"]
    if judged:
        last = max(judged, key=lambda item: item.when)
        return InputError(
            f"the gate refused it on {last.when[:10]}: {last.sentence}",
            where=version.uri,
            fix=f"train it further; other problems are another question: codekiln judge {version.uri}",
        )
    why = "its judgement was interrupted" if decisions else "the gate never judged it"
    return InputError(why, where=version.uri, fix=f"codekiln judge {version.uri}")


def _stale(registry: Registry, version: Version, champion: Version | None, last: Decision) -> InputError:
    assert champion is not None, "without a champion no comparison is stale"
    compared = registry.find(version.name, last.champion) if last.champion else None
    against = f"version {compared.version}" if compared else "the base model alone" if not last.champion else "another"
    before = registry.previous(version.name)
    back = f"; or `codekiln promote {version.name} --undo`, which gives it its place back"
    return InputError(
        f"the gate compared it with {against}, and version {champion.version} is the champion now",
        where=version.uri,
        fix=f"codekiln judge {version.uri}" + (back if before and before.version == version.version else ""),
    )
