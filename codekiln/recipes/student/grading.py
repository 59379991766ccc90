"""How much a reply looks like what a student hands in: measures by themselves, and against the real submission.

A value is there or not for each reply by itself: a reply that breaks the form, does not compile or fails still has
every measure that can be had of it, and takes none away from the real submission of its row.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from codekiln.code.distance import PairwiseDistance, edit_distance, mean_pairwise
from codekiln.data.records import Problem, Sample, Score
from codekiln.evaluation.measures import Measure
from codekiln.recipes.student.outcomes import CLASSES, Outcome
from codekiln.recipes.student.style import Axis, Form, form_of
from codekiln.recipes.student.templates import Reply

SHARES = {
    "compilation": "compilation_errors",
    "runtime": "runtime_errors",
    "logical": "logical_errors",
    "timeout": "timeouts",
    "none": "no_errors",
}
FORM = {
    "style_issues": ("issues", "pycodestyle findings per line"),
    "lines": ("lines", "Lines that are not blank"),
    "ast_depth": ("ast_depth", "Depth of the syntax tree"),
    "ast_width": ("ast_width", "Largest number of nodes on a level of the syntax tree"),
    "ast_nodes": ("ast_nodes", "Nodes of the syntax tree"),
}


def _with_error(name: str, describe: str, share: bool = False) -> tuple[Measure, Measure]:
    against = f"Absolute difference from the real submission in {name}."
    return (
        Measure(name=name, direction="none", describe=f"{describe}.", share=share),
        Measure(name=f"{name}_error", direction="lower", describe=against, share=share),
    )


MEASURES: tuple[Measure, ...] = (
    Measure(name="valid", direction="higher", describe="The reply is one code block, properly ended.", share=True),
    *_with_error("pass_rate", "Share of the problem's tests that the submission passes", share=True),
    *(
        Measure(name=SHARES[name], direction="none", describe=f"The submission's error class is {name}.", share=True)
        for name in CLASSES
    ),
    Measure(
        name="error_class_match",
        direction="higher",
        describe="The submission has the error class of the real one.",
        share=True,
    ),
    *(measure for name, (_, describe) in FORM.items() for measure in _with_error(name, describe)),
    *_with_error("style_score", "First principal component of size and tree shape, each standardised"),
    *_with_error("edit_distance", "Share of the text that changes from the submission before", share=True),
    Measure(
        name="ast_distance",
        direction="lower",
        describe="Distance to the real submission: of the syntax trees, or of embeddings where a model is set.",
        share=True,
    ),
    Measure(
        name="coverage",
        direction="higher",
        describe="A reply lies as near to the real submission as its nearest real neighbours (Naeem et al. 2020).",
        share=True,
    ),
    Measure(
        name="diversity",
        direction="none",
        describe="Mean distance between the replies to one row, by the same distance as coverage.",
        share=True,
    ),
    Measure(
        name="submit_match",
        direction="higher",
        describe="The reply says that it is the final attempt exactly when the real one was.",
        share=True,
    ),
)

DISTANCES = {"error_class_distance": tuple(SHARES.values())}


@dataclass(frozen=True)
class Truth:
    """What is known of a row's real submission; kept in the problem's facts.

    Attributes:
        code: The submission.
        submitted: It was the final attempt.
        before: The submission before it; None for a first one, and where that is not known.
        outcome: What the tests say; None where the problem has no tests.
        form: Its measurements.
        axis: The style score, fitted on all real submissions; None where too few parse.
        radius: Distance to its k-th nearest real neighbour; None where it has none.
        stepwise: The row is one of a stream, so that a final attempt can be told (experiment 2).
    """

    code: str
    submitted: bool
    before: str | None
    outcome: Outcome | None
    form: Form
    axis: Axis | None
    radius: float | None
    stepwise: bool

    def facts(self) -> dict[str, Any]:
        """Return it as JSON types."""
        return asdict(self)

    @staticmethod
    def of(problem: Problem) -> "Truth":
        """Read it from a problem's facts."""
        facts = dict(problem.grading_context["real"])
        kinds = {"outcome": Outcome, "form": Form, "axis": Axis}
        return Truth(**facts | {name: kind(**facts[name]) for name, kind in kinds.items() if facts[name] is not None})


