"""evaluate: sample replies to held-out problems from the base, all adapters and the champion, and compare them."""

import json
from pathlib import Path

from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.evaluation.summary import CHAMPION, Evaluation
from codekiln.registry import Version
from codekiln.registry.runs import adapter_digest
from codekiln.stages.base import Stage, StageContext, Summary
from codekiln.stages.evaluate_shards import EvaluateShards
from codekiln.stages.jobs import sample
from codekiln.stages.ledger import RunLedger
from codekiln.stages.run_folder import registry_of

BASE = "base"
# Input names in the order of the stages; "candidate" is the adapter that fetch brought.
ADAPTERS = ("sft", "dpo", "dpo_further", "dpo_further_2", "dpo_further_3", "candidate")
EVALUATION = "evaluation.json"
CONTENDERS = "contenders.json"
"""Digest of the adapter of each contender that has one, by name."""


def _evaluate(context: StageContext) -> Summary:
    contenders: dict[str, Path | None] = {BASE: None, **_adapters(context), **_champion(context)}
    samples = {name: _sample(context, name, adapter) for name, adapter in contenders.items()}
    settings, problems = context.settings, context.inputs["evaluation_problems"]
    result = EvaluateShards(settings, problems, context.output / "graded", context.step).evaluate(samples)
    further = dict.fromkeys(row.benchmark for row in Dataset(problems, Problem) if row.benchmark)
    folder = context.output / "benchmarks"
    found = {
        name: EvaluateShards(settings, problems, folder / name, context.step, name).evaluate(samples)
        for name in further
    }
    result = result.model_copy(update={"benchmarks": found})
    _charge(context, result)
    digests = {name: adapter_digest(folder) for name, folder in contenders.items() if folder}
    write_atomic(context.output / CONTENDERS, json.dumps(digests, indent=1) + "\n")
    write_atomic(context.output / EVALUATION, result.model_dump_json(indent=1) + "\n")
    return _summary(result)


def _charge(context: StageContext, result: Evaluation) -> None:
    """Count the last adapter as a candidate before its results are seen, so that nobody picks among results."""
    if adapters := list(_adapters(context)):
        registry = registry_of(context.run_folder)
        champion = registry.champion(context.settings.registered_name)
        ledger = RunLedger(context, registry, context.inputs[adapters[-1]], result, champion)
        if ledger.find() is None:
            ledger.open()


def read_evaluation(folder: Path) -> Evaluation:
    """Return the evaluation in an output folder of this stage.

    Raises:
        InputError: There is none.
    """
    path = folder / EVALUATION
    if not path.exists():
        raise InputError(
            f"no evaluation: it has no {EVALUATION}", where=str(folder), fix="give an evaluate stage's folder"
        )
    return Evaluation.model_validate_json(path.read_bytes())


def read_graded(folder: Path, contender: str) -> Dataset[Graded]:
    """Return a contender's graded samples."""
    return Dataset(folder / "graded" / contender, Graded)


def _adapters(context: StageContext) -> dict[str, Path]:
    return {name: context.inputs[name] for name in ADAPTERS if name in context.inputs}


def _champion(context: StageContext) -> dict[str, Path]:
    """Download the champion, unless it is one of the run's adapters, which are compared anyway."""
    champion = _other_champion(context)
    if champion is None:
        return {}
    print(f"{context.step}: the champion is version {champion.version} of {champion.name}", flush=True)
    return {CHAMPION: registry_of(context.run_folder).download_adapter(champion.uri, context.output / CHAMPION)}


def _other_champion(context: StageContext) -> Version | None:
    champion = registry_of(context.run_folder).champion(context.settings.registered_name)
    ours = {adapter_digest(folder) for folder in _adapters(context).values()}
    return champion if champion is not None and champion.adapter_digest not in ours else None


def _identity(context: StageContext) -> dict[str, str]:
    champion = _other_champion(context)
    return {"champion": champion.adapter_digest if champion else ""}


def _sample(context: StageContext, name: str, adapter: Path | None) -> Dataset[Sample]:
    folder = context.output / "samples" / name
    return sample(context, context.inputs["evaluation_problems"], adapter, context.settings.evaluate, folder, name)


def _summary(result: Evaluation) -> Summary:
    figures: dict[str, float] = {"problems": result.problems, "samples_per_problem": result.samples}
    for name, values in result.contenders.items():
        figures |= {f"{name}.{measure}": value.mean for measure, value in values.items() if value.mean is not None}
    for benchmark, found in result.benchmarks.items():
        levels = {name: values["pass@1"].mean for name, values in found.contenders.items()}
        figures |= {f"{name}.{benchmark}.pass@1": mean for name, mean in levels.items() if mean is not None}
    return Summary(figures=figures)


evaluate = Stage(
    name="evaluate",
    settings_keys=(
        "base_model",
        "engine",
        "vllm",
        "recipe",
        "recipes",
        "metric",
        "evaluate",
        "evaluation",
        "sandbox",
        "seed",
        "shard_rows",
    ),
    input_parts={"evaluation_problems": ".", **dict.fromkeys(ADAPTERS, ".")},
    run=_evaluate,
    identity=_identity,
)
