"""Rejects programs over the line or token limit."""

from typing import ClassVar

from pydantic import Field

from codekiln.data.records import Graded, Problem
from codekiln.filters.base import Filter, FilterSettings, program, tokens


class LengthSettings(FilterSettings):
    """The longest program that is kept."""

    max_lines: int = Field(100, ge=1, description="longest program, in lines that are not blank")
    max_tokens: int = Field(1_000, ge=1, description="longest program, in words and punctuation marks")


class Length(Filter[LengthSettings]):
    """Rejects long programs; reasons are ``too-many-lines`` and ``too-many-tokens``."""

    describe = "Keeps programs within the line and token limits."
    Settings: ClassVar[type[FilterSettings]] = LengthSettings

    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return which limit the program exceeds."""
        code = program(problem, graded.sample)
        if sum(1 for line in code.split("\n") if line.strip()) > self.settings.max_lines:
            return "too-many-lines"
        return "too-many-tokens" if len(tokens(code)) > self.settings.max_tokens else None
