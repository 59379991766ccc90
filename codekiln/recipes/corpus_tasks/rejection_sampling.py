"""Rejection sampling: the replies that become training rows, in exact proportions, and the reasons for the others."""

from collections import Counter
from collections.abc import Iterable, Sequence

from codekiln.data import near_duplicates, prompts
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Problem, Sample
from codekiln.recipes.base import by_task
from codekiln.recipes.corpus_tasks import quota_sampling
from codekiln.recipes.corpus_tasks.edit_replies import whole_reply
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES
from codekiln.recipes.corpus_tasks.quota_sampling import category_of
from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply, same_program
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.split import is_spare
from codekiln.recipes.types import Shortage, TrainingRows

_WHERE = "recipes.corpus-tasks"
_CODE_CATEGORIES = ("bugfix", "complete", "unit_test")

Answered = tuple[Problem, str]
"""A task with the reply to train on."""


def select_rows(problems: Iterable[Problem], graded: Iterable[Graded], settings: CorpusTasksSettings) -> TrainingRows:
    """Return one row per task: the first reply that is not rejected.

    Rejected replies have the reasons of `rejection_reason` or ``second``; a task without any reply is ``no-reply``; a
    row is ``near-duplicate``, or ``surplus`` where too few rows of other categories are left.

    Raises:
        Shortage: Too few rows are left of a category.
    """
    problems = list(problems)
    rows = TrainingRows()
    answered: list[Answered] = []
    for problem, items in zip(problems, by_task(problems, graded).values(), strict=True):
        accepted: Graded | None = None
        for item in items:
            if reason := rejection_reason(problem, item) or ("second" if accepted else None):
                rows.rejected.append(Rejected(reason, item))
            else:
                accepted = item
        if accepted:
            answered.append((problem, accepted.sample.solution or ""))
        elif not items:
            rows.rejected.append(Rejected("no-reply", problem))
    # Duplicates go before the proportions are taken, because they change the numbers.
    kept, repeated = drop_near_duplicates(answered, settings.duplicate)
    repeats = [Rejected("near-duplicate", _example(*item)) for item in repeated]
    try:
        kept, surplus, rows.notes = trim_to_shares(kept, settings, sum(not is_spare(problem) for problem in problems))
    except Shortage as error:
        error.rejected = [*rows.rejected, *repeats]
        raise
    rows.examples += [_example(*item) for item in kept]
    rows.rejected += repeats
    rows.rejected += [Rejected("surplus", _example(*item)) for item in surplus]
    return rows


def rejection_reason(problem: Problem, item: Graded) -> str | None:
    """Return why a reply is not trained on, or None for one that is.

    A reply must pass, be correct and hallucinate nothing. Code that cannot be run must equal the original, because
    nothing else is known to be correct.
    """
    if not item.verdict.passed:
        return f"lacks-{item.verdict.detail.partition(':')[0]}"
    behaviour = item.score("behaviour")
    if behaviour == 0.0:
        return "misbehaves"
    if item.score("hallucination_rate"):
        return "placeholder"
    if item.score("invented_names"):
        return "invents"
    is_checked = behaviour is not None or category_of(problem) not in _CODE_CATEGORIES
    return None if is_checked or _is_original(problem, item.sample) else "not-the-original"


def drop_near_duplicates(answered: Sequence[Answered], threshold: float) -> tuple[list[Answered], list[Answered]]:
    """Return the rows, and separately those whose code and reply nearly repeat an earlier row of their category.

    The instruction is not compared, because all tasks of a category share its wording.
    """
    repeats: set[int] = set()
    for category in CATEGORIES:
        mine = [index for index, (problem, _) in enumerate(answered) if category_of(problem) == category]
        texts = [f"{answered[index][0].grading_context['shown']}\n{answered[index][1]}" for index in mine]
        firsts = near_duplicates.earliest_duplicates(texts, threshold)
        repeats |= {index for place, index in enumerate(mine) if firsts[place] != place}
    kept = [item for index, item in enumerate(answered) if index not in repeats]
    return kept, [answered[index] for index in sorted(repeats)]


def without_repeats(problems: Sequence[Problem], threshold: float) -> tuple[list[Problem], list[Rejected]]:
    """Return the problems without those whose code and reference answer nearly repeat an earlier one."""
    kept, repeated = drop_near_duplicates([(problem, problem.reference or "") for problem in problems], threshold)
    return [problem for problem, _ in kept], [Rejected("near-duplicate", problem) for problem, _ in repeated]


def trim_to_shares(
    answered: Sequence[Answered], settings: CorpusTasksSettings, asked: int
) -> tuple[list[Answered], list[Answered], list[str]]:
    """Return the largest number of rows that has the proportions exactly, the surplus rows, and a note on what lacks.

    Raises:
        Shortage: There are fewer rows than asked for, and the settings do not allow that, or none has the proportions.
    """
    shares = settings.shares
    available = Counter(category_of(problem) for problem, _ in answered)
    total = quota_sampling.largest_total(available, shares, asked)
    needed = quota_sampling.apportion(asked, shares)
    lacking = ", ".join(f"{name} has {available[name]} of {count} ({count - available[name]} too few)"
                        for name, count in needed.items() if available[name] < count)  # fmt: skip
    if total < asked and (settings.shortage == "fail" or not total):
        shrink = f"set {_WHERE}.shortage = shrink for {total} rows, " if total else ""
        fix = f"{shrink}raise {_WHERE}.spare, or change {_WHERE}.shares; rejected.jsonl of this step has the reasons"
        raise Shortage(f"too few replies are left for {asked} rows: {lacking}", where=_WHERE, fix=fix)
    notes = [f"{total} rows instead of {asked}, because {lacking}"] if total < asked else []
    room = Counter(quota_sampling.apportion(total, shares))
    kept: list[Answered] = []
    surplus: list[Answered] = []
    for item in answered:
        category = category_of(item[0])
        (kept if room[category] else surplus).append(item)
        room[category] -= bool(room[category])
    return kept, surplus, notes


def _is_original(problem: Problem, sample: Sample) -> bool:
    source = ParsedReply(whole_reply(problem, sample.solution or "")).definition_source(problem.grading_context["name"])
    return same_program(source, problem.grading_context["text"])


def _example(problem: Problem, text: str) -> Example:
    return Example(
        prompt=prompts.messages(problem), completion=prompts.reply_turn(problem, text), task_id=problem.task_id,
        group=problem.group,
    )  # fmt: skip
