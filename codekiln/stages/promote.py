"""promote: decide by the gate whether the candidate becomes champion, register it, and write the report."""

import json
from functools import partial

from codekiln import recipes
from codekiln.data.files import write_atomic
from codekiln.evaluation import CHAMPION, Evaluation, Gate, decide, measures, results
from codekiln.evaluation.ledger import Decision
from codekiln.evaluation.report import ReportData, model_card, render
from codekiln.evaluation.spending import charge
from codekiln.registry import Registry, Version
from codekiln.registry.mirror import mirror_of
from codekiln.registry.versions import PROMOTED_BY
from codekiln.stages import benchmarks
from codekiln.stages.base import Stage, StageContext, StageManifest, Summary
from codekiln.stages.eligibility import champion_among, require_own_evaluation, require_same_base
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.ledger import RunLedger
from codekiln.stages.promotion.keys import signing_key
from codekiln.stages.promotion.record import write_record
from codekiln.stages.provenance import provenance
from codekiln.stages.publishing import publish
from codekiln.stages.reporting import report_data
from codekiln.stages.run_folder import registry_of
from codekiln.stages.tracking import adapter_tags


def _promote(context: StageContext) -> Summary:
    require_own_evaluation(context, _candidate(context))
    signing_key(context.settings)  # a key that cannot be read is a mistake before anything is decided
    registry, evaluation = registry_of(context.run_folder), read_evaluation(context.inputs["evaluation"])
    champion = registry.champion(context.settings.registered_name)
    ledger = RunLedger(context, registry, context.inputs["adapter"], evaluation, champion)
    decision = ledger.find()
    if decision is None:
        decision, version = _judge(context, registry, ledger, evaluation, champion)
    else:
        version = _register(context, registry)
        ledger.restore(decision)
        version = _completed(context, registry, evaluation, decision, version)
        print(f"{context.step}: decided on {decision.when} in run {decision.run}; nothing is judged again", flush=True)
    version = publish(context, registry, decision, version, _candidate(context))
    print(f"{context.step}: {decision.sentence}", flush=True)
    followed = _follow(context, registry)
    return Summary(
        figures={
            "promoted": float(decision.verdict == "promoted"),
            "version": version.version,
            "candidate_number": decision.number,
            "level": decision.level,
        },
        notes={"gate": decision.sentence, "model": version.uri, "aliases": ", ".join(version.aliases), **followed},
    )


def _follow(context: StageContext, registry: Registry) -> dict[str, str]:
    """Let Kubeflow's registry follow, last of all: whatever fails here, MLflow has the decision and its files."""
    name = context.settings.registered_name
    mirror = mirror_of(registry, name, context.settings.kubeflow_registry)
    if mirror is None:
        return {}
    champion = mirror.follow(name, record=True)
    print(f"{context.step}: champion in Kubeflow's Model Registry: {champion}", flush=True)
    return {"kubeflow_registry": f"{mirror.address}, champion {champion}"}


def _judge(
    context: StageContext, registry: Registry, ledger: RunLedger, evaluation: Evaluation, champion: Version | None
) -> tuple[Decision, Version]:
    """Decide about an adapter that was not judged on this set before, and move the aliases."""
    name, version = champion_among(context, champion), _register(context, registry)
    decision = ledger.open()
    gate = _decide(context, evaluation, decision, name)
    if CHAMPION not in version.aliases:
        version = registry.set_challenger(version)
    # Written before the alias moves: a champion without a report could not be explained.
    data = report_data(context, evaluation, gate, version, champion)
    _write(context, evaluation, gate, data)
    # Another run may have promoted meanwhile; this candidate was not compared with that champion.
    champion_among(context, registry.champion(version.name))
    decision = ledger.close(decision, gate)
    # Before the alias moves, too: nobody shall serve a champion that cannot be verified yet.
    write_record(context, registry, decision, version, _candidate(context), lambda _: gate)
    return decision, registry.promote(version, decision.key) if gate.promoted else version


def _completed(
    context: StageContext, registry: Registry, evaluation: Evaluation, decision: Decision, version: Version
) -> Version:
    """Complete a promotion that was interrupted after its decision; otherwise return ``version`` as it is.

    A version that was promoted then, and has lost its place since, does not get it back by a repetition.
    """
    again = partial(_decide, context, evaluation, decision)
    write_record(context, registry, decision, version, _candidate(context), again)
    was_promoted = PROMOTED_BY + decision.key in version.tags
    champion = registry.champion(version.name)
    against = champion.adapter_digest if champion else ""
    is_unchanged = against in (decision.champion, decision.adapter)
    if decision.verdict == "promoted" and not was_promoted and is_unchanged:
        return registry.promote(version, decision.key)
    return version


def _decide(context: StageContext, evaluation: Evaluation, decision: Decision, champion: str | None) -> Gate:
    chosen, recipe = context.settings.evaluation, recipes.get(context.settings.recipe)
    gate = decide(
        evaluation,
        _candidate(context),
        metric=context.settings.metric,
        direction=measures.look_up(recipe, context.settings.metric).direction,
        protected=recipe.guard,
        tolerance=chosen.tolerance,
        criteria=benchmarks.criteria(context.settings),
        champion=champion,
        minimum_problems=chosen.minimum_problems,
        level=decision.level,
    )
    sentence = f"{gate.sentence} {charge(decision.number)}"
    return gate.model_copy(update={"sentence": sentence, "number": decision.number})


def _candidate(context: StageContext) -> str:
    manifest = StageManifest.read(context.inputs["adapter"])
    return "candidate" if manifest.stage == "fetch" else manifest.step


def _register(context: StageContext, registry: Registry) -> Version:
    folder = context.inputs["adapter"]
    manifest = StageManifest.read(folder)
    own = StageContext(
        settings=context.settings, inputs={}, output=folder, step=manifest.step, run_folder=context.run_folder
    )
    tags = {**adapter_tags(own, manifest), "evaluation": StageManifest.read(context.inputs["evaluation"]).digest}
    version = registry.register(context.settings.registered_name, manifest.tracking["model_id"], tags)
    require_same_base(context.settings, version)
    return version


def _write(context: StageContext, evaluation: Evaluation, gate: Gate, data: ReportData) -> None:
    written = results(evaluation, gate, provenance(context))
    write_atomic(context.output / "results.json", json.dumps(written, indent=2) + "\n")
    write_atomic(context.output / "report.html", render(data))
    write_atomic(context.output / "model_card.md", model_card(data))


# Not cached: people may have moved the champion alias since.
promote = Stage(
    name="promote",
    settings_keys=("base_model", "metric", "evaluation", "promote_as", "recipe"),
    input_parts={"evaluation": ".", "adapter": "."},
    run=_promote,
    cached=False,
)
