"""sft, dpo and dpo_further: one training job each, from a data folder to an adapter."""

import json
from functools import partial

from codekiln import launch
from codekiln.data.manifests import DataManifest
from codekiln.errors import InputError
from codekiln.launch.pools import read_cluster
from codekiln.stages.base import Stage, Summary, Work, code_version
from codekiln.stages.jobs import place
from codekiln.stages.planning import plan_stage
from codekiln.training.job import TrainingJob, TrainingSummary
from codekiln.training.plan import apply


def _train(work: Work, section: str, kind: str, rows: str) -> Summary:
    settings = work.settings
    _refuse_nothing(work, rows)
    job = TrainingJob(
        kind=kind,
        base=settings.base_model,
        adapter=work.inputs.get("start"),
        data=work.inputs["data"] / rows,
        output=work.output,
        seed=settings.seed,
        lora=settings.lora,
        code_version=code_version(),
        **{kind: getattr(settings, section)},
    )
    launch.run(_planned(job, work, section), place(work))
    done = TrainingSummary.model_validate_json((work.output / "summary.json").read_bytes())
    figures = {name: value for name, value in done.model_dump().items() if isinstance(value, int | float)}
    curve = [json.loads(line) for line in (work.output / "curve.jsonl").read_text(encoding="utf-8").splitlines()]
    return Summary(figures=figures, rejected=done.rejected, curve=curve)


def _refuse_nothing(work: Work, rows: str) -> None:
    if DataManifest.read(work.inputs["data"] / rows).rows:
        return
    raise InputError(
        f"there are no {rows} to train on: the recipe '{work.settings.recipe}' made none of these problems",
        where=str(work.inputs["data"] / rows),
        fix="see what was rejected there and in graded"
        + ("; a recipe that makes no pairs runs through the pipeline instruct" if rows == "pairs" else ""),
    )


def _planned(job: TrainingJob, work: Work, section: str) -> TrainingJob:
    """Choose how a job on a pool divides its work; in this process there is nothing to divide."""
    if not work.settings.pool:
        return job
    chosen = plan_stage(work.settings, section, read_cluster().pool(work.settings.pool))
    print(f"{work.step}: {chosen.reasons}", flush=True)
    return apply(job, chosen)


def _stage(name: str, kind: str, rows: str) -> Stage:
    start = {} if kind == "sft" else {"start": "."}
    return Stage(
        name=name,
        reads=("base_model", "seed", "lora", name),
        uses={"data": rows, **start},
        work=partial(_train, section=name, kind=kind, rows=rows),
    )


sft = _stage("sft", "sft", "examples")
dpo = _stage("dpo", "dpo", "pairs")
dpo_further = _stage("dpo_further", "dpo", "pairs")
