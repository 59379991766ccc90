"""Rejects candidate programs, and finds published rows, that nearly repeat an evaluation problem."""

from collections.abc import Sequence
from typing import Any

from codekiln.data import prompts
from codekiln.data.decontamination import overlaps, prompt_and_reference
from codekiln.data.folders import Rejected
from codekiln.data.records import Graded, Message, Problem
from codekiln.recipes.base import Recipe
from codekiln.sandbox.grading import program_of


def reject_near_duplicates(
    recipe: Recipe[Any], problems: Sequence[Problem], graded: Sequence[Graded], evaluation: Sequence[Problem]
) -> tuple[list[Graded], list[Rejected]]:
    """Return the candidates that nearly repeat no evaluation problem, and the others as ``near-duplicate``.

    Training problems are decontaminated before; a candidate program can still come out like another problem's
    reference. It is rejected before the recipe chooses rows, because a recipe's choice may be exact in its numbers.
    """
    by_id = {problem.task_id: problem for problem in problems}
    passing = [index for index, row in enumerate(graded) if row.verdict.passed]
    turns = [_conversation(by_id[graded[index].sample.task_id], graded[index]) for index in passing]
    near = {passing[number] for number in near_evaluation(turns, evaluation, recipe)}
    kept = [row for index, row in enumerate(graded) if index not in near]
    return kept, [Rejected("near-duplicate", graded[index]) for index in sorted(near)]


def near_evaluation(
    conversations: Sequence[tuple[Message, ...]], evaluation: Sequence[Problem], recipe: Recipe[Any]
) -> dict[int, tuple[str, float]]:
    """Return the conversations that nearly repeat an evaluation problem, by index, with its id and the similarity."""
    texts = ["\n".join([turns[-2].content, _code(turns[-1].content)]) for turns in conversations]
    # A recipe knows the text of its own problems only.
    known = [prompt_and_reference(row) if row.benchmark else recipe.dedup_text(row) for row in evaluation]
    found = overlaps(texts, known)
    return {item.train: (evaluation[item.evaluation].task_id, item.similarity) for item in found}


def _conversation(problem: Problem, row: Graded) -> tuple[Message, ...]:
    return prompts.messages(problem) + prompts.reply_turn(problem, program_of(problem, row.sample))


def _code(reply: str) -> str:
    return reply.removeprefix("```python\n").removesuffix("\n```")
