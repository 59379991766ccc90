"""Debugging exercises: a correct program becomes the same program with exact counts of errors, each explained.

Every error of every row is proven alone: a syntax error does not parse, a runtime error raises where the correct
program does not, a logical error changes what is printed or returned. Line numbers come from the diff of the two
programs. Replies of a trained model, and of a teacher, are graded by the same proof.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.evaluation.measures import Measure
from codekiln.recipes.base import Recipe
from codekiln.recipes.debugging import export, grading, problem_sets, rows, source, validate
from codekiln.recipes.debugging.settings import DebuggingSettings
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher


class Debugging(Recipe[DebuggingSettings]):
    """Rows of (request, bugged program with explanations), from proven mutations or from a teacher that is checked."""

    describe: ClassVar[str] = "Debugging exercises: programs with exact counts of proven errors, located and explained."
    Settings: ClassVar[type[RecipeSettings]] = DebuggingSettings
    measures: ClassVar[tuple[Measure, ...]] = grading.MEASURES
    target: ClassVar[str] = "counts_exact"
    guard: ClassVar[str] = "recoverable"
    passes: ClassVar[str] = "has exactly the errors asked for, each on its line and named, and changes nothing else"
    filters: ClassVar[tuple[str, ...]] = ()

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return exercises with reference replies; both splits are proven, and no exercise is in both.

        Raises:
            InputErrors: The content or the examples cannot be read.
            InputError: One split would be empty.
        """
        return problem_sets.build(self.settings, settings, self.seed)

    def read_sources(self, settings: RunSettings) -> None:
        """Read nothing: its sources take as long to read as to check."""

    def dedup_text(self, problem: Problem) -> str:
        """Return the correct program."""
        return str(problem.grading_context["program"])

    def sources(self) -> dict[str, str]:
        """Return the sha256 of the content and of the examples, where they are folders of the user's."""
        named = {"content": self.settings.content, "examples": self.settings.examples}
        return {name: source.folder_digest(Path(path)) for name, path in named.items() if path}

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield the reference replies, or a teacher's, which are proven before they become rows."""
        return self.reference_samples(problems) if teacher.name == "reference" else teacher.solve(problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Grade replies by the proof; every reply has a value of every measure, also one that cannot be parsed."""
        return grading.grade(problems, samples, workers=workers, limits=self.settings.limits(limits), label=label)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return one example per correct reply; other replies are rejected with their first fault, and kept."""
        return rows.build(problems, graded, self.settings.replies_per_request)

    def references(self, problems: Sequence[Problem]) -> dict[str, list[Sample]]:
        """Return the reference replies, as the contender ``engine``."""
        known = [problem for problem in problems if problem.reference is not None]
        return {"engine": [Sample(task_id=row.task_id, solution=row.reference, model="engine") for row in known]}

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the two chat files under the published names, and every exercise with its trials."""
        return export.files(made)

    def card(self, made: BuiltDataset) -> str:
        """Return the section of the data card: what a row is, how it was proven, and counts."""
        return export.card(made, self.settings)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield what is wrong with the chat files, after proving every row of them again."""
        return validate.validate(folder, self.settings.limits(Limits()))
