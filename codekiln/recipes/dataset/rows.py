"""Training rows from the problems that the user's rows became."""

from collections.abc import Iterable

from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Labelled, Message, Pair, Problem
from codekiln.recipes.base import by_task
from codekiln.recipes.dataset.tasks import LABEL, is_row
from codekiln.recipes.types import TrainingRows


def build(problems: Iterable[Problem], graded: Iterable[Graded], sft_on_chosen: bool) -> TrainingRows:
    """Return the rows as they were given; a model's own replies to them cannot be judged and are ``no-tests``."""
    known = {problem.task_id: problem for problem in problems}
    made = TrainingRows()
    for task_id, rows in by_task(known.values(), graded).items():
        given = [row for row in rows if row.verdict.passed]
        made.rejected += [Rejected("no-tests", row) for row in rows if not row.verdict.passed]
        if given and is_row(known[task_id]):
            _add(made, known[task_id], [row.sample.solution or "" for row in given], sft_on_chosen)
    return made


def _add(made: TrainingRows, problem: Problem, replies: list[str], sft_on_chosen: bool) -> None:
    first, *rest = ((Message(role="assistant", content=text),) for text in replies)
    label = problem.grading_context[LABEL]
    prompt, task_id, group = problem.messages, problem.task_id, problem.group
    if rest:
        made.pairs.append(
            Pair(
                prompt=prompt, chosen=first, rejected=rest[0], task_id=task_id, group=group,
                stratum="quality", metric="given", chosen_score=None, rejected_score=None,
            )
        )  # fmt: skip
    if label is not None:
        made.labelled.append(Labelled(prompt=prompt, completion=first, label=label, task_id=task_id, group=group))
    if (not rest and label is None) or (sft_on_chosen and label is not False):
        made.examples.append(Example(prompt=prompt, completion=first, task_id=task_id, group=group))
