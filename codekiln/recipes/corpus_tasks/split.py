"""Split of tasks into training and evaluation, by groups of related functions and with exact numbers per category."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from codekiln.data import near_duplicates, splits
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks import clone_detection, quota_sampling
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.quota_sampling import category_of

_WHERE = "recipes.corpus-tasks"
_SPARE = "spare"


@dataclass(frozen=True)
class SplitSizes:
    """How many tasks are asked for.

    Attributes:
        train: Number of training tasks; None: as many as the shares allow.
        evaluation: Number of evaluation tasks; None: as many as the shares allow.
        fraction: Fraction of the tasks that goes to evaluation, unless both numbers are given.
        shares: Weight of each category.
        spare: Extra training tasks, as a share of each category's.
    """

    train: int | None
    evaluation: int | None
    fraction: float
    shares: Mapping[str, float]
    spare: float = 0.0


@dataclass(frozen=True)
class TaskSplit:
    """Training tasks (spare ones last), evaluation tasks, and tasks that are not needed."""

    train: list[Problem]
    evaluation: list[Problem]
    unused: list[Problem]


def group_functions(functions: Sequence[Function], threshold: float, min_lines: int) -> list[str]:
    """Return the split group of each function: functions of one file, similar functions and clones share a group.

    Args:
        functions: The functions.
        threshold: Jaccard similarity from which two functions share a group.
        min_lines: Smallest number of lines of a nested function that is compared.
    """
    texts = [function.text for function in functions]
    similar = [
        (left, right) for left, right, _ in near_duplicates.similar_pairs(texts, texts, threshold) if left < right
    ]
    links = [*similar, *clone_detection.renamed_clones(functions, min_lines)]
    return connect_files([function.file for function in functions], links)


def connect_files(files: Sequence[str], links: Iterable[tuple[int, int]]) -> list[str]:
    """Return the group of each item, named by the first of its files: items of one file and linked items share one.

    Args:
        files: File of each item.
        links: Pairs of indices of items that must not be separated.
    """
    first_of = {name: index for index, name in reversed(list(enumerate(files)))}
    same_file = [(first_of[name], index) for index, name in enumerate(files)]
    return [min(files[index] for index in group) for group in splits.connected(len(files), [*links, *same_file])]


def split_tasks(problems: Sequence[Problem], sizes: SplitSizes, seed: int) -> TaskSplit:
    """Return exactly the asked number of tasks of each category in both splits; no group is in both.

    Raises:
        InputError: There are too few tasks; the message says how many there are and how many could be asked for.
    """
    fraction = sizes.fraction
    # The groups must be divided as the asked numbers are, or one split would lack tasks.
    if sizes.train and sizes.evaluation:
        fraction = sizes.evaluation / (sizes.train + sizes.evaluation)
    split_of = splits.stratified([(_group(row), category_of(row)) for row in problems], sizes.shares, fraction, seed)
    functions = {row.task_id: (row.grading_context["file"], row.grading_context["function"]) for row in problems}
    chosen: dict[str, list[Problem]] = {}
    available: dict[str, list[Problem]] = {}
    for name, wanted in ((splits.TRAIN, sizes.train), (splits.EVALUATION, sizes.evaluation)):
        available[name] = [row for row in problems if split_of[_group(row)] == name]
        total = _total(name, wanted, sizes.shares, Counter(map(category_of, available[name])))
        quotas = quota_sampling.apportion(total, sizes.shares)
        chosen[name] = quota_sampling.sample(available[name], quotas, functions, seed)
    train, evaluation = chosen[splits.TRAIN], chosen[splits.EVALUATION]
    train = train + _spare_tasks(train, available[splits.TRAIN], sizes.spare, functions, seed)
    used = {row.task_id for row in [*train, *evaluation]}
    return TaskSplit(train, evaluation, [row for row in problems if row.task_id not in used])


def is_spare(problem: Problem) -> bool:
    """Tell whether a training task is a replacement for tasks whose replies are rejected."""
    return bool(problem.grading_context.get(_SPARE))


def _group(problem: Problem) -> str:
    return problem.group or problem.task_id


def _total(split: str, wanted: int | None, shares: Mapping[str, float], available: Mapping[str, int]) -> int:
    possible = quota_sampling.largest_total(available, shares, wanted)
    if possible == 0 or possible < (wanted or 0):
        asked = quota_sampling.apportion(wanted or sum(1 for share in shares.values() if share), shares)
        listed = ", ".join(f"{name} {count} of {available.get(name, 0)}" for name, count in asked.items() if count)
        at_most = f"ask for at most {possible}, or " if possible else ""
        raise InputError(
            f"the corpus does not give {sum(asked.values())} {split} tasks in these proportions; "
            f"needed of available: {listed}",
            where=f"problems.{split}",
            fix=f"{at_most}raise {_WHERE}.functions or per_file, give a larger corpus, or change {_WHERE}.shares",
        )
    return possible


def _spare_tasks(
    train: Sequence[Problem], available: Sequence[Problem], share: float, functions: Mapping[str, Hashable], seed: int
) -> list[Problem]:
    """Return extra tasks of each category, marked as spare; fewer where there are not enough."""
    used = {row.task_id for row in train}
    left = [row for row in available if row.task_id not in used]
    counts, in_use = Counter(map(category_of, left)), Counter(map(category_of, train))
    quotas = {name: min(math.ceil(share * count), counts[name]) for name, count in in_use.items()}
    sampled = quota_sampling.sample(left, quotas, functions, seed)
    return [row.model_copy(update={"grading_context": row.grading_context | {_SPARE: True}}) for row in sampled]
