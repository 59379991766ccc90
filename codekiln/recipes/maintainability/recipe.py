"""Preference pairs that teach correct programs first, and among correct ones the better program by a code metric.

A pair belongs to one stratum. *quality*: both programs pass their tests and their metric values differ by a margin.
*correctness*: one passes, the other runs and fails. Programs that are equal but for names, comments and layout are
duplicates, so that no pair teaches a comment.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from codekiln.code import metrics
from codekiln.data.records import Graded, Problem
from codekiln.errors import InputError
from codekiln.recipes.base import Recipe
from codekiln.recipes.maintainability import export, tasks, validate
from codekiln.recipes.maintainability.rows import RowBuilder
from codekiln.recipes.maintainability.settings import MaintainabilitySettings
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows


class Maintainability(Recipe[MaintainabilitySettings]):
    """Quality pairs, correctness pairs, and examples, from graded solutions.

    Raises:
        InputError: There is no such metric, or the metric has no direction.
    """

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
        """Return the problems of the run, with conversations of their own where ``ask`` or ``system`` are set."""
        return tasks.with_conversations(super().problems(settings), self.settings)

    def asked(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return problems in the conversations that ``ask`` and ``system`` ask for."""
        return tasks.asked(problems, self.settings)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return examples and preference pairs; see `RowBuilder.build` for the reasons of rejection."""
        return RowBuilder(self.settings, self.metric, self._sign, self.seed).build(problems, graded)

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the pairs as one file, named by who wrote the programs: the teacher or the model itself."""
        return export.files(made)

    def card(self, made: BuiltDataset) -> str:
        """Return the section of the data card about the pairs."""
        return export.card(made, self.metric, self.settings.margin)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield every pair whose scores, order or margin do not hold when the metric is measured again."""
        return validate.validate(folder, self.settings, self.metric, self._sign)
