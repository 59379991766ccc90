"""Builds the training and the evaluation problems of a run, decontaminated and proven gradable."""

import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from codekiln.data import splits
from codekiln.data.decontamination import decontaminate
from codekiln.data.files import sha256_file
from codekiln.data.folders import Rejected
from codekiln.data.readers import read_located_problems
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, gather
from codekiln.recipes.types import ProblemSets, RunSettings
from codekiln.sandbox.grading import grade_samples

Places = Mapping[str, str]
"""Where problems were read, ``file:line``, by ``task_id``."""
REFERENCE_FAILS, NO_TESTS = "reference-fails", "no-hidden-tests"
"""Reasons of rejection."""


def build(settings: RunSettings) -> ProblemSets:
    """Return the problem sets that the settings name: decontaminated, and proven gradable by their references.

    Raises:
        InputError: A source cannot be read, or one side would be empty.
    """
    train, evaluation, places = load_located(settings)
    workers = settings.workers or None
    evaluation, unfit = keep_gradable(evaluation, workers, "check: evaluation references", places)
    clean, contaminated = decontaminate(train, evaluation)
    train, failing = keep_gradable(clean, workers, "check: training references", places)
    train = hide_tests(train, settings.problems.asked_without_tests, settings.seed)
    return ProblemSets(train, evaluation, [*contaminated, *failing, *unfit])


def hide_tests(problems: Sequence[Problem], share: float, seed: int) -> list[Problem]:
    """Return the problems with the visible tests of about a ``share`` of them among the hidden ones.

    A prompt that does not name its function keeps them: nobody could guess the name.
    """
    return [
        row.model_copy(update={"tests": row.visible_tests + row.tests, "visible_tests": ()})
        if _is_named(row) and splits.is_held_out(row.task_id, share, f"asked without tests {seed}\0")
        else row
        for row in problems
    ]


def _is_named(problem: Problem) -> bool:
    name = (problem.entry_point or "").rpartition(".")[2]
    return bool(name) and re.search(rf"\b{re.escape(name)}\b", problem.prompt) is not None


def load(settings: RunSettings) -> tuple[list[Problem], list[Problem]]:
    """Return (training, evaluation) problems as the settings name them, unproven.

    Raises:
        InputErrors: Sources cannot be read; what is wrong with both.
        InputError: One side would be empty.
    """
    return load_located(settings)[:2]


def load_located(settings: RunSettings) -> tuple[list[Problem], list[Problem], Places]:
    """Return what `load` does, and where each problem was read; see there for errors."""
    chosen = settings.problems
    if chosen.source == "tiny":
        from codekiln import demo

        return demo.problems("train", count=chosen.train), demo.problems("eval", count=chosen.evaluation), {}
    form = None if chosen.format == "auto" else chosen.format
    reads = [partial(read_located_problems, chosen.source, form)]
    if chosen.evaluation_source:
        reads.append(partial(read_located_problems, chosen.evaluation_source))
    located = gather(*reads)
    places = {row.task_id: where for rows in reversed(located) for where, row in rows}
    train, *others = ([row for _, row in rows] for rows in located)
    train, evaluation = (train, others[0]) if others else split(train, chosen.evaluation_fraction, settings.seed)
    train, evaluation = train[: chosen.train], evaluation[: chosen.evaluation]
    for side, rows in (("training", train), ("evaluation", evaluation)):
        if not rows:
            raise InputError(
                f"there are no {side} problems",
                where=f"problems.source = {chosen.source}",
                fix="give a larger source, an evaluation_source, or another evaluation_fraction",
            )
    return train, evaluation, places


def load_evaluation(settings: RunSettings) -> tuple[list[Problem], Places]:
    """Return the evaluation problems of a run whose training rows come from elsewhere, and where they were read.

    Raises:
        InputError: The source cannot be read, or is empty.
    """
    chosen = settings.problems
    name = chosen.evaluation_source or chosen.source
    if name == "tiny":
        from codekiln import demo

        return demo.problems("eval", count=chosen.evaluation), {}
    form = None if chosen.format == "auto" or chosen.evaluation_source else chosen.format
    located = read_located_problems(name, form)[: chosen.evaluation]
    return [row for _, row in located], {row.task_id: where for where, row in located}


def split(problems: Sequence[Problem], fraction: float, seed: int) -> tuple[list[Problem], list[Problem]]:
    """Split off about ``fraction`` of the groups; a problem's group decides its side, whatever else is in the set."""

    held_out = [splits.is_held_out(row.group or row.task_id, fraction, f"{seed}\0") for row in problems]
    train = [row for row, is_held_out in zip(problems, held_out, strict=True) if not is_held_out]
    return train, [row for row, is_held_out in zip(problems, held_out, strict=True) if is_held_out]


def keep_gradable(
    problems: Sequence[Problem], workers: int | None, label: str, places: Places | None = None
) -> tuple[list[Problem], list[Rejected]]:
    """Return the problems that can be graded, which have hidden tests that their reference passes, and the others.

    Args:
        problems: The problems.
        workers: Sandbox workers; None: one per core.
        label: For progress.
        places: Where problems were read, for the rejected.
    """
    places = places or {}
    rejected = [
        Rejected(
            NO_TESTS,
            row,
            "it has visible tests only" if row.visible_tests else "it has no tests",
            places.get(row.task_id, ""),
        )
        for row in problems
        if not row.tests
    ]
    testable = [row for row in problems if row.tests]
    checkable = [row.model_copy(update={"tests": row.visible_tests + row.tests}) for row in testable if row.reference]
    jobs = [(row, Sample(task_id=row.task_id, solution=row.reference)) for row in checkable]
    verdicts = grade_samples(jobs, workers=workers, label=label)
    failing = {
        found.task_id: f"its reference fails: {found.status}, {found.detail}".rstrip(", ")
        for found in verdicts
        if not found.passed
    }
    rejected += [
        Rejected(REFERENCE_FAILS, row, failing[row.task_id], places.get(row.task_id, ""))
        for row in testable
        if row.task_id in failing
    ]
    return [row for row in testable if row.task_id not in failing], rejected


def is_remote(settings: RunSettings) -> bool:
    """Tell whether a source is neither shipped nor a local file, so that it may change unseen."""
    named = {settings.problems.source, settings.problems.evaluation_source} - {"", "tiny"}
    return any(not Path(source).is_file() for source in named)


def source_digests(settings: RunSettings) -> dict[str, str]:
    """Return the sha256 of each problem source that is a file."""
    sources = {"source": settings.problems.source, "evaluation_source": settings.problems.evaluation_source}
    return {name: sha256_file(Path(path)) for name, path in sources.items() if path and Path(path).is_file()}
