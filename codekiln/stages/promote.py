"""promote: the candidate goes through the gate, is registered, and the report is written."""

import json

from codekiln import recipes
from codekiln.data.files import write_atomic
from codekiln.evaluation import CHAMPION, Evaluation, Gate, decide, measures, results
from codekiln.evaluation.report import model_card, render
from codekiln.registry import Registry, Version
from codekiln.registry.runs import adapter_digest
from codekiln.stages.base import Stage, StageManifest, Summary, Work
from codekiln.stages.evaluate import read_evaluation
from codekiln.stages.reporting import report_data
from codekiln.stages.run_folder import read_tracking, registry_of
from codekiln.stages.tracking import adapter_tags

ALREADY = "is the champion already"


def _promote(work: Work) -> Summary:
    registry = registry_of(work.run)
    evaluation = read_evaluation(work.inputs["evaluation"])
    manifest = StageManifest.read(work.inputs["adapter"])
    candidate = "candidate" if manifest.stage == "fetch" else manifest.step
    version = registry.champion(work.settings.registered_name)
    if version is not None and version.tags["adapter_digest"] == adapter_digest(work.inputs["adapter"]):
        gate = _already(work, evaluation, candidate, version)
    else:
        gate = _decide(work, evaluation, candidate)
        version = _register(work, registry, manifest)
    _write(work, evaluation, gate, version)
    if gate.promoted:
        version = registry.promote(version)
    registry.client.set_tag(read_tracking(work.run).parent_run_id, "codekiln.gate", gate.sentence)
    print(f"{work.step}: {gate.sentence}", flush=True)
    return Summary(
        figures={"promoted": float(gate.promoted), "version": version.version},
        notes={"gate": gate.sentence, "model": version.uri, "aliases": ", ".join(version.aliases)},
    )


def _decide(work: Work, evaluation: Evaluation, candidate: str) -> Gate:
    chosen, recipe = work.settings.evaluation, recipes.get(work.settings.recipe)
    return decide(
        evaluation,
        candidate,
        metric=work.settings.metric,
        direction=measures.look_up(recipe, work.settings.metric).direction,
        protected=recipe.guard,
        tolerance=chosen.tolerance,
        champion=CHAMPION if CHAMPION in evaluation.contenders else None,
        minimum_problems=chosen.minimum_problems,
    )


def _already(work: Work, evaluation: Evaluation, candidate: str, version: Version) -> Gate:
    sentence = f"not promoted: {candidate} {ALREADY} (version {version.version} of {version.name}), so nothing changes"
    return Gate(
        promoted=False,
        sentence=sentence,
        candidate=candidate,
        metric=work.settings.metric,
        tolerance=work.settings.evaluation.tolerance,
        reasons=(),
    )


def _register(work: Work, registry: Registry, manifest: StageManifest) -> Version:
    folder = work.inputs["adapter"]
    own = Work(settings=work.settings, inputs={}, output=folder, step=manifest.step, run=work.run)
    tags = {**adapter_tags(own, manifest), "evaluation": StageManifest.read(work.inputs["evaluation"]).digest}
    version = registry.register(work.settings.registered_name, manifest.tracking["model_id"], tags)
    return registry.set_challenger(version)


def _write(work: Work, evaluation: Evaluation, gate: Gate, version: Version) -> None:
    data = report_data(work, evaluation, gate, version)
    write_atomic(work.output / "results.json", json.dumps(results(evaluation, gate), indent=2) + "\n")
    write_atomic(work.output / "report.html", render(data))
    write_atomic(work.output / "model_card.md", model_card(data))


# Not cached: what the gate compares with, and what serves, is decided elsewhere and may have changed.
promote = Stage(
    name="promote",
    reads=("base_model", "metric", "evaluation", "promote_as", "recipe"),
    uses={"evaluation": ".", "adapter": "."},
    work=_promote,
    cached=False,
)
