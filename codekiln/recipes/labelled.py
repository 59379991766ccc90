"""Single replies labelled as good or bad, for KTO, from what a recipe made of graded candidates."""

from collections.abc import Iterator, Sequence

from codekiln.data import prompts
from codekiln.data.records import Graded, Labelled, Message, Problem
from codekiln.recipes.base import WRONG
from codekiln.recipes.types import TrainingRows
from codekiln.sandbox.grading import program_of

Turns = tuple[Message, ...]
Key = tuple[Turns, Turns]
Place = tuple[str, str | None]
"""The problem and the group of a reply."""


def labelled_rows(problems: Sequence[Problem], graded: Sequence[Graded], made: TrainingRows) -> list[Labelled]:
    """Return each reply once, as good or bad, those of the recipe's rows first.

    Good is what a recipe chose: the completion of an example, or the chosen side of a pair. Bad is the rejected side of
    a pair, also where it is an example, and a candidate that fails and was not chosen. A reply that one pair prefers
    and another one rejects is left out.

    Args:
        problems: At least the problems that candidates were written for.
        graded: Candidates that the filters kept.
        made: The recipe's rows.
    """
    chosen = {(row.prompt, row.chosen): (row.task_id, row.group) for row in made.pairs}
    worse = {(row.prompt, row.rejected): (row.task_id, row.group) for row in made.pairs}
    shown = {(row.prompt, row.completion): (row.task_id, row.group) for row in made.examples}
    good = {key: place for key, place in {**shown, **chosen}.items() if key not in worse}
    failing = {key: place for key, place in _failing(problems, graded) if key not in good and key not in chosen}
    bad = {key: place for key, place in {**worse, **failing}.items() if key not in chosen}
    return [*_rows(good, True), *_rows(bad, False)]


def _failing(problems: Sequence[Problem], graded: Sequence[Graded]) -> Iterator[tuple[Key, Place]]:
    by_id = {problem.task_id: problem for problem in problems}
    for row in graded:
        problem = by_id[row.sample.task_id]
        if row.verdict.status in WRONG and (reply := program_of(problem, row.sample)).strip():
            key = (prompts.messages(problem), prompts.reply_turn(problem, reply))
            yield key, (problem.task_id, problem.group)


def _rows(replies: dict[Key, Place], label: bool) -> Iterator[Labelled]:
    for (prompt, completion), (task_id, group) in replies.items():
        yield Labelled(prompt=prompt, completion=completion, label=label, task_id=task_id, group=group)
