"""promote: decide by the gate whether the candidate becomes champion, register it, and write the report."""

import json

from codekiln import recipes
from codekiln.data.files import write_atomic
from codekiln.evaluation import CHAMPION, Evaluation, Gate, decide, measures, results
from codekiln.evaluation.report import model_card, render
from codekiln.registry import Registry, Version
from codekiln.registry.runs import adapter_digest
from codekiln.stages.base import Stage, StageContext, StageManifest, Summary
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.reporting import report_data
from codekiln.stages.run_folder import read_tracking, registry_of
from codekiln.stages.tracking import adapter_tags

ALREADY = "is the champion already"


def _promote(context: StageContext) -> Summary:
    registry = registry_of(context.run_folder)
    evaluation = read_evaluation(context.inputs["evaluation"])
    manifest = StageManifest.read(context.inputs["adapter"])
    candidate = "candidate" if manifest.stage == "fetch" else manifest.step
    version = registry.champion(context.settings.registered_name)
    if version is not None and version.tags["adapter_digest"] == adapter_digest(context.inputs["adapter"]):
        gate = _already_champion(context, evaluation, candidate, version)
    else:
        gate = _decide(context, evaluation, candidate)
        version = _register(context, registry, manifest)
    # Written before the alias moves: a champion without a report could not be explained.
    _write(context, evaluation, gate, version)
    if gate.promoted:
        version = registry.promote(version)
    registry.client.set_tag(read_tracking(context.run_folder).parent_run_id, "codekiln.gate", gate.sentence)
    print(f"{context.step}: {gate.sentence}", flush=True)
    return Summary(
        figures={"promoted": float(gate.promoted), "version": version.version},
        notes={"gate": gate.sentence, "model": version.uri, "aliases": ", ".join(version.aliases)},
    )


def _decide(context: StageContext, evaluation: Evaluation, candidate: str) -> Gate:
    chosen, recipe = context.settings.evaluation, recipes.get(context.settings.recipe)
    return decide(
        evaluation,
        candidate,
        metric=context.settings.metric,
        direction=measures.look_up(recipe, context.settings.metric).direction,
        protected=recipe.guard,
        tolerance=chosen.tolerance,
        champion=CHAMPION if CHAMPION in evaluation.contenders else None,
        minimum_problems=chosen.minimum_problems,
    )


def _already_champion(context: StageContext, evaluation: Evaluation, candidate: str, version: Version) -> Gate:
    sentence = f"not promoted: {candidate} {ALREADY} (version {version.version} of {version.name}), so nothing changes"
    return Gate(
        promoted=False,
        sentence=sentence,
        candidate=candidate,
        metric=context.settings.metric,
        tolerance=context.settings.evaluation.tolerance,
        reasons=(),
    )


def _register(context: StageContext, registry: Registry, manifest: StageManifest) -> Version:
    folder = context.inputs["adapter"]
    own = StageContext(
        settings=context.settings, inputs={}, output=folder, step=manifest.step, run_folder=context.run_folder
    )
    tags = {**adapter_tags(own, manifest), "evaluation": StageManifest.read(context.inputs["evaluation"]).digest}
    version = registry.register(context.settings.registered_name, manifest.tracking["model_id"], tags)
    return registry.set_challenger(version)


def _write(context: StageContext, evaluation: Evaluation, gate: Gate, version: Version) -> None:
    data = report_data(context, evaluation, gate, version)
    write_atomic(context.output / "results.json", json.dumps(results(evaluation, gate), indent=2) + "\n")
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
