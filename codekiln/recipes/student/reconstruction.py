"""Thoughts that a teacher reconstructs: what a student may have thought before a submission that is known.

As in INSIDE (arXiv 2608.10492) a language model sees the exercise, the submission before, its feedback and the one that
followed, and writes the student's inner voice in between.
"""

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from codekiln.data.records import Message, Problem, Sample
from codekiln.errors import InputError
from codekiln.recipes.student.ground_truth import GroundTruth, start_in
from codekiln.recipes.student.templates import Template, contains_marker
from codekiln.teachers import Teacher

log = logging.getLogger(__name__)

LONGEST = 800
"""Characters of a thought; more is an explanation."""
_SYSTEM = (
    "You reconstruct what a beginner in programming thinks between two submissions to an exercise. Write the student's "
    "inner voice: first person, informal and tentative, two to four sentences. It leads to exactly the submission that "
    "follows. Where that one is wrong, the misunderstanding behind it seems right to the student; where it mends "
    "something, say what made it clear. The student knows only what was seen so far. Reply with these sentences alone."
)


def samples_with_thoughts(
    problems: Iterable[Problem], teacher: Teacher[Any], template: Template
) -> Iterator[tuple[Problem, list[Sample]]]:
    """Yield each problem with the real submission after its thought: that of the data, or else the teacher's first.

    A problem whose thought the teacher does not write, or writes with code, has no sample.
    """
    problems = list(problems)
    answers = teacher.solve(_request(problem, template) for problem in problems if not GroundTruth.of(problem).thought)
    for problem in problems:
        if GroundTruth.of(problem).thought:
            yield problem, [Sample(task_id=problem.task_id, solution=problem.reference, model="reference", seed=0)]
        else:
            _, samples = next(answers)
            yield problem, _with_thought(problem, samples, template)


def refuse_missing(problems: Iterable[Problem], teacher: str) -> None:
    """Raise InputError where thoughts are not known and the teacher is no language model, which could write them."""
    missing = sum(not GroundTruth.of(problem).thought for problem in problems)
    if missing and teacher == "reference":
        raise InputError(
            f"there is no thought before {missing} submissions, and the teacher 'reference' writes none",
            where="recipes.student.thinking",
            fix="give thoughts in the data, or set teacher to a language model: endpoint or model",
        )


def _request(problem: Problem, template: Template) -> Problem:
    first, *others = problem.messages
    # The first section asks for a submission.
    shown = [first.content.partition("\n\n")[2], *(message.content for message in others)]
    known = "\n\n".join([*shown, f"THE STUDENT'S NEXT SUBMISSION:\n{template.block(GroundTruth.of(problem).code)}"])
    messages = (Message(role="system", content=_SYSTEM), Message(role="user", content=known))
    return Problem(task_id=problem.task_id, prompt=known, messages=messages, reply="text")


def _with_thought(problem: Problem, samples: list[Sample], template: Template) -> list[Sample]:
    truth = GroundTruth.of(problem)
    for sample in samples:
        thought = (sample.solution or "").strip()
        if 0 < len(thought) <= LONGEST and not contains_marker(thought):
            text = template.reply(truth.code, truth.submitted, thought, start_in(problem))
            return [sample.model_copy(update={"solution": text})]
    log.warning("%s: no reply of the teacher is a thought", problem.task_id)
    return []
