"""The problems of a run: exercises and imported examples are read, checked, given errors, and split."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from codekiln.data.decontamination import program_key
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.debugging import tasks
from codekiln.recipes.debugging.error_injection import find_sites
from codekiln.recipes.debugging.fault_masking import replace_masked
from codekiln.recipes.debugging.grading import grade_replies
from codekiln.recipes.debugging.imported_examples import ImportedExample, UnreadableExample, read_examples
from codekiln.recipes.debugging.material import ExerciseMaterial
from codekiln.recipes.debugging.planning import PlannedExercise, plan_exercises
from codekiln.recipes.debugging.program_check import ProgramFlaw, check_programs
from codekiln.recipes.debugging.settings import DebuggingSettings
from codekiln.recipes.debugging.source import embedded, read_content
from codekiln.recipes.debugging.split import evaluation_groups, groups
from codekiln.recipes.debugging.tags import read_reply
from codekiln.recipes.types import ProblemSets, ProblemSettings, RunSettings
from codekiln.sandbox.limits import Limits


@dataclass(frozen=True)
class SandboxOptions:
    """How programs are run: sandbox workers (None: one per core) and the limits of one run."""

    workers: int | None
    limits: Limits

    def with_label(self, label: str) -> dict[str, Any]:
        """Return keyword arguments for a function that runs programs and shows its progress under ``label``."""
        return {"workers": self.workers, "limits": self.limits, "label": label}


def build(settings: DebuggingSettings, run: RunSettings, seed: int) -> ProblemSets:
    """Return the problems of a run of the recipe.

    Args:
        settings: The recipe's settings.
        run: The run's settings.
        seed: Seeds every choice.

    Raises:
        InputErrors: Exercises or examples cannot be read.
        InputError: One split would be empty.
    """
    sandbox = SandboxOptions(run.workers or None, settings.limits(run.sandbox))
    materials, examples, unreadable = _read(settings)
    fitting, too_long = _limit_length(materials, settings.max_program_characters)
    usable, failing = check_programs(fitting, **sandbox.with_label("check: exercises"))
    matched, unusable = _match_examples(examples, usable, sandbox)
    everything = [*usable, *(material for _, material in matched)]
    group = dict(zip((item.name for item in everything), groups(everything), strict=True))
    imported = [
        tasks.example_problem(item, material, group[material.name], settings.instruction) for item, material in matched
    ]
    correct, wrong = _keep_correct(imported, sandbox)
    held_out = _held_out(correct, [*group.values()], run.problems.evaluation_fraction, seed)
    chosen, requests = _limit_work(usable, [group[item.name] in held_out for item in usable], settings, run.problems)
    planned, impossible = _plan(settings, chosen, requests, seed, sandbox)
    made = [tasks.planned_problem(item, group[item.material.name], settings.instruction) for item in planned]
    flaws = [*unreadable, *too_long, *failing, *unusable, *impossible]
    rejected = [Rejected(flaw.reason, tasks.flaw_record(flaw)) for flaw in flaws] + wrong
    unique, repeated = _unique(correct + made)
    if settings.reply_form == "edits":
        unique = [tasks.with_edit_script(row, settings.instruction) for row in unique]
    return _split(unique, rejected + repeated, held_out, run.problems)


def _read(
    settings: DebuggingSettings,
) -> tuple[Sequence[ExerciseMaterial], list[ImportedExample], list[ProgramFlaw]]:
    """Read both folders before an error in either is raised, so that a user sees all of them at once."""
    materials: Sequence[ExerciseMaterial] = ()
    examples: list[ImportedExample] = []
    unreadable: list[UnreadableExample] = []
    errors: list[InputError] = []
    try:
        materials = read_content(Path(settings.content)) if settings.content else embedded()
    except InputErrors as error:
        errors += error.errors
    try:
        if settings.examples:
            examples, unreadable = read_examples(
                Path(settings.examples), settings.number_training_examples, settings.number_test_examples
            )
    except InputErrors as error:
        errors += error.errors
    if errors:
        raise InputErrors(errors)
    return materials, examples, [ProgramFlaw(item.material, "unreadable", item.why) for item in unreadable]


def _limit_length(
    materials: Sequence[ExerciseMaterial], longest: int
) -> tuple[list[ExerciseMaterial], list[ProgramFlaw]]:
    kept = [item for item in materials if len(item.program) <= longest]
    text = f"has more than max_program_characters = {longest}"
    return kept, [ProgramFlaw(item, "program-too-long", text) for item in materials if len(item.program) > longest]


def _match_examples(
    examples: Sequence[ImportedExample], usable: Iterable[ExerciseMaterial], sandbox: SandboxOptions
) -> tuple[list[tuple[ImportedExample, ExerciseMaterial]], list[ProgramFlaw]]:
    """Give each example a checked material: with the trials of the exercise of the same program, or inferred inputs."""
    by_program = {fingerprint(item.program): item for item in usable}
    wanted = []
    for example in examples:
        same = by_program.get(program_key(example.request.program) or "")
        material = example.material
        wanted.append(replace(material, stdins=same.stdins, calls=same.calls) if same else material)
    checked, flaws = check_programs(wanted, **sandbox.with_label("check: examples"))
    by_name = {item.name: item for item in checked}
    return [(item, by_name[item.material.name]) for item in examples if item.material.name in by_name], flaws


def _keep_correct(problems: Sequence[Problem], sandbox: SandboxOptions) -> tuple[list[Problem], list[Rejected]]:
    """Keep problems whose own reply is correct; the others are rejected with their first fault as the reason."""
    jobs = [(tasks.injection_task(row), tasks.reference_of(row)) for row in problems]
    grades = grade_replies(jobs, **sandbox.with_label("check: examples"))
    kept: list[Problem] = []
    rejected: list[Rejected] = []
    for row, grade in zip(problems, grades, strict=True):
        faults = [*_miscounted(row), *grade.faults]
        if faults:
            why = "; ".join(f"{reason}: {text}" for reason, text in faults)
            context = row.grading_context | {"why": why}
            rejected.append(Rejected(faults[0][0], row.model_copy(update={"grading_context": context})))
        else:
            kept.append(row)
    return kept, rejected


def _miscounted(row: Problem) -> list[tuple[str, str]]:
    """Compare the locations of an example with the lines of its explanations; its rewritten reply has only these."""
    lines = row.grading_context.get("lines")
    explained = [item.line for item in read_reply(tasks.reference_of(row)).explanations]
    if lines is None or Counter(lines) == Counter(explained):
        return []
    text = f"<error-location> names lines {sorted(lines)}, the explanations lines {sorted(explained)}"
    return [("locations-differ", text)]


def _held_out(examples: list[Problem], names: list[str], fraction: float, seed: int) -> set[str]:
    """Return the groups of the evaluation split.

    An example keeps the split it was written for. Where a group has examples of both, it is held out, because an
    evaluation exercise must not be trained on.
    """
    fixed: dict[str, bool] = {}
    for row in examples:
        name = tasks.group_of(row)
        fixed[name] = fixed.get(name, False) or row.grading_context["side"] == "test"
    return evaluation_groups(names, fraction, seed, fixed)


def _limit_work(
    materials: list[ExerciseMaterial], held_out: list[bool], settings: DebuggingSettings, sizes: ProblemSettings
) -> tuple[list[ExerciseMaterial], int]:
    """Return exercises, and requests of each, that fill the splits to their sizes; more would be made for nothing."""
    chosen: list[ExerciseMaterial] = []
    requests = 0
    for evaluation, most in ((False, sizes.train), (True, sizes.evaluation)):
        found = [item for item, is_held_out in zip(materials, held_out, strict=True) if is_held_out is evaluation]
        found = found[:most]
        needed = settings.requests_per_exercise if most is None or not found else math.ceil(most / len(found))
        requests = max(requests, min(needed, settings.requests_per_exercise))
        chosen += found
    # In the order of names again: balancing over the data set must not favour one split.
    return sorted(chosen, key=lambda item: item.name), requests


def _plan(
    settings: DebuggingSettings,
    materials: list[ExerciseMaterial],
    requests: int,
    seed: int,
    sandbox: SandboxOptions,
) -> tuple[list[PlannedExercise], list[ProgramFlaw]]:
    if not requests:
        return [], []
    tried = settings.mutations_tried * requests
    sites = find_sites(materials, tried=tried, seed=seed, **sandbox.with_label("check: mutations"))
    made, flaws = plan_exercises(
        materials, sites, requests=requests, least=settings.least_errors, most=settings.most_errors, seed=seed
    )
    pairs = zip(materials, sites, strict=True)
    shown, masked = replace_masked(made, pairs, seed, **sandbox.with_label("check: exercises with errors"))
    return shown, flaws + masked


def _unique(rows: list[Problem]) -> tuple[list[Problem], list[Rejected]]:
    """Separate rows from those with the prompt and reference of an earlier one, as two files of one example have."""
    first = {(row.prompt, row.reference): row for row in reversed(rows)}
    unique = [row for row in rows if first[row.prompt, row.reference] is row]
    return unique, [Rejected("repeated", row) for row in rows if first[row.prompt, row.reference] is not row]


def _split(rows: list[Problem], rejected: list[Rejected], held_out: set[str], sizes: ProblemSettings) -> ProblemSets:
    train = [row for row in rows if tasks.group_of(row) not in held_out]
    evaluation = [row for row in rows if tasks.group_of(row) in held_out]
    leaked = [row for row in evaluation if row.grading_context.get("side") == "training"]
    rejected += [Rejected("on-both-sides", row) for row in leaked]
    evaluation = [row for row in evaluation if row.grading_context.get("side") != "training"]
    train, evaluation = train[: sizes.train], evaluation[: sizes.evaluation]
    for name, found in (("training", train), ("evaluation", evaluation)):
        if not found:
            reasons = ", ".join(sorted({item.reason for item in rejected})) or "there is one exercise only"
            what, fix = f"there are no {name} exercises: {reasons}", "give more exercises, or correct those rejected"
            raise InputError(what, where="recipes.debugging", fix=fix)
    return ProblemSets(train, evaluation, rejected)
