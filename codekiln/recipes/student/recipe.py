"""What a student submits next, mistakes included: rows of experiments 1 and 2 of ParaStudent, evaluated by realism."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from codekiln.code.distance import PairwiseDistance, pairwise_preorder_distances
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.evaluation.measures import Measure
from codekiln.recipes.base import Recipe
from codekiln.recipes.student import card, export, pairing, reconstruction, split, validate
from codekiln.recipes.student.grading import grade_replies
from codekiln.recipes.student.measures import DISTANCES, MEASURES
from codekiln.recipes.student.settings import StudentSettings
from codekiln.recipes.student.source import CourseData, file_digests, pseudonymise, read_source, without_thoughts
from codekiln.recipes.student.tasks import build_problem_sets
from codekiln.recipes.student.variants import Variant
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher


class Student(Recipe[StudentSettings]):
    """Real submissions of students, from streams or rows; no teacher writes any, but one may write what they think."""

    describe: ClassVar[str] = "What a student hands in next, mistakes included, judged by how real it looks."
    Settings: ClassVar[type[RecipeSettings]] = StudentSettings
    measures: ClassVar[tuple[Measure, ...]] = MEASURES
    target: ClassVar[str] = "ast_distance"
    by_shard: ClassVar[bool] = True
    # Correctness must not be the guard: a model that fixes students' mistakes is less realistic, not better.
    guard: ClassVar[str] = "valid"
    passes: ClassVar[str] = "is one whole code block or edit script"
    filters: ClassVar[tuple[str, ...] | None] = ()
    distances: ClassVar[dict[str, tuple[str, ...]]] = DISTANCES

    @cached_property
    def data(self) -> CourseData:
        """The data of the source, pseudonymised where the settings ask for it."""
        own = self.settings
        found = read_source(own.source, own.problems_file, own.variant, own.students, self.seed)
        found = found if own.thinking else without_thoughts(found)
        return pseudonymise(found, self.seed) if own.pseudonyms else found

    def split_rows(self, variant: Variant) -> split.SplitRows:
        """Return the training and evaluation rows of a variant."""
        own = self.settings
        return split.split_rows(self.data, variant, own.hold_out, own.past_problems, own.near_duplicate, self.seed)

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return rows as problems, with every real submission run and measured.

        Raises:
            InputErrors: Everything that is wrong with the source, at once.
        """
        rows, questions = self.split_rows(self.settings.variant), self.data.course.questions
        found = build_problem_sets(rows, questions, self.settings, settings, self._distance, self.seed)
        if self.settings.thinking:
            reconstruction.refuse_missing(found.train, settings.teacher)
        return found

    def read_sources(self, settings: RunSettings) -> None:
        """Read nothing: its sources take as long to read as to check."""

    def dedup_text(self, problem: Problem) -> str:
        """Return nothing: students share the problem's text, so `split.overlaps` compares only their own code."""
        return ""

    def sources(self) -> dict[str, str]:
        """Return the sha256 of the files that the settings name."""
        return file_digests(self.settings.source, self.settings.problems_file, self.settings.variant)

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with the real submission; at most the thought before it is the teacher's."""
        if self.settings.thinking:
            return reconstruction.samples_with_thoughts(problems, teacher, self.settings.template)
        return self.reference_samples(problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return replies with a verdict on their form and a score of every measure."""
        template = self.settings.template
        return grade_replies(problems, samples, template, self._distance, workers=workers, limits=limits, label=label)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return an example of every real submission, and preference pairs where two grades differ."""
        return pairing.build_rows(problems, graded, with_pairs=self.settings.pairs, template=self.settings.template)

    def references(self, problems: Sequence[Problem]) -> dict[str, list[Sample]]:
        """Return the real submissions."""
        return {"real": [Sample(task_id=row.task_id, solution=row.reference, model="real", seed=0) for row in problems]}

    def files(self, dataset: BuiltDataset) -> dict[str, str | bytes]:
        """Return the rows of the variants, by split and cell, and the problems.

        Raises:
            InputError: The source has changed since the problems were built.
        """
        variant = self.settings.variant
        problems = [*dataset.train, *dataset.evaluation]
        export.refuse_changed_source(self.split_rows(variant), problems, self.settings.source)
        return dict(export.files(self.data, self.split_rows, variant))

    def card(self, dataset: BuiltDataset) -> str:
        """Return the card's sections about the rows."""
        return card.card(self.data, self.split_rows(self.settings.variant), self.settings)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield wrong rows, streams in both splits, and leaks through contexts and near-duplicates."""
        return validate.validate(folder, self.settings.near_duplicate)

    @cached_property
    def _distance(self) -> PairwiseDistance:
        if not self.settings.embedding_model:
            return pairwise_preorder_distances
        from codekiln.recipes.student.embedding import Embedder  # imports torch, which takes seconds

        return Embedder(self.settings.embedding_model).distances
