"""Preference pairs that teach correct programs first, and among correct ones the better program by a code metric.

A pair belongs to one stratum. *quality*: both programs pass their tests and their metric values differ by a margin.
*correctness*: one passes, the other runs and fails. Programs that are equal but for names, comments and layout are
duplicates, so that no pair teaches a comment.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from codekiln.code import metrics
from codekiln.data.records import Graded, Problem, Sample
from codekiln.data.training_files.files import digests
from codekiln.errors import InputError, both
from codekiln.recipes import problem_sets
from codekiln.recipes.base import Recipe
from codekiln.recipes.maintainability import export, given_pairs, label_agreement, tasks, validate
from codekiln.recipes.maintainability.rows import RowBuilder
from codekiln.recipes.maintainability.settings import MaintainabilitySettings
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows, joined
from codekiln.teachers import Teacher


class Maintainability(Recipe[MaintainabilitySettings]):
    """Quality pairs, correctness pairs, and examples, from graded solutions.

    Raises:
        InputError: There is no such metric, or the metric has no direction.
    """

    by_shard: ClassVar[bool] = True
    describe: ClassVar[str] = "Preference pairs of solutions: passing over failing, better over worse by a code metric."
    Settings: ClassVar[type[RecipeSettings]] = MaintainabilitySettings

    def __init__(self, settings: MaintainabilitySettings, *, metric: str, seed: int) -> None:
        super().__init__(settings, metric=metric, seed=seed)
        direction = metrics.get(metric).direction
        if direction == "none":
            known = [name for name in metrics.names() if metrics.get(name).direction != "none"]
            raise InputError(
                f"'{metric}' does not say which program is better",
                where="metric",
                fix=f"choose one of: {', '.join(known)}",
            )
        self._sign = 1.0 if direction == "higher" else -1.0

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return the problems of the run, with conversations of their own where ``ask`` or ``system`` are set.

        Raises:
            InputError: Of the problems, or of given pairs: they are read here too, before anything is generated.
        """
        made = super().problems(settings)
        if self.settings.pairs:
            given_pairs.read(self.settings.pairs, made.train)
        return tasks.with_conversations(made, self.settings)

    def read_sources(self, settings: RunSettings) -> None:
        """Read the problems, and the files of pairs for their form."""
        both(partial(problem_sets.load, settings), partial(given_pairs.read_forms, self.settings.pairs))

    def sources(self) -> dict[str, str]:
        """Return the sha256 of each file of pairs."""
        return digests(self.settings.pairs)

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with the programs of its given pairs, or, without any, with what the teacher writes."""
        if not self.settings.pairs:
            return super().generate(problems, teacher)
        problems = list(problems)
        given = given_pairs.read(self.settings.pairs, problems)
        for line in given.lines():
            print(f"generate: {line}", flush=True)
        return given_pairs.samples(given, problems)

    def asked(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return problems in the conversations that ``ask`` and ``system`` ask for."""
        return tasks.asked(problems, self.settings)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return examples and preference pairs; see `RowBuilder` for the reasons of rejection."""
        return self.merge([self.rows_of_shard(problems, graded)])

    def rows_of_shard(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return examples and pairs of some problems, with correctness pairs over their share."""
        graded = list(graded)
        rows = self._builder.build(problems, graded)
        if pairs := label_agreement.judge(graded):
            rows.notes += label_agreement.lines(pairs, self.metric, self.settings.margin)
        return rows

    def merge(self, shards: Iterable[TrainingRows]) -> TrainingRows:
        """Return the rows of all problems: correctness pairs have their share of all pairs."""
        return self._builder.within_share(joined(shards))

    @property
    def _builder(self) -> RowBuilder:
        return RowBuilder(self.settings, self.metric, self._sign, self.seed)

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the pairs as one file, named by who wrote the programs, and what became of given pairs."""
        given = label_agreement.judge(made.graded)
        table: dict[str, str | bytes] = {label_agreement.FILE: label_agreement.text(given)} if given else {}
        return export.files(made) | table

    def card(self, made: BuiltDataset) -> str:
        """Return the section of the data card about the pairs."""
        given = label_agreement.judge(made.graded)
        paragraphs = label_agreement.card(given, self.metric, self.settings.margin)
        return "\n\n".join([export.card(made, self.metric, self.settings.margin), *paragraphs])

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield every pair whose scores, order or margin do not hold when the metric is measured again."""
        return validate.validate(folder, self.settings, self.metric, self._sign)
