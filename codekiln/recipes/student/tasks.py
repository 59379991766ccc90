"""From rows on sides to problems: every real submission is run and measured once, and what is found is kept."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from codekiln.code.distance import PairwiseDistance, kth_nearest
from codekiln.data.folders import Rejected
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.recipes.student.course import Question
from codekiln.recipes.student.grading import Truth
from codekiln.recipes.student.outcomes import Outcome, observe
from codekiln.recipes.student.schema import NextRow, Row
from codekiln.recipes.student.split import TRAIN, Key
from codekiln.recipes.student.style import Axis, axis_of, form_of
from codekiln.recipes.student.templates import Template
from codekiln.recipes.student.variants import Located
from codekiln.sandbox.limits import Limits

TOO_LONG = "too-long"

Observe = Callable[[Sequence[tuple[str, str]]], list[Outcome | None]]


@dataclass(frozen=True)
class Reality:
    """What is known of all real submissions, by question and code.

    Attributes:
        outcomes: What the tests say, targets and earlier submissions alike.
        radii: Distance to the k-th nearest submission of another student, of targets.
        axis: The style score.
    """

    outcomes: dict[tuple[str, str], Outcome | None]
    radii: dict[tuple[str, str], float | None]
    axis: Axis | None


def shortened(located: Located, room: int, template: Template, feedback: bool) -> Located | None:
    """Return a row that fits into ``room`` characters, prompt and reply together; None where it cannot.

    Past problems go first, the farthest first, then the oldest submissions but one; the target is never cut.
    """
    row: Row | None = located.row
    while row is not None and _size(row, template, feedback) > room:
        row = _shorter(row)
    return None if row is None else replace(located, row=row)


def know(
    rows: Sequence[Located],
    chosen: Sequence[Located],
    questions: dict[str, Question],
    distance: PairwiseDistance,
    k: int,
    limits: Limits,
    workers: int | None,
) -> Reality:
    """Run and measure the real submissions of rows, in the sandbox.

    Args:
        rows: All rows, of every side: the neighbours of a submission are all others to the same problem.
        chosen: The rows that are used; these are run.
        questions: Problems with their tests.
        distance: What neighbours are near by.
        k: Which neighbour decides the radius.
        limits: Bounds on a run.
        workers: Sandbox workers; None: one per core.
    """
    texts = {(row.key[1], code): None for row in chosen for code in (*row.earlier, *_prior(row.row), row.row.code)}
    jobs = [(judge(name, questions[name]), code) for name, code in texts]
    outcomes = observe(jobs, workers=workers, limits=limits, label="check: real submissions")
    forms = [form_of(row.row.code) for row in rows]
    return Reality(dict(zip(texts, outcomes, strict=True)), _radii(rows, distance, k), axis_of(forms))


def problem_of(
    located: Located, side: str, question: Question, reality: Reality, template: Template, feedback: bool, pairs: bool
) -> Problem:
    """Return a row as a problem: its conversation, the real submission as reference, and what judges replies."""
    row, name = located.row, located.key[1]
    said = _feedback(located, reality) if feedback and isinstance(row, NextRow) else None
    conversation = template.messages(row, said)
    facts = {
        "student": located.key[0],
        "semester": row.INPUT.semester,
        "question": name,
        "attempt": located.attempt,
        "fixed": row.INPUT.skeleton_code_fixed,
        "real": _truth(located, reality).facts(),
    }
    if pairs and side == TRAIN:
        facts["other_grade"] = _other_grade(located, reality, template)
    return judge(name, question).model_copy(
        update={
            "task_id": located.task_id,
            "prompt": conversation[-1].content,
            "messages": conversation,
            "reply": "text",
            "reference": template.reply(row.code, row.submitted),
            "group": group_of(located.key, side),
            "stratum": None if side == TRAIN else side,
            "grading_context": facts,
        }
    )


def group_of(key: Key, side: str) -> str:
    """Return the group of a row: its student, and of an old student training and held-out work apart."""
    return key[0] if side == TRAIN else f"{key[0]} held out"


def judge(name: str, question: Question) -> Problem:
    """Return a question as a problem that can be tested."""
    return Problem(
        task_id=name,
        prompt="",
        entry_point=question.entry_point,
        setup=question.setup,
        tests=question.all_tests,
        grading_context={"question": name, "fixed": question.skeleton_code_fixed},
    )


def too_long(located: Located) -> Rejected:
    """Return the rejection of a row that cannot be made to fit."""
    return Rejected(TOO_LONG, located.row)


def _size(row: Row, template: Template, feedback: bool) -> int:
    """Return the characters of prompt and reply; feedback is taken to be as long as the grader ever says."""
    said = ("x" * 200,) * len(_prior(row)) if feedback and isinstance(row, NextRow) else None
    prompt = sum(len(message.content) for message in template.messages(row, said))
    return prompt + len(template.reply(row.code, row.submitted))


def _shorter(row: Row) -> Row | None:
    given = row.INPUT
    if given.past_problem_submissions:
        update = {"past_problem_submissions": given.past_problem_submissions[:-1]}
    elif isinstance(row, NextRow) and len(given.curr_problem_prior_submissions) > 1:
        said = given.curr_problem_prior_bot_feedback
        update = {
            "curr_problem_prior_submissions": given.curr_problem_prior_submissions[1:],
            "curr_problem_prior_bot_feedback": None if said is None else said[1:],
        }
    else:
        return None
    return row.model_copy(update={"INPUT": given.model_copy(update=update)})


def _prior(row: Row) -> tuple[str, ...]:
    return row.INPUT.curr_problem_prior_submissions if isinstance(row, NextRow) else ()


def _feedback(located: Located, reality: Reality) -> tuple[str, ...]:
    row = located.row
    if row.INPUT.curr_problem_prior_bot_feedback is not None:
        return row.INPUT.curr_problem_prior_bot_feedback
    found = [reality.outcomes[located.key[1], code] for code in _prior(row)]
    if None in found:
        raise InputError(
            f"there is no feedback on submissions to {located.key[1]}, and no tests to make it from",
            where="recipes.student.feedback",
            fix="give tests in problems_file, or curr_problem_prior_bot_feedback in the rows, or set feedback = false",
        )
    return tuple(outcome.said for outcome in found)


def _truth(located: Located, reality: Reality) -> Truth:
    row, name = located.row, located.key[1]
    prior = _prior(row)
    return Truth(
        code=row.code,
        submitted=row.submitted,
        before=prior[-1] if prior else None,
        outcome=reality.outcomes[name, row.code],
        form=form_of(row.code),
        axis=reality.axis,
        radius=reality.radii[name, row.code],
        stepwise=isinstance(row, NextRow),
    )


def _other_grade(located: Located, reality: Reality, template: Template) -> dict[str, str | float] | None:
    """Return the student's nearest earlier submission that passes another share of the tests than this one."""
    mine = reality.outcomes[located.key[1], located.row.code]
    for code in reversed(located.earlier):
        other = reality.outcomes[located.key[1], code]
        if mine is not None and other is not None and other.rate != mine.rate:
            return {"reply": template.reply(code, False), "pass_rate": other.rate}
    return None


def _radii(rows: Sequence[Located], distance: PairwiseDistance, k: int) -> dict[tuple[str, str], float | None]:
    by_question: dict[str, list[Located]] = defaultdict(list)
    for row in rows:
        by_question[row.key[1]].append(row)
    found: dict[tuple[str, str], float | None] = {}
    for name, same in by_question.items():
        codes = [row.row.code for row in same]
        matrix = distance(codes, codes)
        for index, code in enumerate(codes):
            others = [value for other, value in zip(same, matrix[index], strict=True) if other.key != same[index].key]
            found[name, code] = kth_nearest(others, k)
    return found
