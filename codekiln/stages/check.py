"""check: verify everything that a run needs before it uses a GPU, and report all problems found at once."""

import os
import platform
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from codekiln import models, recipes
from codekiln.data.folders import Dataset, write_dataset, write_rejected
from codekiln.data.manifests import MANIFEST
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors, both, gather, missing_extra, uninstalled
from codekiln.inference.engine_settings import Engine
from codekiln.launch.pools import Cluster, read_cluster
from codekiln.launch.readiness import pool_probes, run_probes
from codekiln.models.hub_access import check_access, is_for_jobs_alone
from codekiln.models.quantization import require_bitsandbytes
from codekiln.models.template_files import form_of
from codekiln.recipes import problem_sets
from codekiln.recipes.base import Recipe
from codekiln.recipes.types import ProblemSets, Shortage
from codekiln.registry.mirror import mirror_of
from codekiln.registry.signing import fingerprint
from codekiln.registry.sqlite_uri import sqlite_path
from codekiln.settings.schema import Settings
from codekiln.stages import benchmarks
from codekiln.stages.base import Stage, StageContext, Summary, code_version
from codekiln.stages.configured import recipe_of, teacher_of
from codekiln.stages.eligibility import require_same_base
from codekiln.stages.engine import engine_of
from codekiln.stages.ledger import next_number
from codekiln.stages.monitoring.context import PIPELINE
from codekiln.stages.planning import plan_evaluation, plan_run, require_enough
from codekiln.stages.problem_report import ProblemReport, read_report, refuse_empty, report
from codekiln.stages.promotion.keys import signing_key
from codekiln.stages.run_folder import (
    EVALUATION,
    TRAIN,
    WORKDIR,
    Tracking,
    find_tracking,
    open_registry,
    tracking_uri,
    write_settings,
    write_tracking,
)
from codekiln.training.job import require_unsharded
from codekiln.training.plan import idle_note

MINIMUM_FREE_GB = 1
WITH_ROUNDS = "align"
GATELESS = "gateless"
"""Parameter of a check whose run ends without a gate, as the pipeline data does."""
_UNTRACKED = {"tracking_uri", "kubeflow_registry", "experiment", "workers", "notify_after_seconds"}
"""Settings of where a run is recorded, how fast it is and who hears of it: they would differ between equal runs."""


def _check(context: StageContext) -> Summary:
    settings = context.settings
    reports: list[ProblemReport] = []
    engines: list[Engine] = []
    bases: list[models.BaseModelSpec] = []

    def problems() -> str:
        reports.append(_write_problems(settings, context.output))
        for line in reports[0].lines():
            print(f"check: problems: {line}", flush=True)
        if GATELESS not in context.parameters:
            gather(*(partial(require_enough, settings, *size, name) for name, size in reports[0].evaluation.items()))
        return reports[0].sentence()

    probes: Mapping[str, Callable[[], str]] = {
        "packages": lambda: _packages(settings, trains=GATELESS not in context.parameters),
        "base model": lambda: _model(settings, bases),
        "chat template": lambda: _chat_template(settings, bases),
        "adapter": lambda: _adapter(settings, bases),
        "recipe": lambda: _recipe(settings),
        "teacher": lambda: _teacher(settings),
        **_pool(settings),
        "engine": lambda: _engine(settings, engines),
        "disk": lambda: _disk(context.output),
        "registry": lambda: _registry(settings, context.output, gate=GATELESS not in context.parameters),
        **({} if GATELESS in context.parameters else {"promotion": lambda: _promotion(settings, context.output)}),
        "problems": problems,
    }
    notes = run_probes(probes)
    settings = settings.model_copy(update={"engine": engines[0]})
    write_settings(context.output, settings)
    _start_parent(settings, context)
    (found,) = reports
    rows = Dataset(context.output / EVALUATION, Problem).rows()
    number = next_number(open_registry(settings, context.output), settings, rows)
    for name, size in found.evaluation.items():
        key = f"benchmark {name}" if name else "evaluation"
        notes[key] = plan_evaluation(settings, *size, name, number)
        print(f"check: {key}: {notes[key]}", flush=True)
    figures = {"train": found.train, **{name or "evaluation": size.problems for name, size in found.evaluation.items()}}
    return Summary(figures=figures, notes=notes, rejected=found.rejected)


