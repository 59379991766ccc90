"""Further benchmarks of an evaluation: their problems, which nothing is trained on, and results on each."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from codekiln import demo, recipes
from codekiln.data.decontamination import decontaminate
from codekiln.data.files import sha256_file
from codekiln.data.folders import Rejected
from codekiln.data.readers import read_located_problems
from codekiln.data.records import Problem
from codekiln.errors import InputError, gather
from codekiln.evaluation import measures
from codekiln.evaluation.criteria import Criterion
from codekiln.recipes import problem_sets
from codekiln.recipes.base import Recipe
from codekiln.settings.schema import BenchmarkSettings, Settings
from codekiln.stages.configured import recipe_of


def of(problems: Sequence[Problem], benchmark: str = "") -> list[Problem]:
    """Return the problems of a benchmark; of the main evaluation set for an empty name."""
    return [row for row in problems if row.benchmark == benchmark]


def read_benchmarks(settings: Settings) -> tuple[list[Problem], list[Rejected]]:
    """Return the problems of all benchmarks that can be graded, and the others.

    Their ids start with the benchmark's name, as one problem may be in several benchmarks.

    Raises:
        InputError: A source cannot be read, or no problem of it is left.
    """
    kept: list[Problem] = []
    rejected: list[Rejected] = []
    for chosen, read in zip(settings.evaluation.benchmark, read_sources(settings), strict=True):
        located = [
            (where, row.model_copy(update={"task_id": f"{chosen.name}/{row.task_id}", "benchmark": chosen.name}))
            for where, row in read
        ]
        named = [row for _, row in located]
        places = {row.task_id: where for where, row in located}
        label = f"check: {chosen.name} references"
        gradable, unfit = problem_sets.keep_gradable(named, settings.workers or None, label, places)
        if not gradable:
            raise InputError(
                f"no problem of the benchmark '{chosen.name}' can be graded",
                where=chosen.source,
                fix="give problems with tests, whose references pass them",
            )
        kept += recipe_of(settings).asked(gradable)
        rejected += unfit
    return kept, rejected


def read_sources(settings: Settings) -> list[list[tuple[str, Problem]]]:
    """Return the problems of each benchmark with their places, unproven.

    Raises:
        InputErrors: Sources cannot be read; what is wrong with all of them.
    """
    return gather(*(partial(_read, chosen, settings.seed) for chosen in settings.evaluation.benchmark))


def _read(chosen: BenchmarkSettings, seed: int) -> list[tuple[str, Problem]]:
    rows = (
        [("", row) for row in demo.problems("eval")]
        if chosen.source == "tiny"
        else read_located_problems(chosen.source, None if chosen.format == "auto" else chosen.format)
    )
    if chosen.problems is None or chosen.problems >= len(rows):
        return rows
    # The first ones of a benchmark may be the easiest.
    places = random.Random(f"{seed} {chosen.name}").sample(range(len(rows)), chosen.problems)
    return [rows[place] for place in sorted(places)]


def source_digests(settings: Settings) -> dict[str, str]:
    """Return the sha256 of each benchmark that is a file, by name."""
    files = {f"benchmark {one.name}": Path(one.source) for one in settings.evaluation.benchmark}
    return {name: sha256_file(path) for name, path in files.items() if path.is_file()}


def is_remote(settings: Settings) -> bool:
    """Tell whether a benchmark is neither shipped nor a local file, so that it may change unseen."""
    return any(one.source != "tiny" and not Path(one.source).is_file() for one in settings.evaluation.benchmark)


def keep_unseen(train: Sequence[Problem], benchmarks: Sequence[Problem]) -> tuple[list[Problem], list[Rejected]]:
    """Return the training problems that no benchmark has, and the others, with the benchmark in the reason."""
    kept, rejected = list(train), []
    for name in dict.fromkeys(row.benchmark for row in benchmarks):
        kept, found = decontaminate(kept, of(benchmarks, name))
        rejected += [replace(item, reason=f"{item.reason}-{name}") for item in found]
    return kept, rejected


def criteria(settings: Settings) -> tuple[Criterion, ...]:
    """Return what the gate asks besides target and guard of the recipe: benchmarks, and further measures."""
    chosen, recipe = settings.evaluation, recipes.get(settings.recipe)
    return (
        *(
            Criterion(measure="pass@1", benchmark=one.name, role=one.role, tolerance=one.tolerance)
            for one in chosen.benchmark
        ),
        *(
            Criterion(
                measure=one.measure,
                benchmark=one.benchmark,
                role=one.role,
                tolerance=one.tolerance,
                direction=measures.look_up(Recipe if one.benchmark else recipe, one.measure).direction,
            )
            for one in chosen.guard
        ),
    )
