"""Docstring, explanation, bug fix, completion and unit test tasks from the functions of any Python source tree."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from codekiln.data.folders import Rejected
from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.evaluation.measures import Measure
from codekiln.recipes.base import Recipe
from codekiln.recipes.corpus_tasks import card, export, validate
from codekiln.recipes.corpus_tasks.corpus_analysis import analyse_corpus
from codekiln.recipes.corpus_tasks.grading import grade_replies, validate_references
from codekiln.recipes.corpus_tasks.rejection_sampling import select_rows, without_repeats
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.source import Corpus, open_corpus
from codekiln.recipes.corpus_tasks.split import SplitSizes, split_tasks
from codekiln.recipes.corpus_tasks.tasks import build_tasks
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, Shortage, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher

_PROOF_SECONDS = 1
"""CPU seconds of a run of a corpus function: nearly all end at once, and one that loops is not used."""


class CorpusTasks(Recipe[CorpusTasksSettings]):
    """Five kinds of task about existing functions, answered by the source itself or by a teacher."""

    describe: ClassVar[str] = "Docstrings, explanations, bug fixes, completions and tests from any Python source tree."
    Settings: ClassVar[type[RecipeSettings]] = CorpusTasksSettings
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(name="behaviour", direction="higher", share=True,
                describe="Share of fixes, completions and tests that behave right when they are run."),
        Measure(name="style_score", direction="higher", share=True,
                describe="Share of the elements that a reply of its category should have."),
        Measure(name="hallucination_rate", direction="lower", share=True,
                describe="Share of replies with TODO, placeholder or other marks of unfinished work."),
        Measure(name="invented_names", direction="lower", share=True,
                describe="Share of replies with code that name parameters or things that do not exist."),
    )  # fmt: skip
    target: ClassVar[str] = "behaviour"
    passes: ClassVar[str] = "has every required element of its category"
    filters: ClassVar[tuple[str, ...] | None] = ()

    def sources(self) -> dict[str, str]:
        """Return the digest of the corpus."""
        return {"corpus": self._corpus().digest()}

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return tasks in exact proportions, split by file, whose reference answers are validated.

        Raises:
            InputError: The corpus does not exist.
            Shortage: It does not give as many tasks as asked for.
        """
        workers, limits = settings.workers or None, _proof_limits(settings.sandbox)
        uses_teacher = settings.teacher != "reference"
        analysis = analyse_corpus(self._corpus(), self.settings, self.seed, workers=workers, limits=limits)
        tasks, rejected = build_tasks(analysis.functions, self.settings, needs_reference=not uses_teacher)
        valid, invalid = validate_references(tasks, workers=workers, limits=limits)
        rejected += [*analysis.rejected, *invalid]
        if not uses_teacher:
            # References that repeat another would be missing from the rows, and there are no others in their place.
            valid, repeated = without_repeats(valid, self.settings.duplicate)
            rejected += repeated
        asked = settings.problems
        spare = self.settings.spare if uses_teacher else 0.0
        sizes = SplitSizes(asked.train, asked.evaluation, asked.evaluation_fraction, self.settings.shares, spare)
        try:
            split = split_tasks(valid, sizes, self.seed, shrinks=self.settings.shortage == "shrink")
        except Shortage as error:
            error.rejected = rejected
            raise
        rejected += [Rejected("not-needed", problem) for problem in split.unused]
        return ProblemSets(split.train, split.evaluation, rejected, split.notes)

    def read_sources(self, settings: RunSettings) -> None:
        """Read nothing: its sources take as long to read as to check."""

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each task with its reference answer, or with the replies of another teacher."""
        return self.reference_samples(problems) if teacher.name == "reference" else teacher.solve(problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return each reply with its verdict by the rubric and a score per measure."""
        return grade_replies(problems, samples, workers=workers, limits=limits, label=label)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return one row per task: the first reply that passes, is correct and hallucinates nothing.

        Raises:
            Shortage: Too few rows are left of a category.
        """
        return select_rows(problems, graded, self.settings)

    def files(self, dataset: BuiltDataset) -> dict[str, str | bytes]:
        """Return the three JSON files of the published data set."""
        return export.files(dataset)

    def card(self, dataset: BuiltDataset) -> str:
        """Return the card's sections about the rows."""
        return card.card(dataset, self.settings)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield everything that is wrong with the three files."""
        return validate.validate(folder, self.settings.shares)

    def _corpus(self) -> Corpus:
        own = self.settings
        return open_corpus(own.corpus, own.include, own.exclude, where="recipes.corpus-tasks.corpus")


def _proof_limits(limits: Limits) -> Limits:
    return limits.model_copy(update={"cpu_seconds": min(limits.cpu_seconds, _PROOF_SECONDS)})
