"""Split of tasks into training and evaluation, by groups of related functions and with exact numbers per category."""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from codekiln.data import near_duplicates, splits
from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks import clone_detection, quota_sampling
from codekiln.recipes.corpus_tasks.functions import Function
from codekiln.recipes.corpus_tasks.quota_sampling import category_of
from codekiln.recipes.types import Shortage

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
    """Training tasks (spare ones last), evaluation tasks, tasks that are not needed, and what is fewer than asked."""

    train: list[Problem]
    evaluation: list[Problem]
    unused: list[Problem]
    notes: list[str] = field(default_factory=list)


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


def split_tasks(problems: Sequence[Problem], sizes: SplitSizes, seed: int, *, shrinks: bool = False) -> TaskSplit:
    """Return exactly the asked number of tasks of each category in both splits; no group is in both.

    Args:
        problems: All tasks.
        sizes: How many tasks are asked for.
        seed: Seeds every choice.
        shrinks: Whether the largest splits are made where there are too few tasks, with a note; otherwise that fails.

    Raises:
        Shortage: There are too few tasks; the message says of which categories, and what could be asked for.
    """
    found = _sides(problems, sizes, seed)
    lacking = [item for side in found for item in side.lacking()]
    notes: list[str] = []
    if lacking:
        most = _largest(problems, sizes, seed)
        if most is None or not shrinks:
            raise _shortage(sizes, lacking, most)
        found = _sides(problems, most, seed)
        notes = [f"{side.name}: {side.total()} tasks instead of {asked}, because {', '.join(lacking)}"
                 for side, asked in zip(found, (sizes.train, sizes.evaluation), strict=True)
                 if asked and side.total() < asked]  # fmt: skip
    functions = {row.task_id: (row.grading_context["file"], row.grading_context["function"]) for row in problems}
    train, evaluation = (
        quota_sampling.sample(side.rows, quota_sampling.apportion(side.total(), sizes.shares), functions, seed)
        for side in found
    )
    train = train + _spare_tasks(train, found[0].rows, sizes.spare, functions, seed)
    used = {row.task_id for row in [*train, *evaluation]}
    return TaskSplit(train, evaluation, [row for row in problems if row.task_id not in used], notes)


@dataclass(frozen=True)
class _Side:
    """The tasks on one side of a split, and how many are wanted; None: as many as the shares allow."""

    name: str
    rows: list[Problem]
    wanted: int | None
    shares: Mapping[str, float]

    def total(self) -> int:
        """Return the largest number of tasks in exact proportions, at most the wanted one."""
        return quota_sampling.largest_total(self._available(), self.shares, self.wanted)

    def lacking(self) -> list[str]:
        """Return what is lacking, by category; empty where there is enough."""
        total, available = self.total(), self._available()
        if total and total >= (self.wanted or 0):
            return []
        least = self.wanted or sum(1 for share in self.shares.values() if share)
        needed = quota_sampling.apportion(least, self.shares)
        return [f"{name} has {available[name]} of {count} {self.name} tasks ({count - available[name]} too few)"
                for name, count in needed.items() if available[name] < count]  # fmt: skip

    def _available(self) -> Counter[str]:
        return Counter(map(category_of, self.rows))


def _sides(problems: Sequence[Problem], sizes: SplitSizes, seed: int) -> tuple[_Side, _Side]:
    fraction = sizes.fraction
    # The groups must be divided as the asked numbers are, or one split would lack tasks.
    if sizes.train and sizes.evaluation:
        fraction = sizes.evaluation / (sizes.train + sizes.evaluation)
    split_of = splits.stratified([(_group(row), category_of(row)) for row in problems], sizes.shares, fraction, seed)
    rows: dict[str, list[Problem]] = {splits.TRAIN: [], splits.EVALUATION: []}
    for row in problems:
        rows[split_of[_group(row)]].append(row)
    return (
        _Side(splits.TRAIN, rows[splits.TRAIN], sizes.train, sizes.shares),
        _Side(splits.EVALUATION, rows[splits.EVALUATION], sizes.evaluation, sizes.shares),
    )


def _largest(problems: Sequence[Problem], sizes: SplitSizes, seed: int) -> SplitSizes | None:
    """Return the largest sizes in the asked ratio that can be had; each is tried, so that the advice is true."""
    asked = (sizes.train or 0) + (sizes.evaluation or 0)
    bound = quota_sampling.largest_total(Counter(map(category_of, problems)), sizes.shares, asked or None)
    for total in range(bound, 0, -1):
        train = round(total * (sizes.train or 0) / asked) if asked else 0
        smaller = replace(
            sizes, train=train if sizes.train else None, evaluation=total - train if sizes.evaluation else None
        )
        is_some = smaller.train != 0 and smaller.evaluation != 0
        if is_some and not any(side.lacking() for side in _sides(problems, smaller, seed)):
            return smaller
    return None


def _shortage(sizes: SplitSizes, lacking: Sequence[str], most: SplitSizes | None) -> Shortage:
    asked = {"train": sizes.train, "evaluation": sizes.evaluation}
    found = {"train": most.train, "evaluation": most.evaluation} if most else {}
    numbers = " and ".join(f"problems.{name} = {found[name]}" for name, wanted in asked.items() if wanted and most)
    advice = f"ask for {numbers}, set {_WHERE}.shortage = shrink, or " if numbers else ""
    return Shortage(
        f"the corpus does not give the tasks in these proportions: {'; '.join(lacking)}",
        where=next((f"problems.{name}" for name, wanted in asked.items() if wanted), "problems"),
        fix=f"{advice}give a larger corpus, raise {_WHERE}.functions, or change {_WHERE}.shares; "
        "rejected.jsonl of this step says why functions make no task",
    )


def is_spare(problem: Problem) -> bool:
    """Tell whether a training task is a replacement for tasks whose replies are rejected."""
    return bool(problem.grading_context.get(_SPARE))


def _group(problem: Problem) -> str:
    return problem.group or problem.task_id


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
