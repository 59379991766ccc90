"""The data of a report: plain, frozen values, from which it can be rendered again without running anything."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.evaluation import Comparison, Evaluation, Gate
from codekiln.evaluation.measures import Measure


class ReportPart(BaseModel):
    """Base of all parts of a report's data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BeforeAfter(ReportPart):
    """Two replies to one problem, with their scores by measure."""

    task_id: str
    prompt: str
    before_name: str = "base"
    after_name: str
    before_code: str
    after_code: str
    before_scores: dict[str, float | None] = {}
    after_scores: dict[str, float | None] = {}


class BaseModelInfo(ReportPart):
    """The base model that the run adapts."""

    id: str
    revision: str = ""
    digest: str = ""
    licence: str = ""


class StageInfo(ReportPart):
    """A finished stage: the digests of its output and inputs, its size and its duration."""

    name: str
    digest: str = ""
    inputs: dict[str, str] = Field({}, description="digest of each input folder, by name")
    rows: int | None = None
    seconds: float | None = None
    settings: dict[str, Any] = {}


class FileInfo(ReportPart):
    """A file that a comparison read, where no run made it."""

    what: str
    path: str
    rows: int | None = None
    digest: str = ""


class AdapterInfo(ReportPart):
    """An adapter that the run trained."""

    name: str
    parent: str = ""
    reference: str = Field("", description="reference policy of its preference training; empty for SFT")
    digest: str = ""
    version: str = Field("", description="registered version; empty when it was not registered")


class Command(ReportPart):
    """Something a reader may do next: what for, and the lines to copy."""

    title: str
    text: str
    language: str = Field("sh", description="what the lines are, for highlighting")


class TrackingInfo(ReportPart):
    """Where MLflow has the run."""

    uri: str = ""
    experiment: str = ""
    runs: dict[str, str] = Field({}, description="run id by name")


class ReportData(ReportPart):
    """All data of a report.

    Attributes:
        title: Name of the run.
        question: The question that the run answers, in one sentence.
        created: Date and time of the report, as text.
        base: The base model.
        evaluation: What was measured, contenders in stage order.
        gate: The decision, with the candidate and the target metric.
        against: The contender that the candidate is compared with.
        measures: Names, directions and descriptions of the measures.
        guard: The measure that may not fall.
        labels: Names of contenders for people, by contender; one without is shown by its own name.
        references: Contenders that are not models of this run, for example replies of real people.
        programs: Whether measures are taken of passing programs only.
        held_out: Whether it is known that no model was trained on the problems.
        curves: Rows with ``step`` and numbers such as ``loss`` and ``eval_loss``, by stage.
        examples: Replies of the base model and of the candidate to the same problems.
        source: Where problems and training data come from, in a sentence.
        rows: Numbers of rows by stage and kind, such as samples, examples and pairs.
        rejected: Number of rejected rows by stage and reason.
        steps: Finished stages, in order.
        files: Files that were compared, where no run made what is evaluated.
        adapters: Adapters trained, in order.
        champion_before: The champion before the decision, in words; empty: not known.
        commands: How to use the adapter, and how to undo its promotion.
        settings: Resolved settings.
        environment: Versions and hardware, by name.
        tracking: Where MLflow has the run.
    """

    title: str
    question: str
    created: str = ""
    base: BaseModelInfo
    evaluation: Evaluation
    gate: Gate
    against: str = "base"
    measures: tuple[Measure, ...] = ()
    guard: str = "pass@1"
    labels: dict[str, str] = {}
    references: tuple[str, ...] = ()
    programs: bool = True
    held_out: bool = True
    curves: dict[str, list[dict[str, float]]] = {}
    examples: tuple[BeforeAfter, ...] = ()
    source: str = ""
    rows: dict[str, dict[str, int]] = {}
    rejected: dict[str, dict[str, int]] = {}
    steps: tuple[StageInfo, ...] = ()
    files: tuple[FileInfo, ...] = ()
    adapters: tuple[AdapterInfo, ...] = ()
    champion_before: str = ""
    commands: tuple[Command, ...] = ()
    settings: dict[str, Any] = {}
    environment: dict[str, str] = {}
    tracking: TrackingInfo = TrackingInfo()

    def name(self, contender: str) -> str:
        """Return the name of a contender for people."""
        return self.labels.get(contender, contender)

    def compare(self, contender: str, measure: str, benchmark: str = "") -> Comparison | None:
        """Return the comparison of ``contender`` with ``against``, or None when it was not evaluated."""
        wanted, where = (contender, self.against, measure), self.evaluation.on(benchmark)
        found = (item for item in where.comparisons if (item.contender, item.against, item.measure) == wanted)
        return next(found, None)

    def measure(self, name: str) -> Measure:
        """Return a measure by name; one that the report has no description of has an empty one."""
        unknown = Measure(name=name, direction="higher" if name.startswith("pass@") else "none", describe="")
        return next((measure for measure in self.measures if measure.name == name), unknown)
