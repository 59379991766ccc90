"""Data sets by difficulty: the solve rate of a problem is its difficulty, and each data set has a stated ratio.

A problem's difficulty is its pass@1 over all samples there are, of one model or of several. A data set ("mix") holds
verified solutions of easy, medium and hard problems in exactly the ratio asked for, as many as there are for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from codekiln.data.records import Graded, Problem, Sample
from codekiln.errors import InputError, InputErrors, both, mistakes
from codekiln.recipes import problem_sets
from codekiln.recipes.base import Recipe
from codekiln.recipes.difficulty import card, export, grading, mixture, rows, source, tasks, validate
from codekiln.recipes.difficulty.settings import DifficultySettings
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher


class Difficulty(Recipe[DifficultySettings]):
    """Rates problems by what models achieve, and makes data sets with exact shares of easy, medium and hard."""

    describe: ClassVar[str] = "Data sets with exact shares of easy, medium and hard problems, rated by model runs."
    Settings: ClassVar[type[RecipeSettings]] = DifficultySettings
    target: ClassVar[str] = "pass@1"
    # A filter that drops samples would change the solve rates; `mixture.FILTERS` apply to solutions only.
    filters: ClassVar[tuple[str, ...]] = ("contaminated",)

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return the problems of the run, none near an evaluation problem, strata by the source's difficulty.

        Raises:
            InputErrors: Of the problems, or of runs: they are read here too, before anything is generated.
        """
        try:
            found = super().problems(settings)
        except InputError as error:
            raise InputErrors(mistakes(lambda: source.read_forms(self.settings.runs), error)) from None
        made = tasks.remove_overlapping(found, self.settings.near_duplicate)
        if self.settings.runs:
            source.read(self.settings.runs, made.train)
        return made

    def read_sources(self, settings: RunSettings) -> None:
        """Read the problems, and the files of runs for their form."""
        both(partial(problem_sets.load, settings), partial(source.read_forms, self.settings.runs))

    def sources(self) -> dict[str, str]:
        """Return the sha256 of each run's file."""
        return source.digests(self.settings.runs)

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with its samples of all runs, or, without runs, with what the teacher writes.

        Raises:
            InputError: The teacher rewrites references, which says nothing about difficulty; a run cannot be read.
        """
        if self.settings.runs:
            return source.from_runs(self.settings.runs, problems)
        return source.from_teacher(teacher, problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return verdicts of the sandbox; each sample also carries how often its problem was tried and solved."""
        return grading.add_counts(super().grade(problems, samples, workers=workers, limits=limits, label=label))

    def score(self, problems: Sequence[Problem], graded: Sequence[Graded], *, every: bool = False) -> list[Graded]:
        """Return the same rows with the code metrics of passing programs beside the counts."""
        return grading.keep_counts(super().score(problems, graded, every=every), graded)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return the examples of the mix that is trained on; everything else is rejected with its reason.

        Raises:
            InputError: That mix cannot be made; the message has what it needs and what there is.
        """
        graded = list(graded)
        rated, mixes = mixture.build(list(problems), graded, self.settings, self.seed)
        return rows.build(rated, mixes, self.settings.mix, graded)

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return every mix as JSON Lines and CSV, the tables of problems, runs and mixes, and two plots."""
        rated, mixes = mixture.build(made.train, made.graded, self.settings, self.seed)
        return export.files(made, rated, mixes, self.settings)

    def card(self, made: BuiltDataset) -> str:
        """Return the section of the data card about the mixes."""
        rated, mixes = mixture.build(made.train, made.graded, self.settings, self.seed)
        return card.text(rated, mixes, self.settings, made.graded)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield every ratio, label, output, verdict or overlap with evaluation that the files contradict."""
        return validate.validate(folder, self.settings)
