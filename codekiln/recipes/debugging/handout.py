"""An exercise for learners with its answer key, as plain text, JSON and Markdown."""

from dataclasses import asdict, dataclass
from typing import Any

from codekiln.recipes.debugging.material import CLASSES, ErrorCounts


@dataclass(frozen=True)
class AnswerKeyEntry:
    """One error in the answer key: its line in the bugged program, its class, and its explanation."""

    line: int
    error: str
    explanation: str


@dataclass(frozen=True)
class Exercise:
    """A bugged program with its answers.

    Attributes:
        description: The programming problem.
        counts: Errors of each class.
        bugged: The program for the learner.
        solutions: Every error, from the first line to the last.
        correct: The program without errors.
        stdins: Inputs that it can be run with.
        guessed: Whether the inputs were inferred from the program, because none were given.
        author: The mutation engine, or the adapter that wrote it.
    """

    description: str
    counts: ErrorCounts
    bugged: str
    solutions: tuple[AnswerKeyEntry, ...]
    correct: str
    stdins: tuple[str, ...]
    guessed: bool
    author: str

    @property
    def task(self) -> str:
        """The instruction to the learner."""
        parts = [f"{self.counts.of(name)} {name}" for name in CLASSES if self.counts.of(name)]
        listed = " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
        return f"This program has {listed} {'error' if self.counts.total == 1 else 'errors'}. Find and correct them."

    def render(self) -> str:
        """Return the exercise, then its answers, as plain text."""
        answers = [f"Line {item.line} ({item.error} error): {item.explanation}" for item in self.solutions]
        notes = [f"(tried with inputs that were guessed: {self._inputs()})"] if self.guessed else []
        body = [self.description, self.task, self.bugged.rstrip("\n"), "Answers", "\n".join(answers), *notes]
        return "\n\n".join(part for part in body if part)

    def as_json(self) -> dict[str, Any]:
        """Return all fields as JSON types."""
        return asdict(self) | {"solutions": [asdict(item) for item in self.solutions], "stdins": list(self.stdins)}

    def markdown(self) -> str:
        """Return the exercise with its answers in a collapsed section."""
        answers = [f"* Line {item.line}, {item.error} error: {item.explanation}" for item in self.solutions]
        fold = ["<details><summary>Answers</summary>", "\n".join(answers), _code(self.correct), "</details>"]
        return "\n\n".join(part for part in [self.description, self.task, _code(self.bugged), *fold] if part)

    def _inputs(self) -> str:
        return "; ".join(", ".join(text.split("\n")[:-1]) for text in self.stdins)


def _code(program: str) -> str:
    fence = "```"
    while fence in program:
        fence += "`"
    return f"{fence}python\n{program.rstrip(chr(10))}\n{fence}"