def _packages(settings: Settings, *, trains: bool) -> str:
    """Name the extras that the settings need; raises InputErrors for what is missing of them.

    Args:
        settings: The settings.
        trains: Whether the run trains or samples in its own steps, where there is no pool.
    """
    needed = ["cluster"] if settings.pool else ["train"] if trains or settings.teacher == "model" else []
    lacking = {extra: uninstalled(extra) for extra in needed}
    if refused := [missing_extra(found, "the run") for found in lacking.values() if found]:
        raise InputErrors(refused)
    has = f"codekiln[{','.join(needed)}] is installed" if needed else "no extra is needed"
    if "cluster" not in needed and (absent := uninstalled("cluster")):
        has += f"; `codekiln run` and `submit` need {', '.join(absent)} too: pip install 'codekiln[cluster]'"
    return has


def _model(settings: Settings, found: list[models.BaseModelSpec]) -> str:
    spec = models.get(settings.base_model)
    if settings.pool and Path(spec.source).is_dir() and not _mounted(spec):
        raise InputError(
            f"is a folder that the jobs on pool '{settings.pool}' do not have",
            where=f"base_model {spec.id}",
            fix="give a Hub id, or put the model on the volume that steps and jobs share",
        )
    access = check_access(spec, by_job=bool(settings.pool))
    found.append(spec)
    return f"{spec.id}, {access}, licence {spec.licence or 'not stated'}"


def _chat_template(settings: Settings, readable: list[models.BaseModelSpec]) -> str:
    if not readable:
        return "not read, because the base model is not"
    (spec,) = readable
    if settings.pool and is_for_jobs_alone(spec):
        return "read by the jobs"
    return "; ".join(form_of(spec).notes) or "needs no change"


def _adapter(settings: Settings, readable: list[models.BaseModelSpec]) -> str:
    require_unsharded(settings.lora, settings.strategy)
    if settings.lora.quantization != "none" and not settings.pool:
        # A pool's jobs have their own image.
        require_bitsandbytes()
    for spec in readable:
        _require_targets(settings, spec)
    kind = "DoRA" if settings.lora.dora else "rsLoRA" if settings.lora.rslora else "LoRA"
    held = "; the base is in 4 bits while training" if settings.lora.quantization != "none" else ""
    return f"{kind} of rank {settings.lora.r}{held}"


def _require_targets(settings: Settings, spec: models.BaseModelSpec) -> None:
    """Look for the modules that the settings name in the base model, where this machine can; a job looks itself."""
    if settings.lora.targets is None or uninstalled("train") or (settings.pool and is_for_jobs_alone(spec)):
        return
    from codekiln.training.arguments import check_targets

    check_targets(spec, settings.lora)


def _recipe(settings: Settings) -> str:
    if os.environ.get(PIPELINE) == WITH_ROUNDS and not recipes.get(settings.recipe).has_rounds:
        raise InputError(
            f"its rows have no tests, so the rounds of the pipeline {WITH_ROUNDS} cannot grade a model's replies",
            where=f"recipe {settings.recipe}",
            fix="run the pipeline prefer, which has no rounds, or instruct",
        )
    return settings.recipe


def _mounted(spec: models.BaseModelSpec) -> bool:
    return spec.id == "tiny" or Path(spec.source).absolute().is_relative_to(read_cluster().exchange)


def _pool(settings: Settings) -> dict[str, Callable[[], str]]:
    if not settings.pool:
        return {"pool": lambda: "none; training and sampling run in their steps"}
    try:
        cluster = read_cluster()
        cluster.pool(settings.pool)
    except InputError as error:
        return {"pool": partial(_refuse, error)}
    return {**pool_probes(cluster, [settings.pool]), "plan": lambda: _plan(settings, cluster)}


def _refuse(error: InputError) -> str:
    raise error


def _plan(settings: Settings, cluster: Cluster) -> str:
    pool = cluster.pool(settings.pool)
    plans = plan_run(settings, pool)
    found = [f"{name}: {chosen.strategy} on {chosen.processes}" for name, chosen in plans.items()]
    notes = [f"warning: {name}: {note}" for name, chosen in plans.items() if (note := idle_note(chosen, pool))]
    return "; ".join(found + notes)


def _engine(settings: Settings, found: list[Engine]) -> str:
    engine, why = engine_of(settings)
    found.append(engine)
    return f"{engine}, {why}"


def _teacher(settings: Settings) -> str:
    teacher_of(settings).check()
    return settings.teacher


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 2**30
    if free < MINIMUM_FREE_GB:
        raise InputError(f"only {free:.1f} GB are free", where=str(folder), fix=f"free at least {MINIMUM_FREE_GB} GB")
    return f"{free:.0f} GB free"


