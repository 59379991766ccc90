"""The base class of filters, and what a filter may know."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from codekiln import plugins
from codekiln.data.records import Graded, Problem, Sample

Check = Callable[[Problem, Graded], str | None]
"""Returns None to keep the row, or a short kebab-case reason to reject it."""


class FilterSettings(BaseModel):
    """Base of a filter's own settings: frozen, and an unknown key is an error. Every field has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Context:
    """What a filter may know besides the row.

    Args:
        evaluation: The problems that models are evaluated on; ``contaminated`` needs them.
    """

    evaluation: Sequence[Problem] = ()


S = TypeVar("S", bound=FilterSettings)


class Filter(ABC, Generic[S]):
    """Rejects graded samples for one reason; one instance serves one pass over one data set and may keep state.

    Args:
        settings: The filter's own settings, an instance of its ``Settings``.
        context: What it may know besides the row.

    Attributes:
        name: The name of its file, and how settings and reports call it.
        describe: One sentence for reports.
        Settings: The schema of the filter's own settings.
    """

    name: ClassVar[str]
    describe: ClassVar[str]
    Settings: ClassVar[type[FilterSettings]] = FilterSettings

    def __init_subclass__(cls) -> None:
        cls.name = plugins.name_of(cls)

    def __init__(self, settings: S, context: Context) -> None:
        self.settings, self.context = settings, context

    @abstractmethod
    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return None to keep the row, or a short kebab-case reason to reject it; called once per row, in order."""


def program(problem: Problem, sample: Sample) -> str:
    """Return the text a sample stands for: its solution, or the prompt with its completion."""
    return sample.solution if sample.solution is not None else problem.prompt + (sample.completion or "")


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return re.findall(r"\w+|[^\w\s]", text)
