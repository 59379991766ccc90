"""What filter does with the samples of some problems: grades, filters and scores them, and builds their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from codekiln import filters
from codekiln.data.folders import Dataset, Rejected
from codekiln.data.records import Graded, Problem
from codekiln.data.shards import Shard, ShardJournal, read_shard, write_shard
from codekiln.recipes.base import Recipe
from codekiln.recipes.decontamination import EvaluationTexts, reject_near_duplicates
from codekiln.recipes.types import TrainingRows
from codekiln.settings.schema import Settings
from codekiln.stages.configured import grade, recipe_of
from codekiln.stages.sample_shards import SampleShard

SAMPLES, PASSED = "samples", "passed"


@dataclass(frozen=True)
class FilteredShard:
    """A finished shard of graded candidates.

    Attributes:
        shard: What was written; ``passed`` counts the candidates that passed, before the filters.
        rows: Its training rows, where the recipe builds them shard by shard.
    """

    shard: Shard
    rows: TrainingRows | None


@dataclass(frozen=True)
class FilterShards:
    """Called with a shard of samples, writes its graded candidates and returns the rest.

    A shard that is whole is not graded again. A copy that has read nothing is pickled, so that each process reads
    the problems for itself.

    Attributes:
        settings: Of the run.
        train: Folder of the training problems.
        evaluation: Folder of the evaluation problems.
        graded: Folder that gets the graded candidates.
        step: Name of the step, for progress.
    """

    settings: Settings
    train: Path
    evaluation: Path
    graded: Path
    step: str

    def __call__(self, shard: SampleShard) -> FilteredShard:
        """Return a shard of graded candidates."""
        problems = self.problems[shard.problems.start : shard.problems.stop]
        journal = ShardJournal(self.graded, shard.of)
        written = journal.find(shard.number)
        if written is None:
            kept, rejected, passed = self._grade(problems, shard)
            written = write_shard(self.graded, kept, rejected, shard.number, shard.of)
            written = written.model_copy(update={"figures": {PASSED: passed}})
            journal.add(written)
        else:
            kept = read_shard(self.graded, Graded, shard.number, shard.of)
        rows = self.recipe.rows_of_shard(problems, kept) if self.recipe.by_shard else None
        return FilteredShard(written, rows)

    def _grade(self, problems: Sequence[Problem], shard: SampleShard) -> tuple[list[Graded], list[Rejected], int]:
        graded = grade(self.recipe, problems, shard.samples(SAMPLES), self.settings, self.step)
        kept, rejected = self._filter(problems, graded)
        kept, close = reject_near_duplicates(problems, kept, self.texts)
        passed = sum(row.verdict.passed for row in graded)
        return self.recipe.score(problems, kept), [*rejected, *close], passed

    def _filter(self, problems: Sequence[Problem], graded: Sequence[Graded]) -> tuple[list[Graded], list[Rejected]]:
        """Return the candidates that all filters keep, and the others with the reason of the first that objects."""
        by_id = {problem.task_id: problem for problem in problems}
        settings, chosen = self.settings, self.recipe.filters
        names = settings.filters if chosen is None else chosen
        check = filters.chain(names, settings.filter_settings, evaluation=self.evaluation_problems)
        kept: list[Graded] = []
        rejected: list[Rejected] = []
        for row in graded:
            reason = check(by_id[row.sample.task_id], row)
            if reason:
                rejected.append(Rejected(reason, row))
            else:
                kept.append(row)
        return kept, rejected

    @cached_property
    def recipe(self) -> Recipe[Any]:
        """The recipe of the run."""
        return recipe_of(self.settings)

    @cached_property
    def problems(self) -> list[Problem]:
        """The training problems."""
        return Dataset(self.train, Problem).rows()

    @cached_property
    def evaluation_problems(self) -> list[Problem]:
        """The evaluation problems."""
        return Dataset(self.evaluation, Problem).rows()

    @cached_property
    def texts(self) -> EvaluationTexts:
        """The texts that no candidate may nearly repeat."""
        return EvaluationTexts(self.recipe, self.evaluation_problems)
