"""Rejects candidate programs, and finds published rows, that nearly repeat an evaluation problem."""

from collections.abc import Sequence
from typing import Any

from codekiln.data import prompts
from codekiln.data.decontamination import prompt_and_reference
from codekiln.data.folders import Rejected
from codekiln.data.near_duplicates import NearDuplicates
from codekiln.data.records import Graded, Message, Problem
from codekiln.recipes.base import Recipe
from codekiln.sandbox.grading import program_of


class EvaluationTexts:
    """The texts of evaluation problems, to find in a stream what nearly repeats one of them.

    Args:
        recipe: It knows the text of its own problems only.
        evaluation: Evaluation problems, those of further benchmarks too.
    """

    def __init__(self, recipe: Recipe[Any], evaluation: Sequence[Problem]) -> None:
        texts = {
            row.task_id: prompt_and_reference(row) if row.benchmark else recipe.dedup_text(row) for row in evaluation
        }
        self._names = [name for name, text in texts.items() if text]
        self._known = NearDuplicates([texts[name] for name in self._names])

    def near(self, turns: tuple[Message, ...]) -> tuple[str, float] | None:
        """Return the last evaluation problem that a conversation nearly repeats, and the similarity."""
        text = "\n".join([turns[-2].content, _code(turns[-1].content)])
        found = self._known.all_alike(text)
        return (self._names[found[-1][0]], found[-1][1]) if found else None


def reject_near_duplicates(
    problems: Sequence[Problem], graded: Sequence[Graded], evaluation: EvaluationTexts
) -> tuple[list[Graded], list[Rejected]]:
    """Return the candidates that nearly repeat no evaluation problem, and the others as ``near-duplicate``.

    Training problems are decontaminated before; a candidate program can still come out like another problem's
    reference. It is rejected before the recipe chooses rows, because a recipe's choice may be exact in its numbers.
    """
    by_id = {problem.task_id: problem for problem in problems}
    kept: list[Graded] = []
    rejected: list[Rejected] = []
    for row in graded:
        if row.verdict.passed and evaluation.near(_conversation(by_id[row.sample.task_id], row)):
            rejected.append(Rejected("near-duplicate", row))
        else:
            kept.append(row)
    return kept, rejected


def near_evaluation(
    conversations: Sequence[tuple[Message, ...]], evaluation: Sequence[Problem], recipe: Recipe[Any]
) -> dict[int, tuple[str, float]]:
    """Return the conversations that nearly repeat an evaluation problem, by index, with its id and the similarity."""
    texts = EvaluationTexts(recipe, evaluation)
    found = {index: texts.near(turns) for index, turns in enumerate(conversations)}
    return {index: near for index, near in found.items() if near}


def _conversation(problem: Problem, row: Graded) -> tuple[Message, ...]:
    return prompts.messages(problem) + prompts.reply_turn(problem, program_of(problem, row.sample))


def _code(reply: str) -> str:
    return reply.removeprefix("```python\n").removesuffix("\n```")
