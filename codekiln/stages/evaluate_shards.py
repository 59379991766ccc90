"""What evaluate does with all contenders' samples of some problems: grades and scores them, and takes their values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from codekiln.code import metrics
from codekiln.data.folders import Dataset, finish_dataset
from codekiln.data.records import Graded, Problem, Sample
from codekiln.data.shards import Shard, ShardJournal, read_shard, write_shard
from codekiln.evaluation import measures
from codekiln.evaluation.running import Values
from codekiln.evaluation.summary import Evaluation, evaluate_values, joined_values, values_per_problem
from codekiln.recipes.base import Recipe, grade_programs, score_programs
from codekiln.settings.schema import Settings
from codekiln.stages import benchmarks
from codekiln.stages.base import code_version
from codekiln.stages.configured import grade, recipe_of
from codekiln.stages.sample_shards import SampleShard, cut_samples
from codekiln.stages.worker_pool import map_shards


@dataclass(frozen=True)
class EvaluatedShard:
    """A finished shard: what was written of each contender, values per problem, and samples per problem."""

    shards: Mapping[str, Shard]
    values: Mapping[str, Mapping[str, Values]]
    samples: int


@dataclass(frozen=True)
class EvaluateShards:
    """Called with a shard of samples, writes graded samples by contender and returns the values of its problems.

    All contenders' samples of a shard are graded in one call, which runs equal programs once. A shard that is whole is
    not graded again. A copy that has read nothing is pickled, so that each process reads the problems for itself.

    Attributes:
        settings: Of the run.
        evaluation: Folder of the evaluation problems.
        graded: Folder that gets a folder of graded samples for each contender.
        step: Name of the step, for progress.
        benchmark: The further benchmark whose problems are evaluated, as programs by hidden tests; empty: the main
            problems, as the recipe grades them, with its references among the contenders.
    """

    settings: Settings
    evaluation: Path
    graded: Path
    step: str
    benchmark: str = ""

    def evaluate(self, written: Mapping[str, Dataset[Sample]]) -> Evaluation:
        """Return the results of contenders from their samples, those of other problems left out."""
        problems, settings = self.problems, self.settings
        shards = cut_samples(problems, written, settings.shard_rows, others=True)
        found = list(map_shards(self, shards, self.label))
        for name in found[0].shards:
            folder = self.graded / name
            finish_dataset(folder, Graded, [one.shards[name] for one in found], code_version=code_version())
            ShardJournal(folder, len(found)).clear()
        values, samples = joined_values([(one.values, one.samples) for one in found])
        return evaluate_values(
            values,
            samples,
            groups={row.task_id: row.group for row in problems},
            strata={row.task_id: row.stratum for row in problems},
            resamples=settings.evaluation.resamples,
            seed=settings.seed,
            **self._of_recipe(),
        )

    def __call__(self, shard: SampleShard) -> EvaluatedShard:
        """Return a shard of evaluated samples."""
        problems = self.problems[shard.problems.start : shard.problems.stop]
        known = {} if self.benchmark else self.recipe.references(problems)
        names = [*known, *shard.pieces]
        journals = {name: ShardJournal(self.graded / name, shard.of) for name in names}
        shards = {name: written for name in names if (written := journals[name].find(shard.number))}
        if len(shards) == len(names):
            graded = {name: read_shard(self.graded / name, Graded, shard.number, shard.of) for name in names}
        else:
            graded = self._grade(problems, known | {name: shard.samples(name) for name in shard.pieces})
            for name, rows in graded.items():
                shards[name] = write_shard(self.graded / name, rows, (), shard.number, shard.of)
                journals[name].add(shards[name])
        times = dict.fromkeys(known, self.settings.evaluate.n)
        values, samples = values_per_problem(
            {name: _repeated(rows, times.get(name, 1)) for name, rows in graded.items()},
            self._metrics,
            self.settings.evaluation.k,
            of_passing=() if self.recipe.measures and not self.benchmark else self._metrics,
            all_samples=() if self.benchmark else self.recipe.over_all_samples,
        )
        return EvaluatedShard(shards, values, samples)

    def _grade(self, problems: Sequence[Problem], written: Mapping[str, Sequence[Sample]]) -> dict[str, list[Graded]]:
        everything = [row.model_copy(update={"model": name}) for name, rows in written.items() for row in rows]
        if self.benchmark:
            workers, limits = self.settings.workers or None, self.settings.sandbox
            verdicts = grade_programs(problems, everything, workers=workers, limits=limits, label=self.label)
            scored = iter(score_programs(problems, verdicts))
        else:
            verdicts = grade(self.recipe, problems, everything, self.settings, self.label)
            scored = iter(self.recipe.score(problems, verdicts, every=True))
        return {name: [next(scored) for _ in rows] for name, rows in written.items()}

    def _of_recipe(self) -> dict[str, Any]:
        if self.benchmark:
            return {}
        named = measures.by_name(type(self.recipe))
        return {
            "all_samples": self.recipe.over_all_samples,
            "shares": [name for name, measure in named.items() if measure.share],
            "distances": self.recipe.distances,
            "reference": next(iter(self.recipe.references(self.problems)), ""),
        }

    @property
    def label(self) -> str:
        """What progress is shown of."""
        return f"{self.step}: {self.benchmark}" if self.benchmark else self.step

    @property
    def _metrics(self) -> list[str]:
        return list(metrics.names() if self.benchmark else measures.by_name(type(self.recipe)))

    @cached_property
    def recipe(self) -> Recipe[Any]:
        """The recipe of the run."""
        return recipe_of(self.settings)

    @cached_property
    def problems(self) -> list[Problem]:
        """The problems that are evaluated."""
        return benchmarks.of(Dataset(self.evaluation, Problem).rows(), self.benchmark)


def _repeated(rows: Sequence[Graded], times: int) -> list[Graded]:
    """Repeat the one reply per problem of a reference: contenders are compared on equally many replies."""
    return [row for row in rows for _ in range(times)]
