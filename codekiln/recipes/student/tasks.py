"""Rows to problems: the conversation, the real submission as the reference, and the context that grades replies."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from codekiln.code.distance import PairwiseDistance
from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.student.course import StreamKey
from codekiln.recipes.student.ground_truth import RealSubmissions, gradable_problem, measure_submissions
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import NextRow, Row, prior_submissions, replace_input
from codekiln.recipes.student.settings import StudentSettings
from codekiln.recipes.student.source import EMBEDDED
from codekiln.recipes.student.split import TRAIN, Split, SplitRows, balanced_sample
from codekiln.recipes.student.templates import NO_FEEDBACK, Template, start_of
from codekiln.recipes.student.variants import VariantRow
from codekiln.recipes.types import ProblemSets, RunSettings

_EMBEDDED_ORIGIN = {"source": "codekiln/students", "licence": "Apache-2.0"}
_FEEDBACK_CHARACTERS = 200
"""Upper bound of the length of a feedback that is made from tests."""


def build_problem_sets(
    rows: SplitRows,
    questions: Mapping[str, Question],
    settings: StudentSettings,
    run: RunSettings,
    distance: PairwiseDistance,
    seed: int,
) -> ProblemSets:
    """Return the rows of both splits as problems, with every real submission run and measured.

    Rows that do not fit into ``max_characters`` are rejected as ``too-long``; where replies are edits, those with a
    submission equal to what the student goes on from are rejected as ``unchanged``.
    """
    rejected: list[Rejected] = []
    all_train, all_evaluation = (_fitting(items, settings, rejected) for items in (rows.train, rows.evaluation))
    train = _sample(all_train, rows.split_of, run.problems.train, seed)
    evaluation = _sample(all_evaluation, rows.split_of, run.problems.evaluation, seed)
    real = measure_submissions(
        [*all_train, *all_evaluation],
        [*train, *evaluation],
        train if settings.pairs else [],
        questions,
        distance,
        settings.neighbours,
        limits=run.sandbox,
        workers=run.workers or None,
    )

    def problems(items: Sequence[VariantRow]) -> list[Problem]:
        return [
            problem_of(item, rows.split_of[item.key], questions[item.key.question].of(item.semester), real, settings)
            for item in items
        ]

    return ProblemSets(problems(train), problems(evaluation), [*rows.rejected, *rejected])


def shortened(item: VariantRow, settings: StudentSettings) -> VariantRow | None:
    """Return a row whose prompt and reply fit into ``max_characters``; None where this is impossible.

    Past problems are dropped first, the farthest first, then the oldest submissions except the last; the target is
    never cut.
    """
    row: Row | None = item.row
    while row is not None and _characters(row, settings) > settings.max_characters:
        row = _shorter(row)
    return None if row is None else replace(item, row=row)


def problem_of(
    item: VariantRow, split: Split, question: Question, real: RealSubmissions, settings: StudentSettings
) -> Problem:
    """Return a row as a problem."""
    row, template = item.row, settings.template
    feedback = _feedback(item, row, real) if settings.feedback != "none" and isinstance(row, NextRow) else None
    conversation = template.messages(row, feedback, settings.history, thinking=settings.thinking)
    context = {
        "student": item.key.student,
        "semester": row.INPUT.semester,
        "question": item.key.question,
        "attempt": item.attempt,
        "real": real.ground_truth(item).to_context(),
    }
    if settings.reply_form == "edits":
        context["start"] = start_of(row)
    # Evaluation rows make no pairs.
    if settings.pairs and split == TRAIN:
        context["other_grade"] = _other_grade(item, real, template)
    origin = _EMBEDDED_ORIGIN if settings.source == EMBEDDED else {}
    return gradable_problem(item.key.question, question).model_copy(
        update={
            "task_id": item.task_id,
            "prompt": conversation[-1].content,
            "messages": conversation,
            "reply": "text",
            "reference": template.reply(row.code, row.submitted, row.thought, start_of(row)),
            "group": _group(item.key, split),
            "stratum": None if split == TRAIN else split,
            "grading_context": context,
            **origin,
        }
    )


def _fitting(rows: Sequence[VariantRow], settings: StudentSettings, rejected: list[Rejected]) -> list[VariantRow]:
    kept: list[VariantRow] = []
    for item in rows:
        fitting = shortened(item, settings)
        if settings.reply_form == "edits" and start_of(item.row) == item.row.code:
            rejected.append(Rejected("unchanged", item.row))
        elif fitting is None:
            rejected.append(Rejected("too-long", item.row))
        else:
            kept.append(fitting)
    return kept


def _sample(
    rows: Sequence[VariantRow], split_of: Mapping[StreamKey, Split], size: int | None, seed: int
) -> list[VariantRow]:
    return [rows[index] for index in balanced_sample([item.key for item in rows], split_of, size, seed)]


def _group(key: StreamKey, split: Split) -> str:
    """Return the group of a row: its student, with held-out work of an old student in a group of its own."""
    # A group must be in one split, and an old student has both training and held-out streams.
    return key.student if split == TRAIN else f"{key.student} held out"


def _characters(row: Row, settings: StudentSettings) -> int:
    """Return the number of characters of prompt and reply; feedback made from tests counts with its upper bound."""
    template, texts = settings.template, None
    if settings.feedback != "none" and isinstance(row, NextRow):
        texts = row_feedback(row) or ("x" * _FEEDBACK_CHARACTERS,) * len(prior_submissions(row))
    messages = template.messages(row, texts, settings.history, thinking=settings.thinking)
    reply = template.reply(row.code, row.submitted, row.thought, start_of(row))
    return sum(len(message.content) for message in messages) + len(reply)


def _shorter(row: Row) -> Row | None:
    past = row.INPUT.past_problem_submissions
    if past:
        return replace_input(row, past_problem_submissions=past[:-1])
    prior = prior_submissions(row)
    if not isinstance(row, NextRow) or len(prior) < 2:
        return None
    feedback = row.INPUT.curr_problem_prior_bot_feedback
    return replace_input(
        row,
        curr_problem_prior_submissions=prior[1:],
        curr_problem_prior_bot_feedback=None if feedback is None else feedback[1:],
    )


def row_feedback(row: NextRow) -> tuple[str, ...] | None:
    """Return the feedback that a row has, one text for each prior submission; None where it has none."""
    given = row.INPUT.curr_problem_prior_bot_feedback
    return None if given is None else given + (NO_FEEDBACK,) * (len(prior_submissions(row)) - len(given))


def _feedback(item: VariantRow, row: NextRow, real: RealSubmissions) -> tuple[str, ...]:
    """Return the feedback on each earlier submission: that of the row, or else one made from the tests."""
    if (given := row_feedback(row)) is not None:
        return given
    outcomes = [real.outcome(item, code) for code in prior_submissions(row)]
    texts = [outcome.feedback for outcome in outcomes if outcome is not None]
    if len(texts) < len(outcomes):
        raise InputError(
            f"there is no feedback on submissions to {item.key.question}, and no tests to make it from",
            where="recipes.student.feedback",
            fix="give tests in problems_file, or curr_problem_prior_bot_feedback in the rows, or set feedback = none",
        )
    return tuple(texts)


def _other_grade(item: VariantRow, real: RealSubmissions, template: Template) -> dict[str, str | float] | None:
    """Return the student's nearest submission that passes another share of the tests than the target."""
    target, start = real.outcome(item, item.row.code), start_of(item.row)
    for code in item.neighbours:
        other = real.outcome(item, code)
        # As edits, a submission that is what the student goes on from would be an empty reply.
        if target and other and other.rate != target.rate and (reply := template.reply(code, False, start=start)):
            return {"reply": reply, "pass_rate": other.rate}
    return None
