"""Builds the training and the evaluation problems of a run, decontaminated and proven gradable."""

from collections.abc import Sequence
from pathlib import Path

from codekiln.data import splits
from codekiln.data.decontamination import decontaminate
from codekiln.data.files import sha256_file
from codekiln.data.folders import Rejected
from codekiln.data.readers import read_problems
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError
from codekiln.recipes.types import ProblemSets, RunSettings
from codekiln.sandbox.grading import grade_samples


def build(settings: RunSettings) -> ProblemSets:
    """Return the problem sets that the settings name: decontaminated, and proven gradable by their references.

    Raises:
        InputError: A source cannot be read, or one side would be empty.
    """
    train, evaluation = load(settings)
    workers = settings.workers or None
    evaluation, unfit = keep_gradable(evaluation, workers, "check: evaluation references")
    clean, contaminated = decontaminate(train, evaluation)
    train, failing = keep_gradable(clean, workers, "check: training references")
    return ProblemSets(train, evaluation, [*contaminated, *failing, *unfit])


def load(settings: RunSettings) -> tuple[list[Problem], list[Problem]]:
    """Return (training, evaluation) problems as the settings name them, unproven.

    Raises:
        InputError: A source cannot be read, or one side would be empty.
    """
    chosen = settings.problems
    if chosen.source == "tiny":
        from codekiln import demo

        return demo.problems("train", count=chosen.train), demo.problems("eval", count=chosen.evaluation)
    form = None if chosen.format == "auto" else chosen.format
    train = read_problems(chosen.source, form)
    if chosen.evaluation_source:
        evaluation = read_problems(chosen.evaluation_source, None)
    else:
        train, evaluation = split(train, chosen.evaluation_fraction, settings.seed)
    train, evaluation = train[: chosen.train], evaluation[: chosen.evaluation]
    for side, rows in (("training", train), ("evaluation", evaluation)):
        if not rows:
            raise InputError(
                f"there are no {side} problems",
                where=f"problems.source = {chosen.source}",
                fix="give a larger source, an evaluation_source, or another evaluation_fraction",
            )
    return train, evaluation


def load_evaluation(settings: RunSettings) -> list[Problem]:
    """Return the evaluation problems of a run whose training rows come from elsewhere: all that the settings name.

    Raises:
        InputError: The source cannot be read, or is empty.
    """
    chosen = settings.problems
    name = chosen.evaluation_source or chosen.source
    if name == "tiny":
        from codekiln import demo

        return demo.problems("eval", count=chosen.evaluation)
    form = None if chosen.format == "auto" or chosen.evaluation_source else chosen.format
    return list(read_problems(name, form))[: chosen.evaluation]


def split(problems: Sequence[Problem], fraction: float, seed: int) -> tuple[list[Problem], list[Problem]]:
    """Split off about ``fraction`` of the groups; a problem's group decides its side, whatever else is in the set."""

    held_out = [splits.is_held_out(row.group or row.task_id, fraction, f"{seed}\0") for row in problems]
    train = [row for row, is_held_out in zip(problems, held_out, strict=True) if not is_held_out]
    return train, [row for row, is_held_out in zip(problems, held_out, strict=True) if is_held_out]


def keep_gradable(problems: Sequence[Problem], workers: int | None, label: str) -> tuple[list[Problem], list[Rejected]]:
    """Return the problems that can be graded, which have hidden tests that their reference passes, and the others."""
    rejected = [Rejected("no-hidden-tests", row) for row in problems if not row.tests]
    testable = [row for row in problems if row.tests]
    checkable = [row.model_copy(update={"tests": row.visible_tests + row.tests}) for row in testable if row.reference]
    jobs = [(row, Sample(task_id=row.task_id, solution=row.reference)) for row in checkable]
    verdicts = grade_samples(jobs, workers=workers, label=label)
    failing = {verdict.task_id for verdict in verdicts if not verdict.passed}
    rejected += [Rejected("reference-fails", row) for row in testable if row.task_id in failing]
    return [row for row in testable if row.task_id not in failing], rejected


def is_remote(settings: RunSettings) -> bool:
    """Tell whether a source is neither shipped nor a local file, so that it may change unseen."""
    named = {settings.problems.source, settings.problems.evaluation_source} - {"", "tiny"}
    return any(not Path(source).is_file() for source in named)


def source_digests(settings: RunSettings) -> dict[str, str]:
    """Return the sha256 of each problem source that is a file."""
    sources = {"source": settings.problems.source, "evaluation_source": settings.problems.evaluation_source}
    return {name: sha256_file(Path(path)) for name, path in sources.items() if path and Path(path).is_file()}
