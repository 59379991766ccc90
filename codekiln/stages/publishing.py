"""What MLflow shows of a decision: descriptions, metrics of every contender, data sets, and the version's tags."""

import json
from collections.abc import Sequence

from codekiln import recipes
from codekiln.data.manifests import DataManifest
from codekiln.evaluation import Evaluation, Interval
from codekiln.evaluation.criteria import named
from codekiln.evaluation.ledger import Decision
from codekiln.registry import Registry, Version
from codekiln.registry.decisions import FOLDER
from codekiln.registry.mirror import MEASURES
from codekiln.registry.runs import TEXT_LENGTH, StageRun, safe_name
from codekiln.stages import benchmarks, presentation
from codekiln.stages.base import StageContext
from codekiln.stages.evaluate import BASE, read_evaluation
from codekiln.stages.run_folder import EVALUATION, TRAIN, read_tracking


def publish(context: StageContext, registry: Registry, decision: Decision, version: Version, candidate: str) -> Version:
    """Log a decision to the run's parent and to the version, for the tables and pages of MLflow; returns the version.

    The parent gets a description, both sets of problems as data sets, and metrics under names that are the same in
    every run, so that runs compare: ``pass_at_1`` is the candidate's and belongs to its logged model too,
    ``base.pass_at_1`` is another contender's, and ``gain.pass_at_1`` is the paired difference from the base. Tags say
    which contender the candidate is, and on which set it was judged: figures of two runs compare where that is the
    same. The report lies at the top of the artifacts, where pages that compare runs find it in both. The version gets
    a description and tags.
    """
    evaluation = read_evaluation(context.inputs["evaluation"])
    run = StageRun(registry.client, registry.uri, read_tracking(context.run_folder).parent_run_id)
    run.metrics(_metrics(evaluation, candidate))
    run.metrics(_means(evaluation, candidate), model_id=version.model_id)
    for name, use in ((TRAIN, "training"), (EVALUATION, "evaluation")):
        if DataManifest.describes(context.run_folder / name):
            run.dataset(context.run_folder / name, use)
    report = f"#/experiments/{registry.experiment_of(decision.run)}/runs/{decision.run}/artifacts/{_report(decision)}"
    text = _text(context, evaluation, decision, report)
    if decision.run != run.id:
        text += "\n\nThe same adapter was judged before, by the run that has the report; these are this run's figures."
    run.describe(text)
    run.tags({"candidate": candidate, "evaluation_set": decision.set, "gate": decision.sentence})
    run.artifact(context.output / "report.html")
    tags = {
        "verdict": decision.verdict,
        "verdict_sentence": decision.sentence,
        "verdict_candidate_number": str(decision.number),
        "verdict_level": f"{decision.level:g}",
        "report": f"runs:/{decision.run}/{_report(decision)}",
        MEASURES: _in_a_tag(_decisive(context, evaluation, candidate)),
    }
    return registry.describe_version(version, text, tags)


def _report(decision: Decision) -> str:
    return f"{FOLDER}/{decision.key}/report.html"


def _means(evaluation: Evaluation, contender: str) -> dict[str, float | None]:
    """Return a contender's means by measure, those of a further benchmark after its name."""
    found = {name: value.mean for name, value in evaluation.contenders[contender].items()}
    for benchmark, further in evaluation.benchmarks.items():
        found |= {f"{benchmark}.{name}": mean for name, mean in _means(further, contender).items()}
    return found


def _metrics(evaluation: Evaluation, candidate: str) -> dict[str, float | None]:
    """Return the other contenders' means, and the candidate's gain over the base with its interval."""
    others = [name for name in evaluation.contenders if name != candidate]
    found = {f"{name}.{key}": value for name in others for key, value in _means(evaluation, name).items()}
    for benchmark, one in {"": evaluation, **evaluation.benchmarks}.items():
        for name in one.measures:
            gain, key = one.compare(candidate, BASE, name), f"gain.{benchmark}.{name}" if benchmark else f"gain.{name}"
            found |= {key: gain.difference, f"{key}.low": gain.low, f"{key}.high": gain.high}
    return found


def _text(context: StageContext, evaluation: Evaluation, decision: Decision, report: str) -> str:
    """Return the description in Markdown: verdict, link to the report, and the measures that decided."""
    shown = _shown(context)
    names = presentation.labels(context.settings.base_model)
    rows = [
        [names.get(name, name), *(_cell(_interval(evaluation, name, *one)) for one in shown)]
        for name in evaluation.contenders
    ]
    verdict = decision.verdict.capitalize()
    return "\n\n".join(
        (
            f"**{verdict}** on {decision.when[:10]}: [report]({report})",
            decision.sentence,
            _table(["contender", *(named(*one) for one in shown)], rows),
            f"Means over {evaluation.problems} problems, {evaluation.samples} samples each, with 95 % intervals.",
        )
    )


def _shown(context: StageContext) -> list[tuple[str, str]]:
    """Return the measures that decided, the target first, each with its benchmark."""
    settings = context.settings
    guarded = [(item.measure, item.benchmark) for item in benchmarks.criteria(settings)]
    return list(dict.fromkeys([(settings.metric, ""), (recipes.get(settings.recipe).guard, ""), *guarded]))


def _decisive(context: StageContext, evaluation: Evaluation, candidate: str) -> dict[str, float | None]:
    """Return the candidate's mean of every measure that decided, and its gain over the base, with their intervals.

    Names are those of the metrics in MLflow, and ``low`` and ``high`` the ends of an interval.
    """
    found: dict[str, float | None] = {}
    for measure, benchmark in _shown(context):
        key = safe_name(f"{benchmark}.{measure}" if benchmark else measure)
        if own := _interval(evaluation, candidate, measure, benchmark):
            found |= {key: own.mean, f"{key}.low": own.low, f"{key}.high": own.high}
            gain = evaluation.on(benchmark).compare(candidate, BASE, measure)
            found |= {f"gain.{key}": gain.difference, f"gain.{key}.low": gain.low, f"gain.{key}.high": gain.high}
    return found


def _in_a_tag(values: dict[str, float | None]) -> str:
    """Return values as JSON, without the last ones where MLflow would cut the text."""
    kept = dict(values)
    while len(text := json.dumps(kept)) > TEXT_LENGTH:
        kept.popitem()
    return text


def _interval(evaluation: Evaluation, contender: str, measure: str, benchmark: str) -> Interval | None:
    return evaluation.on(benchmark).contenders.get(contender, {}).get(measure)


def _cell(interval: Interval | None) -> str:
    if interval is None or interval.mean is None:
        return "-"
    digits = 3 if abs(interval.mean) <= 1 else 1
    known = interval.known()
    text = f"{interval.mean:.{digits}f}"
    return text if known is None else f"{text} ({known[1]:.{digits}f} to {known[2]:.{digits}f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
