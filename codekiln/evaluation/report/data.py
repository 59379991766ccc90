"""What a report is made of: plain, frozen values, so that it can be drawn again without running anything."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.evaluation import Comparison, Evaluation, Gate
from codekiln.evaluation.measures import Measure


class Part(BaseModel):
    """Base of all parts of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BeforeAfter(Part):
    """Two replies to one problem, with their scores by measure."""

    task_id: str
    prompt: str
    before_name: str = "base"
    after_name: str
    before_code: str
    after_code: str
    before_scores: dict[str, float | None] = {}
    after_scores: dict[str, float | None] = {}


class Base(Part):
    """The base model everything started from."""

    id: str
    revision: str = ""
    digest: str = ""
    licence: str = ""


class Step(Part):
    """A finished stage: the folder it left, what it read, and how long it took."""

    name: str
    digest: str = ""
    inputs: dict[str, str] = Field({}, description="digest of each input folder, by name")
    rows: int | None = None
    seconds: float | None = None
    settings: dict[str, Any] = {}


class Adapter(Part):
    """An adapter this run trained."""

    name: str
    parent: str = ""
    reference: str = Field("", description="reference policy of its preference training; empty for SFT")
    digest: str = ""
    version: str = Field("", description="registered version; empty when it was not registered")


class Tracking(Part):
    """Where MLflow keeps this run."""

    uri: str = ""
    experiment: str = ""
    runs: dict[str, str] = Field({}, description="run id by name")


class ReportData(Part):
    """Everything a report shows.

    Attributes:
        title: Name of the run.
        question: What the run was to find out, in one sentence.
        created: When, as people write it.
        base: The base model.
        evaluation: What was measured, contenders in stage order.
        gate: The verdict, on which contender, and the target metric.
        against: The contender that the candidate is shown against.
        measures: What the measures mean.
        guard: What may not fall.
        references: Contenders that are no models of this run, for example what real people wrote.
        programs: Whether measures are taken of passing programs only.
        curves: Rows with ``step`` and numbers such as ``loss`` and ``eval_loss``, by stage.
        examples: A handful of programs before and after.
        rejected: Number of rejected rows by stage and reason.
        steps: Finished stages, in order.
        adapters: Adapters trained, in order.
        settings: Resolved settings.
        environment: Versions and hardware, by name.
        tracking: Where MLflow keeps this run.
    """

    title: str
    question: str
    created: str = ""
    base: Base
    evaluation: Evaluation
    gate: Gate
    against: str = "base"
    measures: tuple[Measure, ...] = ()
    guard: str = "pass@1"
    references: tuple[str, ...] = ()
    programs: bool = True
    curves: dict[str, list[dict[str, float]]] = {}
    examples: tuple[BeforeAfter, ...] = ()
    rejected: dict[str, dict[str, int]] = {}
    steps: tuple[Step, ...] = ()
    adapters: tuple[Adapter, ...] = ()
    settings: dict[str, Any] = {}
    environment: dict[str, str] = {}
    tracking: Tracking = Tracking()

    def compare(self, contender: str, measure: str) -> Comparison | None:
        """Return how ``contender`` differs from ``against``, or None when that was not measured."""
        wanted = (contender, self.against, measure)
        found = (item for item in self.evaluation.comparisons if (item.contender, item.against, item.measure) == wanted)
        return next(found, None)

    def measure(self, name: str) -> Measure:
        """Return what ``name`` means."""
        unknown = Measure(name=name, direction="higher" if name.startswith("pass@") else "none", describe="")
        return next((measure for measure in self.measures if measure.name == name), unknown)
