"""sft, dpo and dpo_further: run one training job each, from a folder of training rows to an adapter."""

import json
from functools import partial

from codekiln import launch
from codekiln.data.manifests import DataManifest
from codekiln.data.text import byte_lines
from codekiln.errors import InputError
from codekiln.launch.pools import read_cluster
from codekiln.settings.schema import Settings
from codekiln.stages.base import Stage, StageContext, Summary, code_version
from codekiln.stages.jobs import launch_context
from codekiln.stages.planning import plan_stage
from codekiln.training.job import TrainingJob, TrainingSummary
from codekiln.training.plan import apply
from codekiln.training.settings import DpoSettings


def _train(context: StageContext, section: str, kind: str) -> Summary:
    settings = context.settings
    rows = rows_of(settings, section)
    _require_rows(context, rows)
    job = TrainingJob(
        kind=kind,
        title=context.step,
        base=settings.base_model,
        adapter=context.inputs.get("start"),
        data=context.inputs["data"] / rows,
        output=context.output,
        seed=settings.seed,
        lora=settings.lora,
        code_version=code_version(),
        **{kind: getattr(settings, section)},
    )
    launch.run(_planned(job, context, section), launch_context(context))
    done = TrainingSummary.model_validate_json((context.output / "summary.json").read_bytes())
    figures = {name: value for name, value in done.model_dump().items() if isinstance(value, int | float)}
    curve = [json.loads(line) for line in byte_lines((context.output / "curve.jsonl").read_bytes())]
    return Summary(figures=figures, rejected=done.rejected, curve=curve)


_WITHOUT_PAIRS = (
    "; a recipe that makes no pairs runs through the pipeline instruct, and one whose pairs are given through prefer"
)


def _require_rows(context: StageContext, rows: str) -> None:
    if DataManifest.read(context.inputs["data"] / rows).rows:
        return
    raise InputError(
        f"there are no {rows} to train on: the recipe '{context.settings.recipe}' made none of these problems",
        where=str(context.inputs["data"] / rows),
        fix="see what was rejected there and in graded" + (_WITHOUT_PAIRS if rows == "pairs" else ""),
    )


def _planned(job: TrainingJob, context: StageContext, section: str) -> TrainingJob:
    """Return the job with a parallelisation plan for its pool; a job in this process needs none."""
    if not context.settings.pool:
        return job
    chosen = plan_stage(context.settings, section, read_cluster().pool(context.settings.pool))
    print(f"{context.step}: {chosen.reasons}", flush=True)
    return apply(job, chosen)


def rows_of(settings: Settings, section: str) -> str:
    """Return what a training stage reads of a filter's folder: examples, pairs or labelled replies."""
    chosen = getattr(settings, section)
    return chosen.rows if isinstance(chosen, DpoSettings) else "examples"


def _stage(name: str, kind: str) -> Stage:
    start = {} if kind == "sft" else {"start": "."}
    return Stage(
        name=name,
        settings_keys=("base_model", "seed", "lora", name),
        input_parts={"data": partial(rows_of, section=name), **start},
        run=partial(_train, section=name, kind=kind),
    )


sft = _stage("sft", "sft")
dpo = _stage("dpo", "dpo")
dpo_further = _stage("dpo_further", "dpo")