@dataclass(frozen=True)
class Judged:
    """A reply with what its tests say."""

    sample: Sample
    reply: Reply
    outcome: Outcome | None


def score(
    problems: dict[str, Problem], judged: Sequence[Judged], distance: PairwiseDistance
) -> list[tuple[Score, ...]]:
    """Return the scores of replies on every measure, in order.

    Args:
        problems: Problems by task id.
        judged: Replies; those of one problem and one ``model`` belong together.
        distance: What coverage, diversity and the distance to the real submission are measured by.
    """
    together: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for index, item in enumerate(judged):
        together[item.sample.task_id, item.sample.model].append(index)
    truths = {task_id: Truth.of(problems[task_id]) for task_id, _ in together}
    found: dict[int, tuple[Score, ...]] = {}
    for (task_id, _), indices in together.items():
        truth = truths[task_id]
        codes = [judged[index].reply.code for index in indices]
        nearness, spread = distance(codes, [truth.code])[:, 0], distance(codes, codes)
        common = [*_coverage(truth, float(nearness.min())), _score("diversity", mean_pairwise(spread), "one reply")]
        for index, near in zip(indices, nearness, strict=True):
            own = [*_own(judged[index], truth), _score("ast_distance", float(near))]
            found[index] = tuple([*own, *common])
    return [found[index] for index in range(len(judged))]


def _own(item: Judged, truth: Truth) -> list[Score]:
    return [
        _score("valid", float(not item.reply.fault)),
        *_function(item.outcome, truth),
        *_form(item.reply.code, truth),
        *_step(item.reply, truth),
    ]


def _function(outcome: Outcome | None, truth: Truth) -> list[Score]:
    reason = "the problem has no tests"
    if outcome is None or truth.outcome is None:
        names = ["pass_rate", "pass_rate_error", *SHARES.values(), "error_class_match"]
        return [_score(name, None, reason) for name in names]
    return [
        _score("pass_rate", outcome.rate),
        _score("pass_rate_error", abs(outcome.rate - truth.outcome.rate)),
        *(_score(SHARES[name], float(outcome.error == name)) for name in CLASSES),
        _score("error_class_match", float(outcome.error == truth.outcome.error)),
    ]


def _form(code: str, truth: Truth) -> list[Score]:
    form, scores = form_of(code), []
    for name, (field, _) in FORM.items():
        scores += _against(name, getattr(form, field), getattr(truth.form, field), "does not parse")
    values = [truth.axis.score(one) if truth.axis else None for one in (form, truth.form)]
    return scores + _against("style_score", *values, "does not parse")


def _step(reply: Reply, truth: Truth) -> list[Score]:
    submit = float(reply.submitted == truth.submitted) if truth.stepwise else None
    steps = [None if truth.before is None else edit_distance(truth.before, code) for code in (reply.code, truth.code)]
    return [
        *_against("edit_distance", *steps, "no submission before this one is known"),
        _score("submit_match", submit, "a stage says already whether it is the last"),
    ]


def _coverage(truth: Truth, nearest: float) -> list[Score]:
    inside = None if truth.radius is None else float(nearest <= truth.radius)
    return [_score("coverage", inside, "no other real submission to this problem")]


def _against(name: str, value: float | None, real: float | None, reason: str) -> list[Score]:
    difference = None if value is None or real is None else abs(value - real)
    return [_score(name, value, reason), _score(f"{name}_error", difference, reason)]


def _score(name: str, value: float | None, reason: str = "") -> Score:
    return Score(metric=name, value=None if value is None else float(value), reason="" if value is not None else reason)
