"""check: resolve and prove everything a run needs before it costs time, and report every problem found."""

import platform
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codekiln import models, teachers
from codekiln.data.folders import Dataset, Rejected, write_dataset
from codekiln.data.manifests import MANIFEST
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.launch.pools import Cluster, read_cluster
from codekiln.launch.readiness import pool_probes, run_probes
from codekiln.models.hub_access import check_access
from codekiln.recipes import problem_sets
from codekiln.settings.schema import Settings
from codekiln.stages.base import Stage, Summary, Work, code_version
from codekiln.stages.generate import recipe_of
from codekiln.stages.planning import plan_run
from codekiln.stages.run_folder import (
    EVALUATION,
    TRAIN,
    Tracking,
    open_registry,
    read_tracking,
    tracking_uri,
    write_run,
    write_tracking,
)

MINIMUM_FREE_GB = 1


def _check(work: Work) -> Summary:
    settings = work.settings
    problems: list = []
    probes: Mapping[str, Callable[[], str]] = {
        "base model": lambda: _model(settings),
        "teacher": lambda: _teacher(settings),
        **_pool(settings),
        "disk": lambda: _disk(work.output),
        "registry": lambda: _registry(settings, work.output),
        "problems": lambda: problems.extend(_problems(settings, work.output)) or "readable, and their references pass",
    }
    notes = run_probes(probes)
    write_run(work.output, settings)
    _start_parent(settings, work)
    train, evaluation, rejected = problems
    return Summary(figures={"train": train, "evaluation": evaluation}, notes=notes, rejected=rejected)


def _model(settings: Settings) -> str:
    spec = models.get(settings.base_model)
    if settings.pool and Path(spec.source).is_dir() and not _mounted(spec):
        raise InputError(
            f"is a folder that the jobs on pool '{settings.pool}' do not have",
            where=f"base_model {spec.id}",
            fix="give a Hub id, or put the model on the volume that steps and jobs share",
        )
    return f"{spec.id}, {check_access(spec, by_job=bool(settings.pool))}, licence {spec.licence or 'not stated'}"


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
    plans = plan_run(settings, cluster.pool(settings.pool))
    return "; ".join(f"{name}: {chosen.strategy} on {chosen.processes}" for name, chosen in plans.items())


def _teacher(settings: Settings) -> str:
    kind = teachers.get(settings.teacher)
    kind(kind.Settings.model_validate(settings.teachers[settings.teacher]), seed=settings.seed).check()
    return settings.teacher


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free / 2**30
    if free < MINIMUM_FREE_GB:
        raise InputError(f"only {free:.1f} GB are free", where=str(folder), fix=f"free at least {MINIMUM_FREE_GB} GB")
    return f"{free:.0f} GB free"


def _registry(settings: Settings, folder: Path) -> str:
    registry = open_registry(settings, folder)
    champion = registry.champion(settings.registered_name)
    if champion is None:
        return f"{settings.registered_name} has no champion yet"
    base, wanted = champion.tags.get("base_model"), models.get(settings.base_model).id
    if base != wanted:
        raise InputError(
            f"the champion of '{settings.registered_name}' adapts {base}, and this run adapts {wanted}",
            where="promote_as",
            fix="choose another registered model name",
        )
    return f"{settings.registered_name} has version {champion.version} as champion"


def _problems(settings: Settings, folder: Path) -> tuple[int, int, dict[str, int]]:
    recipe = recipe_of(settings)
    common = _provenance(settings, recipe.sources())
    if (known := _made_before(settings, folder, common)) is not None:
        return known
    made = recipe.problems(settings)
    for side, rows in (("training", made.train), ("evaluation", made.evaluation)):
        if not rows:
            counts = ", ".join(f"{count} {reason}" for reason, count in _reasons(made.rejected).items())
            raise InputError(
                f"no {side} problem is left after checking ({counts or 'the source gives none'})",
                where="problems",
                fix="give more problems, or problems whose references pass their tests",
            )
    write_dataset(folder / TRAIN, made.train, Problem, rejected=made.rejected, **common)
    write_dataset(folder / EVALUATION, made.evaluation, Problem, **common)
    return len(made.train), len(made.evaluation), _reasons(made.rejected)


def _provenance(settings: Settings, sources: Mapping[str, str]) -> dict[str, Any]:
    """Return everything that problem sets depend on, as their manifests hold it."""
    shaped = {
        key: settings.section(key) for key in ("recipe", "recipes", "teacher", "metric", "problems", "sandbox", "seed")
    }
    return {
        "settings": {**shaped, "python": platform.python_version()},
        "parents": {**problem_sets.source_digests(settings), **sources},
        "code_version": code_version(),
    }


def _made_before(settings: Settings, folder: Path, common: Mapping[str, Any]) -> tuple[int, int, dict[str, int]] | None:
    """Return the counts of problem sets that an earlier check left, when making them again would give the same."""
    if not all((folder / side / MANIFEST).exists() for side in (TRAIN, EVALUATION)):
        return None
    if problem_sets.is_remote(settings):
        return None
    train, evaluation = (Dataset(folder / side, Problem) for side in (TRAIN, EVALUATION))
    if any({key: getattr(side.manifest, key) for key in common} != common for side in (train, evaluation)):
        return None
    return len(train.rows()), len(evaluation.rows()), train.manifest.rejected


def _reasons(rejected: Iterable[Rejected]) -> dict[str, int]:
    return dict(Counter(item.reason for item in rejected).most_common())


def _start_parent(settings: Settings, work: Work) -> None:
    earlier = read_tracking(work.output)
    registry = open_registry(settings, work.output)
    same = earlier is not None and (earlier.uri, earlier.experiment) == (registry.uri, settings.experiment)
    parent = registry.start_parent(
        f"{settings.recipe} {settings.base_model}",
        params=settings.model_dump(mode="json"),
        tags={"codekiln.code_version": code_version(), "codekiln.base_model": settings.base_model},
        run_id=earlier.parent_run_id if same else None,
    )
    write_tracking(work.output, Tracking(tracking_uri(settings, work.output), settings.experiment, parent))


# Not cached: it looks at the world as it is now. What follows depends on what it finds, not on when it looked.
check = Stage(
    name="check",
    reads=(),
    uses={},
    work=_check,
    cached=False,
    identity=lambda work: {"settings_digest": work.settings.model_dump_json()},
)
