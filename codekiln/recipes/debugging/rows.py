"""Graded replies to training rows."""

from collections import defaultdict
from collections.abc import Iterable

from codekiln.data import prompts
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Problem
from codekiln.recipes.base import by_task
from codekiln.recipes.types import TrainingRows


def build(problems: Iterable[Problem], graded: Iterable[Graded], replies_per_request: int) -> TrainingRows:
    """Return one example per correct reply; other replies are rejected with their first fault.

    ``repeated`` holds correct replies that an equal request had before, ``enough`` those beyond
    ``replies_per_request``, ``no-reply`` problems without any.

    Raises:
        InputError: A sample names none of the problems.
    """
    problems = list(problems)
    replies_to = by_task(problems, graded)
    rows = TrainingRows()
    used: dict[str, set[str]] = defaultdict(set)
    for problem in problems:
        kept = 0
        for item in replies_to[problem.task_id]:
            reply = (item.sample.solution or "").strip()
            if reason := _reason(item, reply in used[problem.prompt], kept == replies_per_request):
                rows.rejected.append(Rejected(reason, item))
            else:
                kept += 1
                used[problem.prompt].add(reply)
                rows.examples.append(_example(problem, reply))
        if not replies_to[problem.task_id]:
            rows.rejected.append(Rejected("no-reply", problem))
    return rows


def _reason(item: Graded, is_repeated: bool, is_full: bool) -> str:
    """Return why a reply is rejected; empty when it is not."""
    if not item.verdict.passed:
        return item.verdict.detail.partition(":")[0]
    if is_repeated:
        return "repeated"
    return "enough" if is_full else ""


def _example(problem: Problem, reply: str) -> Example:
    return Example(
        prompt=prompts.messages(problem),
        completion=prompts.reply_turn(problem, reply),
        task_id=problem.task_id,
        group=problem.group,
    )
