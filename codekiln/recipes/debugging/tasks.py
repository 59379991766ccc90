"""Exercises as problems: what is asked, the reply that is known to be right, and what replies are judged by."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from codekiln.code.mutation.proof import Trials
from codekiln.data.folders import Rejected
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Problem
from codekiln.recipes.debugging.grading import Judgement, Task, judge
from codekiln.recipes.debugging.imported_examples import Finished
from codekiln.recipes.debugging.material import CLASSES, Counts, Material
from codekiln.recipes.debugging.planning import Planned
from codekiln.recipes.debugging.prompts import answer, ask
from codekiln.recipes.debugging.proof import Flaw, prove
from codekiln.recipes.debugging.tags import read_reply
from codekiln.sandbox.limits import Limits

PREFIX = "debugging"


@dataclass(frozen=True)
class Running:
    """How programs are run: sandbox workers (None: one per core) and the limits of one run."""

    workers: int | None
    limits: Limits

    def options(self, label: str = "") -> dict[str, Any]:
        """Return keyword arguments for everything here that runs programs."""
        return {"workers": self.workers, "limits": self.limits, "label": label}


def of_plan(planned: Planned, group: str, system: str) -> Problem:
    """Return the problem of an exercise that the engine made."""
    return _problem(
        f"{PREFIX}/{planned.material.name}/{planned.turn}",
        planned.material,
        planned.counts,
        answer(planned.bugged),
        group,
        system,
        {"kinds": [error.kind for error in planned.bugged.errors]},
    )


def of_example(example: Finished, material: Material, group: str, system: str) -> Problem:
    """Return the problem of an example that somebody wrote."""
    extra = {"lines": list(example.lines), "side": example.side}
    return _problem(f"{PREFIX}/{material.name}", material, example.request.counts, example.reply, group, system, extra)


def of_flaw(flaw: Flaw) -> Problem:
    """Return a record of a program that cannot be used, with the reason in its facts."""
    material = flaw.material
    return Problem(
        task_id=f"{PREFIX}/{material.name}",
        prompt=material.description,
        reference=material.program,
        source=material.source,
        licence=material.licence,
        grading_context={"why": flaw.text},
    )


def task_of(problem: Problem) -> Task:
    """Return what replies to a problem are judged by."""
    facts = problem.grading_context
    trials = Trials(calls=tuple(facts["calls"]), stdins=tuple(facts["stdins"]))
    return Task(facts["program"], Counts(**facts["counts"]), trials)


def material_of(problem: Problem) -> Material:
    """Return the exercise that a problem is about."""
    facts = problem.grading_context
    return Material(
        facts["exercise"],
        facts["description"],
        facts["program"],
        tuple(facts["stdins"]),
        tuple(facts["calls"]),
        problem.source,
        problem.licence,
    )


def group_of(problem: Problem) -> str:
    """Return the group of a problem's exercise."""
    return problem.group.removeprefix(f"{PREFIX}/")


def keep_right(problems: Sequence[Problem], running: Running, label: str) -> tuple[list[Problem], list[Rejected]]:
    """Keep problems whose own reply is right by the proof; the others are rejected with the first thing wrong."""
    judged = judge([(task_of(row), row.reference) for row in problems], **running.options(label))
    kept, rejected = [], []
    for row, judgement in zip(problems, judged, strict=True):
        faults = [*_miscounted(row), *judgement.faults]
        if faults:
            rejected.append(
                Rejected(
                    faults[0][0],
                    row.model_copy(update={"grading_context": row.grading_context | {"why": _why(faults)}}),
                )
            )
        else:
            kept.append(row)
    return kept, rejected


def prove_examples(
    examples: Sequence[Finished], known: Iterable[Material], running: Running
) -> tuple[list[tuple[Finished, Material]], list[Flaw]]:
    """Give each example a proven material: the inputs of the exercise with the same program, or guessed ones."""
    inputs: Mapping[str, Material] = {fingerprint(item.program): item for item in known}
    wanted = []
    for example in examples:
        same = inputs.get(_identity(example.request.program))
        trials = {"stdins": same.stdins, "calls": same.calls} if same else {}
        wanted.append(replace(example.material, **trials))
    proven, flaws = prove(wanted, **running.options("check: examples"))
    by_name = {item.name: item for item in proven}
    return [(item, by_name[item.material.name]) for item in examples if item.material.name in by_name], flaws


def describe(judgement: Judgement) -> str:
    """Return the first thing wrong with a reply as ``reason: words``; empty when nothing is."""
    return ": ".join(judgement.faults[0]) if judgement.faults else ""


def _problem(
    name: str, material: Material, counts: Counts, reply: str, group: str, system: str, extra: Mapping[str, Any]
) -> Problem:
    messages = ask(material, counts, system)
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


def _miscounted(row: Problem) -> list[tuple[str, str]]:
    """Compare the locations of an example with the lines of its explanations, which its rewritten reply has from."""
    lines = row.grading_context.get("lines")
    explained = [item.line for item in read_reply(row.reference).answers]
    if lines is None or Counter(lines) == Counter(explained):
        return []
    text = f"<error-location> names lines {sorted(lines)}, the explanations lines {sorted(explained)}"
    return [("locations-differ", text)]


def _identity(program: str) -> str:
    try:
        return fingerprint(program)
    except SyntaxError:
        return ""


def _why(faults: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{reason}: {text}" for reason, text in faults)
