"""Ground truth: the real submissions, each run on its tests and measured once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codekiln.code.distance import PairwiseDistance, kth_nearest
from codekiln.data.records import Problem
from codekiln.recipes.student.outcomes import SubmissionOutcome, run_submissions
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import NextRow, prior_submissions
from codekiln.recipes.student.style import StyleComponent, StyleFeatures, fit_style_component, style_features
from codekiln.recipes.student.variants import VariantRow
from codekiln.sandbox.limits import Limits

Submission = tuple[str, str, str]
"""Question name, semester and code."""


@dataclass(frozen=True)
class GroundTruth:
    """The real submission of a row, as it is kept in the problem's grading context.

    Attributes:
        code: The submission.
        submitted: Whether it was the final attempt.
        thought: What the student thought before it; empty where that is not known.
        before: The submission before it; None for a first one, and where it is not known.
        outcome: Outcome of the tests; None for a problem without tests.
        form: Style features.
        axis: Style score fitted on all real submissions; None where too few parse.
        radius: Distance to the k-th nearest submission of another student; None where there is no other.
        stepwise: Whether the row is one of a stream, so that the final attempt has to be recognised (experiment 2).
    """

    code: str
    submitted: bool
    thought: str
    before: str | None
    outcome: SubmissionOutcome | None
    form: StyleFeatures
    axis: StyleComponent | None
    radius: float | None
    stepwise: bool

    def to_context(self) -> dict[str, Any]:
        """Return the fields as JSON types; their names are those of the published files."""
        return asdict(self)

    @staticmethod
    def of(problem: Problem) -> "GroundTruth":
        """Read the ground truth from a problem's grading context."""
        fields = dict(problem.grading_context["real"])
        kinds = {"outcome": SubmissionOutcome, "form": StyleFeatures, "axis": StyleComponent}
        nested = {name: kind(**fields[name]) for name, kind in kinds.items() if fields[name] is not None}
        return GroundTruth(**fields | nested)


@dataclass(frozen=True)
class RealSubmissions:
    """Results for all real submissions.

    Attributes:
        outcomes: Outcomes of the tests, of targets and earlier submissions.
        radii: Distance of targets to their k-th nearest submission of another student, in any semester.
        axis: The style score.
    """

    outcomes: Mapping[Submission, SubmissionOutcome | None]
    radii: Mapping[Submission, float | None]
    axis: StyleComponent | None

    def outcome(self, item: VariantRow, code: str) -> SubmissionOutcome | None:
        """Return the outcome of a submission by the student of a row, for the problem of that row."""
        return self.outcomes[item.key.question, item.semester, code]

    def ground_truth(self, item: VariantRow) -> GroundTruth:
        """Return the ground truth of a row."""
        row = item.row
        prior = prior_submissions(row)
        return GroundTruth(
            code=row.code,
            submitted=row.submitted,
            thought=row.thought,
            before=prior[-1] if prior else None,
            outcome=self.outcome(item, row.code),
            form=style_features(row.code),
            axis=self.axis,
            radius=self.radii[item.key.question, item.semester, row.code],
            stepwise=isinstance(row, NextRow),
        )


def measure_submissions(
    rows: Sequence[VariantRow],
    chosen: Sequence[VariantRow],
    paired: Sequence[VariantRow],
    questions: Mapping[str, Question],
    distance: PairwiseDistance,
    k: int,
    *,
    limits: Limits,
    workers: int | None,
) -> RealSubmissions:
    """Run and measure the real submissions of rows.

    Args:
        rows: All rows of both splits; the neighbours of a submission are all others for the same problem.
        chosen: The rows that become problems; only these are run, with the submissions that they show.
        paired: Those whose neighbours are run too, because pairs are made of them.
        questions: Problems with their tests.
        distance: Distance by which neighbours are near.
        k: Which neighbour decides the radius.
        limits: Limits of each run.
        workers: Number of sandbox workers; None: one per core.
    """
    submissions = dict.fromkeys(
        (item.key.question, item.semester, code)
        for item in chosen
        for code in (*prior_submissions(item.row), item.row.code)
    )
    around = ((item.key.question, item.semester, code) for item in paired for code in item.neighbours)
    submissions |= dict.fromkeys(around)
    jobs = [(gradable_problem(name, questions[name].of(semester)), code) for name, semester, code in submissions]
    outcomes = run_submissions(jobs, workers=workers, limits=limits, label="check: real submissions")
    # The style score is fitted on all rows, so that it does not depend on the sample.
    features = [style_features(item.row.code) for item in rows]
    return RealSubmissions(
        dict(zip(submissions, outcomes, strict=True)), _radii(rows, distance, k), fit_style_component(features)
    )


def start_in(problem: Problem) -> str:
    """Return what the edits of a reply are edits of; empty where replies are whole programs."""
    return str(problem.grading_context.get("start", ""))


def gradable_problem(name: str, question: Question) -> Problem:
    """Return a question of a course as a problem with tests."""
    return Problem(
        task_id=name,
        prompt="",
        entry_point=question.entry_point,
        preamble=question.skeleton_code_fixed,
        setup=question.setup,
        tests=question.all_tests,
        grading_context={"question": name},
    )


def _radii(rows: Sequence[VariantRow], distance: PairwiseDistance, k: int) -> dict[Submission, float | None]:
    by_question: dict[str, list[VariantRow]] = defaultdict(list)
    for item in rows:
        by_question[item.key.question].append(item)
    found: dict[Submission, float | None] = {}
    for name, same in by_question.items():
        codes = [item.row.code for item in same]
        matrix = distance(codes, codes)
        for index, (item, code) in enumerate(zip(same, codes, strict=True)):
            # Submissions of the same student would make the neighbourhood too small.
            others = [value for other, value in zip(same, matrix[index], strict=True) if other.key != same[index].key]
            found[name, item.semester, code] = kth_nearest(others, k)
    return found