def _registry(settings: Settings, folder: Path, *, gate: bool) -> str:
    registry = open_registry(settings, folder)
    mirror = mirror_of(registry, settings.registered_name, settings.kubeflow_registry) if gate else None
    follows = f"; {mirror.probe(settings.registered_name)}" if mirror else ""
    champion = registry.champion(settings.registered_name)
    if champion is None:
        return f"{settings.registered_name} has no champion yet{follows}"
    require_same_base(settings, champion)
    return f"{settings.registered_name} has version {champion.version} as champion{follows}"


def _promotion(settings: Settings, folder: Path) -> str:
    """Read the key that signs records where one machine does everything; a cluster gives it to promote alone."""
    if WORKDIR not in os.environ and sqlite_path(tracking_uri(settings, folder)) is None:
        return "promote reads the key that signs records, if there is one"
    key = signing_key(settings)
    return f"records are signed, key {fingerprint(key.public_key())[:16]}" if key else "records are not signed"


def _write_problems(settings: Settings, folder: Path) -> ProblemReport:
    """Write both problem sets, unless an earlier check left the same ones; return what is told of them."""
    recipe = recipe_of(settings)
    reads = (partial(_problems, recipe, settings, folder), partial(benchmarks.read_benchmarks, settings))
    try:
        provenance = _provenance(settings, recipe.sources())
    except InputError as error:
        gather(partial(_refuse, error), *reads)
        raise
    if (known := _earlier_problems(settings, folder, provenance)) is not None:
        return known
    made, (further, unfit) = both(*reads)
    for note in made.notes:
        print(f"check: problems: {note}", flush=True)
    train, seen = benchmarks.keep_unseen(made.train, further)
    rejected = [*made.rejected, *seen, *unfit]
    refuse_empty(train, made.evaluation, rejected)
    evaluation = [*made.evaluation, *further]
    write_dataset(folder / TRAIN, train, Problem, rejected=rejected, **provenance)
    write_dataset(folder / EVALUATION, evaluation, Problem, **provenance)
    return report(train, evaluation, rejected)


def _problems(recipe: Recipe[Any], settings: Settings, folder: Path) -> ProblemSets:
    """Return the problems of a recipe; where there are too few, those that it rejected are written."""
    try:
        return recipe.problems(settings)
    except Shortage as error:
        write_rejected(folder / TRAIN, error.rejected)
        raise


def _provenance(settings: Settings, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that problem sets depend on, as fields of their manifests."""
    chosen = {
        key: settings.section(key) for key in ("recipe", "recipes", "teacher", "metric", "problems", "sandbox", "seed")
    }
    return {
        "settings": {**chosen, **_benchmark_settings(settings), "python": platform.python_version()},
        "parents": {**problem_sets.source_digests(settings), **benchmarks.source_digests(settings), **sources},
        "code_version": code_version(),
    }


def _benchmark_settings(settings: Settings) -> dict[str, Any]:
    chosen = [one.model_dump(include={"name", "source", "format", "problems"}) for one in settings.evaluation.benchmark]
    return {"benchmarks": chosen} if chosen else {}


def _earlier_problems(settings: Settings, folder: Path, provenance: Mapping[str, Any]) -> ProblemReport | None:
    """Return the report on the problem sets that an earlier check left; None when they depended on something else."""
    if not all((folder / name / MANIFEST).exists() for name in (TRAIN, EVALUATION)):
        return None
    if problem_sets.is_remote(settings) or benchmarks.is_remote(settings):
        return None
    train, evaluation = (Dataset(folder / name, Problem) for name in (TRAIN, EVALUATION))
    for data in (train, evaluation):
        if {key: getattr(data.manifest, key) for key in provenance} != provenance:
            return None
    return read_report(train, evaluation)


def _start_parent(settings: Settings, context: StageContext) -> None:
    """Create the parent run, or continue the one that an earlier check of this folder created."""
    earlier = find_tracking(context.output)
    registry = open_registry(settings, context.output)
    if earlier and (earlier.uri, earlier.experiment) != (registry.uri, settings.experiment):
        earlier = None
    parent = registry.start_parent(
        # Pages that compare runs show them by name.
        f"{settings.recipe} {settings.base_model} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}",
        params=settings.model_dump(mode="json", exclude=_UNTRACKED),
        tags={"codekiln.code_version": code_version(), "codekiln.base_model": settings.base_model},
        run_id=earlier.parent_run_id if earlier else None,
    )
    uri = tracking_uri(settings, context.output)
    write_tracking(context.output, Tracking(uri, settings.experiment, parent, registry.name_of(parent)))


# Not cached, because endpoints, pools and the registry change. Later stages depend on the settings and problems that it
# writes, and are repeated only when these change.
check = Stage(
    name="check",
    settings_keys=(),
    input_parts={},
    run=_check,
    cached=False,
    identity=lambda context: {"settings_digest": context.settings.model_dump_json()},
)
