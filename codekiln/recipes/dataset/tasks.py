"""Training rows of the user as problems without tests, so that they pass through the same stages as any material."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from codekiln.data.decontamination import decontaminate, quote_finder
from codekiln.data.folders import Rejected
from codekiln.data.records import Message, Problem, Sample
from codekiln.data.replies import extract_code
from codekiln.data.training_files.forms import TrainingRow

REPLIES, LABEL = "replies", "label"
"""What the context of a row's problem holds: its replies, the chosen one first, and its label or null."""
TALK = frozenset({"system", "user", "assistant"})


def problems_of(rows: Sequence[TrainingRow], evaluation: Sequence[Problem]) -> tuple[list[Problem], list[Rejected]]:
    """Return the rows as problems, and those that are left out with their reason.

    ``tools``: a turn calls a tool or is a tool's result, which no row of codekiln has. ``tie``: both replies are equal.
    ``twin``: an earlier row says the same. ``contradicted``: another row says the opposite; both are left out.
    ``contaminated``, ``near-duplicate``: an evaluation problem has the same prompt or program, or nearly both;
    ``quotes``: the prompt quotes an evaluation problem's.
    """
    problems = [_problem(row) for row in rows]
    reasons = _faults(problems, rows)
    sound = [problem for problem in problems if problem.task_id not in reasons]
    reasons |= _repeated(sound, evaluation)
    rejected = [Rejected(reasons[row.task_id], row) for row in problems if row.task_id in reasons]
    return [row for row in problems if row.task_id not in reasons], rejected


def _repeated(problems: Sequence[Problem], evaluation: Sequence[Problem]) -> dict[str, str]:
    """Return the reason of each row that repeats an evaluation problem, with any of its replies."""
    quotes = quote_finder(problem.prompt for problem in evaluation)
    reasons = {problem.task_id: "quotes" for problem in problems if quotes(problem.prompt)}
    asked = [
        problem.model_copy(update={"reference": extract_code(reply)})
        for problem in problems
        for reply in problem.grading_context[REPLIES]
    ]
    _, found = decontaminate(asked, evaluation)
    return reasons | {item.row.task_id: item.reason for item in found if isinstance(item.row, Problem)}


def samples_of(problem: Problem) -> Iterator[Sample]:
    """Yield the replies of a row as samples: the chosen one and the rejected one of a pair, in this order."""
    for number, reply in enumerate(problem.grading_context[REPLIES]):
        yield Sample(task_id=problem.task_id, solution=reply, model="dataset", seed=number)


def is_row(problem: Problem) -> bool:
    """Return whether a problem is a row of a training file; the problems of an evaluation have tests."""
    return REPLIES in problem.grading_context


def _problem(row: TrainingRow) -> Problem:
    talk = [{"role": turn.role, "content": turn.text} for turn in row.prompt if turn.role in TALK]
    return Problem(
        task_id=row.where,
        prompt=row.question,
        messages=tuple(map(Message.model_validate, talk)) if len(talk) == len(row.prompt) else (),
        reply="text",
        reference=extract_code(row.programs_in[0]),
        # Rows with the words of one prompt are held out together.
        group="rows-" + sha256(" ".join(re.findall(r"\w+", row.question.lower())).encode()).hexdigest()[:16],
        source=row.where.rsplit(":", 1)[0],
        grading_context={REPLIES: list(row.replies), LABEL: row.label},
    )


def _faults(problems: Sequence[Problem], rows: Sequence[TrainingRow]) -> dict[str, str]:
    """Return the reason of each row that is left out before it is compared with the evaluation, by its place."""
    said = [_said(row) for row in rows]
    counts = Counter(said)
    reasons: dict[str, str] = {}
    seen: set[tuple[object, ...]] = set()
    for problem, row, mine in zip(problems, rows, said, strict=True):
        if not problem.messages:
            reasons[problem.task_id] = "tools"
        elif row.is_pair and row.replies[0] == row.replies[1]:
            reasons[problem.task_id] = "tie"
        elif (opposite := _said(row, is_opposite=True)) != mine and opposite in counts:
            reasons[problem.task_id] = "contradicted"
        elif mine in seen:
            reasons[problem.task_id] = "twin"
        seen.add(mine)
    return reasons


def _said(row: TrainingRow, *, is_opposite: bool = False) -> tuple[object, ...]:
    """Return what a row says, or what its opposite would say: the pair the other way round, the other label."""
    if not is_opposite:
        return row.prompt, row.replies, row.label
    return row.prompt, row.replies[::-1], None if row.label is None else not row.label
