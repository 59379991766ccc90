"""What passes between a recipe and the stages: settings, problem sets, training rows and the data set built of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Labelled, Pair, Problem
from codekiln.errors import InputError
from codekiln.sandbox.limits import Limits


class RecipeSettings(BaseModel):
    """Base of a recipe's own settings: frozen, and an unknown key is an error. Every field has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


ProblemFormat = Literal[
    "auto", "mbpp", "mbpp-plus", "sanitized-mbpp", "humaneval", "humaneval-plus", "livecodebench", "leetcode", "apps",
    "verifiable", "deepcoder", "acecode", "verl", "rstar", "codeforces", "plain",
]  # fmt: skip
"""How a source of problems is written; auto: told from its first row."""


class ProblemSettings(RecipeSettings):
    """Which problems are trained on, and which are evaluated on."""

    source: str = Field("tiny", description="'tiny' (shipped), a path, or a Hub id")
    format: ProblemFormat = Field("auto", description="how the source is written")
    evaluation_source: str = Field("", description="problems to evaluate on; empty: split off the source by group")
    evaluation_fraction: float = Field(
        0.3, gt=0, lt=1, description="share of the groups split off when there is no evaluation_source"
    )
    train: int | None = Field(None, ge=1, description="at most so many training problems; empty: all")
    evaluation: int | None = Field(None, ge=1, description="at most so many evaluation problems; empty: all")
    asked_without_tests: float = Field(
        0.0,
        ge=0,
        le=1,
        description="share of the training problems whose prompt shows no test, so that the model also answers people "
        "who give none; of those alone whose prompt names the function",
    )


class RunSettings(Protocol):
    """What a recipe may know of the settings of a run; `codekiln.settings.schema.Settings` has all of it."""

    @property
    def problems(self) -> ProblemSettings:
        """Which problems are trained on, and which are evaluated on."""

    @property
    def teacher(self) -> str:
        """Name of the teacher that writes candidates."""

    @property
    def seed(self) -> int:
        """Seeds every choice of the run."""

    @property
    def workers(self) -> int:
        """Sandbox workers; 0: one per core."""

    @property
    def sandbox(self) -> Limits:
        """What one program may use."""


class Shortage(InputError):
    """There are too few problems or rows; the stage writes those that were rejected before it ends with this error.

    Attributes:
        rejected: What was rejected, with reasons.
    """

    rejected: Sequence[Rejected] = ()


@dataclass
class TrainingRows:
    """The training rows that a recipe builds from graded candidates.

    Attributes:
        examples: Rows for supervised fine-tuning.
        pairs: Rows for DPO.
        labelled: Rows for KTO; empty: made of the examples, the pairs and the candidates that fail.
        rejected: Rejected rows, each with a short kebab-case reason.
        notes: What a user has to know of the rows, such as which are fewer than were asked for.
    """

    examples: list[Example] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    labelled: list[Labelled] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def joined(parts: Iterable[TrainingRows]) -> TrainingRows:
    """Return the rows of several parts, in order."""
    whole = TrainingRows()
    for part in parts:
        for name in ("examples", "pairs", "labelled", "rejected", "notes"):
            getattr(whole, name).extend(getattr(part, name))
    return whole


@dataclass
class ProblemSets:
    """The problems of a run.

    Attributes:
        train: What training rows are built from.
        evaluation: What contenders are evaluated on; ``train`` holds none of it and nothing that nearly repeats it.
        rejected: Rejected problems, each with a short kebab-case reason.
        notes: What a user has to know of the problems, such as which are fewer than were asked for.
    """

    train: list[Problem]
    evaluation: list[Problem]
    rejected: list[Rejected] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class BuiltDataset:
    """Everything a data set consists of, for the files and the card that a recipe adds to it.

    Attributes:
        train: The training problems.
        evaluation: The evaluation problems.
        graded: Candidates that the filters kept, with verdicts and scores; many are read from files each time.
        rows: The training rows that the recipe built from them.
        step: The step that built it: ``filter``, or ``self_filter`` for a model's own programs.
        base_model: The model that is to be trained on it.
    """

    train: Sequence[Problem]
    evaluation: Sequence[Problem]
    graded: Collection[Graded]
    rows: TrainingRows
    step: str = "filter"
    base_model: str = ""
