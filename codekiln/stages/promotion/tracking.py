"""Compares a record with what MLflow has: the ledger, the runs that the version comes from, and its aliases."""

from functools import partial

from codekiln.registry.versions import CHAMPION, PROMOTED_BY
from codekiln.stages.promotion.findings import Case, Checks, Fails, Unchecked, equal

_SETTINGS_ONLY = ("check",)


def checks(case: Case) -> Checks:
    """Yield the checks that ask MLflow."""
    yield "ledger", partial(_ledger, case)
    yield "decision in the tags", partial(_tags, case)
    yield "lineage in MLflow", partial(_lineage, case)
    yield "alias", partial(_alias, case)


def _ledger(case: Case) -> str:
    found = case.entry
    return f"decision {found.key[:12]}, candidate {found.number} on these problems, {found.when}"


def _tags(case: Case) -> str:
    tags = case.version.tags
    later = [item for item in case.ledger if item.adapter == case.decision.adapter and item.when > case.decision.when]
    if any(item.sentence == tags.get("verdict_sentence") for item in later):
        raise Unchecked(f"they show a later decision: {tags.get('verdict')}")
    equal("verdict", tags.get("verdict"), case.decision.verdict)
    equal("sentence", tags.get("verdict_sentence"), case.decision.sentence)
    return f"verdict {case.decision.verdict}"


def _lineage(case: Case) -> str:
    """Compare the stages of the record with the runs in MLflow, and with the lineage that the logged model shows."""
    lineage, tags = case.promotion.lineage, case.version.tags
    equal("base model", (tags.get("base_model"), tags.get("base_revision")), _base(case))
    runs = case.registry.stages_of(case.decision.run)
    if not runs:
        raise Fails(f"MLflow has no run {case.decision.run}")
    if lacking := sorted(set(lineage) - set(runs) - set(_SETTINGS_ONLY)):
        raise Fails(f"MLflow's run {case.decision.run} has no stage {', '.join(lacking)}")
    made = lineage.get(tags.get("stage", ""))
    if made is None or made.stage == "fetch":
        return f"{len(runs)} stages in run {case.decision.run[:12]}; the adapter was trained by another run"
    for name, digest in made.inputs.items():
        key = "parent_adapter" if name == "start" else f"data.{name}"
        equal(f"tag {key}", tags.get(key), digest)
    read = {digest for step in lineage.values() for digest in step.inputs.values()} | {
        case.promotion.evaluation.problems
    }
    for step in set(lineage) & set(runs):
        if odd := set(runs[step]) - read:
            raise Fails(f"stage {step} read data {min(odd)[:12]} in MLflow, which the record does not have")
    return f"{len(lineage)} stages, their data and the base model"


def _base(case: Case) -> tuple[str, str]:
    return case.promotion.base_model.id, case.promotion.base_model.revision


def _alias(case: Case) -> str:
    version, champion = case.version, case.registry.champion(case.version.name)
    if CHAMPION in version.aliases and PROMOTED_BY + case.entry.key not in version.tags:
        raise Fails("MLflow has no promotion of this version by this decision")
    if CHAMPION not in version.aliases:
        if case.alias:
            raise Fails(f"'{case.alias}' is not the champion")
        raise Unchecked(f"the champion is version {champion.version}" if champion else "there is no champion")
    if not (events := case.registry.events(version.name)):
        raise Unchecked("an older version of codekiln moved it, and kept no record of that")
    last = events[-1]
    if last.get("after") != str(version.version):
        raise Fails(f"something else than codekiln moved it; codekiln left version {last.get('after')} as champion")
    return f"champion, {last.get('what')} on {last.get('when', '')[:19]} by {last.get('user')}"
