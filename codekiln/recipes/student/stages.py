"""Stages of published rows against the streams that the other rows of the data set show."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Literal, NamedTuple

from codekiln.errors import InputError
from codekiln.recipes.student.course import StreamKey
from codekiln.recipes.student.schema import STAGES, NextRow, Row, Stage, StageRow

Place = Literal["first", "after another", "before another"]


class Submission(NamedTuple):
    """A submission, as rows of all variants have it."""

    key: StreamKey
    semester: str
    code: str


class LocatedRow(NamedTuple):
    """A row with its file and its number in the file, from 1."""

    path: Path
    number: int
    row: Row

    @property
    def key(self) -> StreamKey:
        """Student and problem."""
        return StreamKey(self.row.INPUT.student_id, self.row.INPUT.question_name)

    @property
    def submission(self) -> Submission:
        """What is handed in."""
        return self.shown(self.row.code)

    def shown(self, code: str) -> Submission:
        """Return code of the same stream."""
        return Submission(self.key, self.row.INPUT.semester, code.strip("\n").rstrip())


def wrong_stages(rows: Sequence[LocatedRow]) -> Iterator[InputError]:
    """Yield rows of experiment 1 whose stage cannot be right.

    A stream has each stage once; a final attempt is the last; and rows of experiment 2 show what comes before and after
    a submission.
    """
    places = _places(rows)
    seen: dict[tuple[Path, StreamKey, str, Stage], int] = {}
    for item in rows:
        if isinstance(item.row, StageRow):
            stage, where = item.row.INPUT.stage, f"{item.path}: row {item.number}.INPUT.stage"
            first = seen.setdefault((item.path, item.key, item.row.INPUT.semester, stage), item.number)
            contradiction = _contradiction(stage, places.get(item.submission, frozenset()))
            if first != item.number:
                contradiction = f"so is row {first} of the same stream"
            elif item.row.submitted and stage != "submission_last":
                contradiction = "the row is a final attempt"
            if contradiction:
                fix = f"correct it: {', '.join(dict.fromkeys(STAGES.values()))}"
                yield InputError(f"is {stage}, but {contradiction}", where=where, fix=fix)


def _places(rows: Sequence[LocatedRow]) -> dict[Submission, Set[Place]]:
    """Return what rows of experiment 2 show of the places of submissions; nothing of one that comes twice."""
    found: dict[Submission, set[Place]] = defaultdict(set)
    times = Counter((item.path, item.submission) for item in rows if isinstance(item.row, NextRow))
    for item in rows:
        if isinstance(item.row, NextRow):
            prior = item.row.INPUT.curr_problem_prior_submissions
            found[item.submission].add("after another" if prior else "first")
            for index, code in enumerate(prior):
                found[item.shown(code)] |= {"before another", "after another"} if index else {"before another"}
    twice = {submission for (_, submission), count in times.items() if count > 1}
    return {submission: places for submission, places in found.items() if submission not in twice}


def _contradiction(stage: Stage, places: Set[Place]) -> str:
    """Return what the known places say against a stage; empty where nothing does."""
    if stage == "submission_first" and "after another" in places:
        return "rows of experiment 2 show a submission before it"
    if stage == "submission_mid" and "first" in places:
        return "rows of experiment 2 show that it is the first"
    if stage == "submission_last" and "before another" in places:
        return "rows of experiment 2 show a submission after it"
    return ""
