"""Data sets by difficulty: how often models solve a problem says how hard it is; each data set has a stated ratio.

A problem's difficulty is its pass@1 over all samples there are, of one model or of several. A data set ("mix") holds
verified solutions of easy, medium and hard problems in exactly the ratio asked for, as many as there are for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from codekiln import filters
from codekiln.code import metrics
from codekiln.data import near_duplicates
from codekiln.data.decontamination import remove_near_duplicates
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Problem, Sample
from codekiln.errors import InputError
from codekiln.recipes.base import Recipe, example
from codekiln.recipes.difficulty import card, plots, source, summary, tables, validate
from codekiln.recipes.difficulty.mixture import Mix, Pool, gather, mix
from codekiln.recipes.difficulty.rates import UNSOLVED, Thresholds, tally
from codekiln.recipes.difficulty.ratios import NAME, STANDARD, Ratio
from codekiln.recipes.difficulty.solutions import Choice, Solution
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher


class Settings(RecipeSettings):
    """Where samples come from, where the bands begin, and what data sets are made."""

    runs: tuple[str, ...] = Field(
        (), description="files of samples, graded or not, of any models, or globs; empty: the teacher is sampled"
    )
    easy: float = Field(0.75, gt=0, le=1, description="least pass@1 of an easy problem")
    medium: float = Field(0.3, gt=0, le=1, description="least pass@1 of a medium problem; below, it is hard")
    least_samples: int = Field(5, ge=1, description="fewest samples of a problem from which its band is told")
    mix: str = Field("balanced", description="the data set that SFT trains on")
    mixes: dict[str, Ratio] = Field(
        {}, validate_default=True, description="ratios of further data sets by name, or other ratios for the four"
    )
    size: int | None = Field(None, ge=1, description="most rows of a data set; empty: as many as the ratio allows")
    best_by: str = Field("structural_maintainability", description="metric by which solutions are chosen")
    solutions_per_problem: int = Field(2, ge=1, description="at most so many solutions of one problem")
    apart: float = Field(
        0.2, ge=0, le=1, description="least distance between the syntax trees of two solutions of one problem"
    )
    near_duplicate: float = Field(
        near_duplicates.THRESHOLD, gt=0, le=1, description="share of 5-grams from which two texts count as one"
    )

    @field_validator("mixes")
    @classmethod
    def _with_the_standard(cls, mixes: dict[str, Ratio]) -> dict[str, Ratio]:
        if unfit := [name for name in mixes if not NAME.fullmatch(name)]:
            raise ValueError(f"names become parts of file names: letters, digits, - and _ only, not {unfit}")
        return STANDARD | mixes

    @field_validator("best_by")
    @classmethod
    def _has_a_direction(cls, name: str) -> str:
        known = [metric for metric in metrics.names() if metrics.get(metric).direction != "none"]
        if name not in known:
            raise ValueError(f"must be one of: {', '.join(known)}")
        return name

    @model_validator(mode="after")
    def _in_order(self) -> "Settings":
        if self.medium >= self.easy:
            raise ValueError(f"medium = {self.medium} must be below easy = {self.easy}")
        if self.mix not in self.mixes:
            raise ValueError(f"mix = '{self.mix}' is none of: {', '.join(self.mixes)}")
        return self


class Difficulty(Recipe[Settings]):
    """Rates problems by what models achieve, and makes data sets with exact shares of easy, medium and hard."""

    describe: ClassVar[str] = "Data sets with exact shares of easy, medium and hard problems, rated by model runs."
    Settings: ClassVar[type[RecipeSettings]] = Settings
    target: ClassVar[str] = "pass@1"
    # Nothing that says how hard a problem is may be filtered away; the other filters are asked about solutions only.
    filters: ClassVar[tuple[str, ...]] = ("contaminated",)

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return problems as the run names them, none near an evaluation problem, strata by the source's difficulty."""
        made = super().problems(settings)
        train, near = remove_near_duplicates(
            made.train,
            made.evaluation,
            {
                "near-evaluation-prompt": lambda row: row.prompt,
                "near-evaluation-reference": lambda row: row.reference,
            },
            self.settings.near_duplicate,
        )
        evaluation = [row.model_copy(update={"stratum": row.difficulty}) for row in made.evaluation]
        return ProblemSets(train, evaluation, [*made.rejected, *near])

    def sources(self) -> dict[str, str]:
        """Return the sha256 of each run's file."""
        return source.digests(self.settings.runs)

    def generate(self, problems: Iterable[Problem], teacher: Teacher) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with its samples of all runs, or, without runs, with what the teacher writes.

        Raises:
            InputError: The teacher rewrites references, which says nothing about difficulty; a run cannot be read.
        """
        if not self.settings.runs:
            if teacher.name == "reference":
                raise _no_sampler()
            yield from ((problem, _labelled(samples, teacher)) for problem, samples in teacher.solve(problems))
            return
        problems = list(problems)
        found = source.read(self.settings.runs, problems)
        for run, others in found.others.items():
            if others:
                print(f"generate: {others} samples of {run} are of no training problem and left out", flush=True)
        yield from ((problem, found.samples.get(problem.task_id, [])) for problem in problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return verdicts of the sandbox; each sample also carries how often its problem was tried and solved."""
        return tally(super().grade(problems, samples, workers=workers, limits=limits, label=label))

    def score(self, problems: Sequence[Problem], graded: Sequence[Graded]) -> list[Graded]:
        """Return the same rows with the code metrics of passing programs beside the counts."""
        scored = super().score(problems, graded)
        return [
            new.model_copy(update={"scores": new.scores + old.scores}) if old.verdict.passed else old
            for new, old in zip(scored, graded, strict=True)
        ]

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return the examples of the data set that is trained on; everything else is rejected with its reason.

        Raises:
            InputError: That data set cannot be made; says what it needs and what there is.
        """
        pool, mixes = self._mixes(list(problems), list(graded))
        chosen = next(item for item in mixes if item.name == self.settings.mix)
        _say(mixes)
        if chosen.impossible:
            raise self._impossible(chosen, pool)
        taken = {(row.problem.task_id, row.rank) for row in chosen.rows}
        over = [row for rows in pool.solutions.values() for row in rows if (row.problem.task_id, row.rank) not in taken]
        rejected = [*pool.rejected, *(Rejected("over-ratio", _example(row)) for row in over)]
        return TrainingRows(examples=[_example(row) for row in chosen.rows], rejected=rejected)

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return every data set as JSON Lines and CSV, the tables of problems, runs and data sets, and two plots."""
        pool, mixes = self._mixes(made.train, made.graded)
        files: dict[str, str | bytes] = {}
        for item in mixes:
            if item.rows:
                files |= dict(zip(tables.files_of(item.name), tables.rows_of(item, pool), strict=True))
        return files | {
            tables.PROBLEMS_CSV: tables.problems_of(made.train, pool),
            tables.PROBLEMS_JSONL: tables.records_of(made.train, mixes),
            tables.RUNS_CSV: tables.runs_of(made.graded),
            tables.SUMMARY_CSV: summary.text(mixes, pool, self.settings.mix),
            "difficulty.png": plots.bands(mixes, pool),
            "pass_at_1.png": plots.solved(pool, {"easy": self.settings.easy, "medium": self.settings.medium}),
        }

    def card(self, made: BuiltDataset) -> str:
        """Return what the data card says of this data set."""
        pool, mixes = self._mixes(made.train, made.graded)
        return card.text(pool, mixes, self.settings, made.graded)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield what the files do not bear out: ratios, labels, outputs, verdicts, separation from evaluation."""
        return validate.check(folder, self.settings, self._thresholds)

    @property
    def _thresholds(self) -> Thresholds:
        return Thresholds(self.settings.easy, self.settings.medium)

    def _mixes(self, problems: Sequence[Problem], graded: Sequence[Graded]) -> tuple[Pool, list[Mix]]:
        chosen = self.settings
        check = filters.chain(("placeholder", "length"))
        pool = gather(
            problems,
            graded,
            thresholds=self._thresholds,
            least=chosen.least_samples,
            choice=Choice(chosen.best_by, chosen.solutions_per_problem, chosen.apart),
            objection=check,
            threshold=chosen.near_duplicate,
            seed=self.seed,
        )
        return pool, mix(pool, chosen.mixes, chosen.size, self.seed)

    def _impossible(self, chosen: Mix, pool: Pool) -> InputError:
        bands = list(pool.bands.values())
        counted = ", ".join(f"{bands.count(band)} {band}" for band in dict.fromkeys(sorted(bands)))
        advice = "give a mix that the bands allow (recipes.difficulty.mix), other thresholds, or more problems"
        if bands.count(UNSOLVED) == len(bands):
            advice = "sample a stronger model (teacher, teachers.*), or give its samples as recipes.difficulty.runs"
        return InputError(
            f"the mix '{chosen.name}' cannot be made: {chosen.impossible}; of {len(bands)} problems: {counted}",
            where="recipes.difficulty.mix",
            fix=advice,
        )


def _example(solution: Solution) -> Example:
    return example(solution.problem, solution.graded)


def _labelled(samples: Sequence[Sample], teacher: Teacher) -> list[Sample]:
    """Let each sample's run say how it was really drawn."""
    sampling = getattr(teacher.settings, "sampling", None)
    how = f" (temperature {sampling.temperature:g}, top_p {sampling.top_p:g})" if sampling else ""
    return [row.model_copy(update={"model": f"{row.model}{how}"}) for row in samples]


def _say(mixes: Sequence[Mix]) -> None:
    for item in mixes:
        print(f"difficulty: {item.name}: {item.impossible or f'{len(item.rows)} rows'}", flush=True)


def _no_sampler() -> InputError:
    return InputError(
        "the teacher 'reference' rewrites known solutions, which says nothing about how hard a problem is",
        where="teacher",
        fix="choose teacher=model or teacher=endpoint, or give samples of model runs as recipes.difficulty.runs",
    )
