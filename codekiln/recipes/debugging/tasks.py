"""Exercises as problems, and what grading needs of a problem."""

from collections.abc import Mapping
from typing import Any

from codekiln.data.records import Problem
from codekiln.recipes.debugging.edit_replies import write_edits
from codekiln.recipes.debugging.imported_examples import ImportedExample
from codekiln.recipes.debugging.material import CLASSES, ErrorCounts, ExerciseMaterial, InjectionTask, trials_of
from codekiln.recipes.debugging.planning import PlannedExercise
from codekiln.recipes.debugging.program_check import ProgramFlaw
from codekiln.recipes.debugging.prompts import request_messages
from codekiln.recipes.debugging.tags import read_reply, write_reply

PREFIX = "debugging"


def planned_problem(planned: PlannedExercise, group: str, system: str) -> Problem:
    """Return the problem of an exercise that the mutation engine made; its reply is a whole program."""
    return _problem(
        f"{PREFIX}/{planned.material.name}/{planned.turn}",
        planned.material,
        planned.counts,
        write_reply(planned.bugged.program, planned.bugged.explanations),
        group,
        system,
        {"kinds": [error.kind for error in planned.bugged.errors]},
    )


def example_problem(example: ImportedExample, material: ExerciseMaterial, group: str, system: str) -> Problem:
    """Return the problem of an imported example; its reply is a whole program."""
    extra = {"lines": list(example.lines), "side": example.split}
    return _problem(f"{PREFIX}/{material.name}", material, example.request.counts, example.reply, group, system, extra)


def flaw_record(flaw: ProgramFlaw) -> Problem:
    """Return a record of a program that cannot be used, with the reason in its grading context."""
    material = flaw.material
    return Problem(
        task_id=f"{PREFIX}/{material.name}",
        prompt=material.description,
        reference=material.program,
        source=material.source,
        licence=material.licence,
        grading_context={"why": flaw.text},
    )


def with_edit_script(problem: Problem, system: str) -> Problem:
    """Return a problem whose reply is a right one of a whole program, with the request and the reply as edits."""
    known = read_reply(reference_of(problem))
    assert known.program is not None, "the reply of a problem was graded before"
    task = injection_task(problem)
    messages = request_messages(material_of(problem), task.counts, system, "edits")
    changed = {
        "prompt": messages[-1].content,
        "messages": messages,
        "reference": write_edits(task.program, known.program, known.explanations),
        "grading_context": problem.grading_context | {"reply_form": "edits"},
    }
    return problem.model_copy(update=changed)


def injection_task(problem: Problem) -> InjectionTask:
    """Return what replies to a problem are graded by."""
    context = problem.grading_context
    trials = trials_of(context["stdins"], context["calls"])
    counts = ErrorCounts(**context["counts"])
    return InjectionTask(context["program"], counts, trials, context.get("reply_form", "program"))


def material_of(problem: Problem) -> ExerciseMaterial:
    """Return the exercise that a problem is about."""
    context = problem.grading_context
    return ExerciseMaterial(
        context["exercise"],
        context["description"],
        context["program"],
        tuple(context["stdins"]),
        tuple(context["calls"]),
        problem.source,
        problem.licence,
    )


def reference_of(problem: Problem) -> str:
    """Return the reference reply of a problem; every problem of this recipe has one."""
    if problem.reference is None:
        raise ValueError(f"{problem.task_id} has no reference reply")
    return problem.reference


def group_of(problem: Problem) -> str:
    """Return the group of a problem's exercise, as `split.groups` names it."""
    return (problem.group or "").removeprefix(f"{PREFIX}/")


def _problem(
    name: str,
    material: ExerciseMaterial,
    counts: ErrorCounts,
    reply: str,
    group: str,
    system: str,
    extra: Mapping[str, Any],
) -> Problem:
    messages = request_messages(material, counts, system)
    return Problem(
        task_id=name,
        prompt=messages[-1].content,
        reference=reply,
        group=f"{PREFIX}/{group}",
        source=material.source,
        licence=material.licence,
        messages=messages,
        reply="text",
        stratum=counts.mix,
        grading_context={
            "exercise": material.name,
            "description": material.description,
            "program": material.program,
            "stdins": list(material.stdins),
            "calls": list(material.calls),
            "counts": {part: counts.of(part) for part in CLASSES},
            **extra,
        },
    )
