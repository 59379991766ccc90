"""Rows like those of the demo: its problems, with the known solution in two styles."""

from codekiln import demo
from codekiln.data import prompts
from codekiln.data.prompts import code_turn
from codekiln.data.records import Example, Pair
from codekiln.teachers.reference import ReferenceTeacher, ReferenceTeacherSettings


def rows(kind: str, count: int) -> list[Example] | list[Pair]:
    """Return examples (sft) or pairs (dpo), always the same ones."""
    teacher = ReferenceTeacher(ReferenceTeacherSettings(bugs=2), seed=0)
    solved = [(problem, samples) for problem, samples in teacher.solve(demo.problems("train", count=count)) if samples]
    common = [
        {"prompt": tuple(prompts.messages(problem)), "task_id": problem.task_id, "group": problem.task_id}
        for problem, _ in solved
    ]
    first, last = ([code_turn(samples[place].solution) for _, samples in solved] for place in (0, -1))
    if kind == "sft":
        return [Example(**row, completion=program) for row, program in zip(common, first, strict=True)]
    scores = {"stratum": "quality", "metric": "lines", "chosen_score": 2.0, "rejected_score": 1.0}
    return [
        Pair(**row, chosen=chosen, rejected=rejected, **scores)
        for row, chosen, rejected in zip(common, first, last, strict=True)
    ]
