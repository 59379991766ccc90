"""Everything a run of the recipe is made from, proven: exercises, errors in them, finished examples, and two sides."""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors
from codekiln.recipes.debugging import tasks as made_of
from codekiln.recipes.debugging.error_injection import find_sites
from codekiln.recipes.debugging.fault_masking import reveal
from codekiln.recipes.debugging.imported_examples import Finished, read_examples
from codekiln.recipes.debugging.material import Material, embedded
from codekiln.recipes.debugging.planning import Planned, plan
from codekiln.recipes.debugging.proof import Flaw, prove
from codekiln.recipes.debugging.source import read_content
from codekiln.recipes.debugging.split import groups, judging
from codekiln.recipes.debugging.tasks import Running
from codekiln.recipes.types import ProblemSets, ProblemSettings, RunSettings
from codekiln.sandbox.limits import Limits


def collect(own: Any, settings: RunSettings, seed: int, limits: Limits) -> ProblemSets:
    """Return the problems of a run of the recipe.

    Args:
        own: The recipe's settings.
        settings: The run's settings.
        seed: Seeds every choice.
        limits: Bounds on one run of one program.

    Raises:
        InputErrors: Exercises or examples cannot be read.
        InputError: One side would be empty.
    """
    running = Running(settings.workers or None, limits)
    materials, examples = _read(own)
    fitting, flaws = _short(materials, own.max_program_characters)
    proven, found = prove(fitting, **running.options("check: exercises"))
    finished, more = made_of.prove_examples(examples, proven, running)
    everything = [*proven, *(material for _, material in finished)]
    group = dict(zip((item.name for item in everything), groups(everything), strict=True))
    told = [made_of.of_example(item, material, group[material.name], own.system_prompt) for item, material in finished]
    right, wrong = made_of.keep_right(told, running, "check: examples")
    judges = _judges(right, [*group.values()], settings.problems.evaluation_fraction, seed)
    chosen, requests = _enough(proven, [group[item.name] in judges for item in proven], own, settings.problems)
    planned, cannot = _planned(own, chosen, requests, seed, running)
    rows = right + [made_of.of_plan(item, group[item.material.name], own.system_prompt) for item in planned]
    rejected = [Rejected(flaw.reason, made_of.of_flaw(flaw)) for flaw in [*flaws, *found, *more, *cannot]] + wrong
    once, again = _once(rows)
    return _divided(once, rejected + again, judges, settings.problems)


def folder_digest(folder: Path) -> str:
    """Return the sha256 of a folder's files, their names included."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read(own: Any) -> tuple[Sequence[Material], list[Finished]]:
    """Read both folders before complaining about either."""
    materials, examples, errors = (), [], []
    try:
        materials = read_content(Path(own.content)) if own.content else embedded()
    except InputErrors as error:
        errors += error.errors
    try:
        if own.examples:
            examples = read_examples(Path(own.examples), own.number_training_examples, own.number_test_examples)
    except InputErrors as error:
        errors += error.errors
    if errors:
        raise InputErrors(errors)
    return materials, examples


def _short(materials: Sequence[Material], longest: int) -> tuple[list[Material], list[Flaw]]:
    kept = [item for item in materials if len(item.program) <= longest]
    text = f"has more than max_program_characters = {longest}"
    return kept, [Flaw(item, "program-too-long", text) for item in materials if len(item.program) > longest]


def _judges(examples: list[Problem], names: list[str], fraction: float, seed: int) -> set[str]:
    """Return the groups that judge; a finished example's side is its group's, and test comes before training."""
    fixed: dict[str, bool] = {}
    for row in examples:
        name = made_of.group_of(row)
        fixed[name] = fixed.get(name, False) or row.grading_context["side"] == "test"
    return judging(names, fraction, seed, fixed)


def _enough(
    materials: list[Material], judges: list[bool], own: Any, sizes: ProblemSettings
) -> tuple[list[Material], int]:
    """Return exercises, and requests of each, that give each side as many rows as it may have; more would be cut."""
    chosen, requests = [], 0
    for side, most in ((False, sizes.train), (True, sizes.evaluation)):
        found = [item for item, judge in zip(materials, judges, strict=True) if judge is side][:most]
        needed = own.requests_per_exercise if most is None or not found else math.ceil(most / len(found))
        requests = max(requests, min(needed, own.requests_per_exercise))
        chosen += found
    return sorted(chosen, key=lambda item: item.name), requests


def _planned(
    own: Any, materials: list[Material], requests: int, seed: int, running: Running
) -> tuple[list[Planned], list[Flaw]]:
    if not requests:
        return [], []
    tried = own.mutations_tried * requests
    sites = find_sites(materials, tried=tried, seed=seed, **running.options("check: mutations"))
    made, flaws = plan(materials, sites, requests=requests, least=own.least_errors, most=own.most_errors, seed=seed)
    places = zip(materials, sites, strict=True)
    shown, hidden = reveal(made, places, seed, **running.options("check: exercises with errors"))
    return shown, flaws + hidden


def _once(rows: list[Problem]) -> tuple[list[Problem], list[Rejected]]:
    """Part rows from those that ask and answer the same as one before, as two files of one example do."""
    first = {(row.prompt, row.reference): row for row in reversed(rows)}
    once = [row for row in rows if first[row.prompt, row.reference] is row]
    return once, [Rejected("repeated", row) for row in rows if first[row.prompt, row.reference] is not row]


def _divided(rows: list[Problem], rejected: list[Rejected], judges: set[str], sizes: ProblemSettings) -> ProblemSets:
    train = [row for row in rows if made_of.group_of(row) not in judges]
    evaluation = [row for row in rows if made_of.group_of(row) in judges]
    leaked = [row for row in evaluation if row.grading_context.get("side") == "training"]
    rejected += [Rejected("on-both-sides", row) for row in leaked]
    evaluation = [row for row in evaluation if row.grading_context.get("side") != "training"]
    train, evaluation = train[: sizes.train], evaluation[: sizes.evaluation]
    for side, found in (("training", train), ("evaluation", evaluation)):
        if not found:
            reasons = ", ".join(sorted({item.reason for item in rejected})) or "there is one exercise only"
            what, fix = f"there are no {side} exercises: {reasons}", "give more exercises, or mend those rejected"
            raise InputError(what, where="recipes.debugging", fix=fix)
    return ProblemSets(train, evaluation, rejected)
