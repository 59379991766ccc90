"""What every filter is: a named reason to reject a graded sample."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from codekiln.data.records import Graded, Problem, Sample

Check = Callable[[Problem, Graded], str | None]
"""Returns None to keep the row, or a short kebab-case reason to reject it."""


@dataclass(frozen=True)
class Context:
    """What filters may know besides the row.

    Args:
        evaluation: The problems that models will be judged on; ``contaminated`` needs them.
        max_lines: Longest program that ``length`` keeps, in lines that are not blank.
        max_tokens: Longest program that ``length`` keeps, in words and punctuation marks.
    """

    evaluation: Sequence[Problem] = ()
    max_lines: int = 100
    max_tokens: int = 1_000


@dataclass(frozen=True)
class Filter:
    """A reason to reject rows.

    Args:
        name: The name of its file, and how settings and reports call it.
        describe: One sentence for reports.
        create: Makes the check for one pass over one data set; what it has seen so far lives in there.
    """

    name: str
    describe: str
    create: Callable[[Context], Check]


def program(problem: Problem, sample: Sample) -> str:
    """Return the text a sample stands for: its solution, or the prompt with its completion."""
    return sample.solution if sample.solution is not None else problem.prompt + (sample.completion or "")


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of a text, in order."""
    return re.findall(r"\w+|[^\w\s]", text)
