"""Single replies labelled as good or bad, for KTO, from what a recipe made of graded candidates."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from codekiln.data import prompts
from codekiln.data.records import Graded, Labelled, Message, Problem
from codekiln.recipes.base import WRONG
from codekiln.recipes.types import TrainingRows
from codekiln.sandbox.grading import program_of

Turns = tuple[Message, ...]
Key = tuple[Turns, Turns]
Place = tuple[str, str | None]
"""The problem and the group of a reply."""


def labelled_rows(problems: Sequence[Problem], graded: Iterable[Graded], made: TrainingRows) -> Iterator[Labelled]:
    """Yield each reply once, as good or bad, those of the recipe's rows first.

    Good is what a recipe chose: the completion of an example, or the chosen side of a pair. Bad is the rejected side of
    a pair, also where it is an example, and a candidate that fails and was not chosen. A reply that one pair prefers
    and another one rejects is left out. Of the candidates, digests alone are kept in memory.

    Args:
        problems: At least the problems that candidates were written for.
        graded: Candidates that the filters kept; they are read once.
        made: The recipe's rows.
    """
    chosen = {(row.prompt, row.chosen): (row.task_id, row.group) for row in made.pairs}
    worse = {(row.prompt, row.rejected): (row.task_id, row.group) for row in made.pairs}
    shown = {(row.prompt, row.completion): (row.task_id, row.group) for row in made.examples}
    good = {key: place for key, place in {**shown, **chosen}.items() if key not in worse}
    yield from _rows(good.items(), True)
    yield from _rows(((key, place) for key, place in worse.items() if key not in chosen), False)
    taken = {_digest(key) for key in (*good, *chosen, *worse)}
    yield from _rows(_unseen(_failing(problems, graded), taken), False)


def _unseen(replies: Iterable[tuple[Key, Place]], taken: set[bytes]) -> Iterator[tuple[Key, Place]]:
    for key, place in replies:
        if (digest := _digest(key)) not in taken:
            taken.add(digest)
            yield key, place


def _digest(key: Key) -> bytes:
    words = [(turn.role, turn.content) for turns in key for turn in turns]
    return hashlib.blake2b(repr((len(key[0]), words)).encode(), digest_size=16).digest()


def _failing(problems: Sequence[Problem], graded: Iterable[Graded]) -> Iterator[tuple[Key, Place]]:
    by_id = {problem.task_id: problem for problem in problems}
    for row in graded:
        problem = by_id[row.sample.task_id]
        if row.verdict.status in WRONG and (reply := program_of(problem, row.sample)).strip():
            key = (prompts.messages(problem), prompts.reply_turn(problem, reply))
            yield key, (problem.task_id, problem.group)


def _rows(replies: Iterable[tuple[Key, Place]], label: bool) -> Iterator[Labelled]:
    for (prompt, completion), (task_id, group) in replies:
        yield Labelled(prompt=prompt, completion=completion, label=label, task_id=task_id, group=group)
