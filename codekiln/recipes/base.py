"""The base class of data recipes: how problems become training rows, and how replies are graded.

A recipe is a file of `codekiln.recipes`, a folder with a ``recipe.py``, or an entry point `codekiln.recipes`, with one
class derived from `Recipe`. The stages do what all recipes have in common, so a recipe says only what is its own:

    check stage      recipe.problems(settings)            -> training and evaluation problems
    generate stage   recipe.generate(problems, teacher)   -> candidates per problem, written as they come
    filter stage     recipe.grade(problems, samples)      -> a verdict per candidate, by default the sandbox's
                     recipe.rows(problems, graded)        -> examples, pairs, and what was rejected and why
                     recipe.files(made), recipe.card(made), recipe.validate(folder): the published data set
    evaluate stage   recipe.grade again, on the contenders' samples; `measures` names what is averaged

`rows` gets everything at once, so that a recipe can also choose by the whole (mixes by difficulty, shares of a
stratum). A recipe that can build the rows of a few problems without the others sets `by_shard`: then
`rows_of_shard` is called for one shard of many samples after the other, in several processes, and `merge` with what
it returned.
`generate` is a generator over problems, so that the caller can stop and resume between two of them.
Everything but `rows` has a default, which is right for problems with hidden tests.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from codekiln import plugins
from codekiln.code import metrics
from codekiln.data import prompts
from codekiln.data.decontamination import prompt_and_reference
from codekiln.data.records import Example, Graded, Problem, Sample, Score
from codekiln.errors import InputError
from codekiln.evaluation.measures import Measure
from codekiln.recipes import problem_sets
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows, joined
from codekiln.sandbox.grading import grade_samples, program_of
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher

S = TypeVar("S", bound=RecipeSettings)
WRONG = frozenset({"failed", "error", "timeout", "memory", "output", "invalid"})
"""Verdicts that blame the program; ``crashed`` may be the machine's fault, and ``tampered`` teaches nothing."""


class Recipe(ABC, Generic[S]):
    """Builds training rows from problems, and grades replies to problems; generic over its settings.

    Args:
        settings: The recipe's own settings, an instance of its ``Settings``.
        metric: Name of the metric that a run is to improve.
        seed: Seeds every choice; the same inputs and seed give the same rows.

    Attributes:
        name: The recipe's file name, with ``-`` for ``_``.
        describe: One sentence for the table of recipes.
        Settings: The schema of the recipe's own settings.
        measures: What replies are measured by; empty: the code metrics of passing programs.
        target: What a run aims at when it names no metric: a measure, a code metric or ``pass@1``.
        guard: What may not fall when an adapter is promoted; more of it is better.
        passes: What a passing reply does, in words.
        has_rounds: Whether a model's replies to training problems can be graded, as rounds of self-generation need.
        by_shard: Whether rows are built shard by shard: `merge` of `rows_of_shard` is `rows`.
        filters: Filters that apply instead of those of the settings; None: those of the settings.
        distances: Measures of a whole contender: half the L1 distance of its mean shares, which are named here, from
            those of the first of ``references``.
    """

    name: ClassVar[str]
    describe: ClassVar[str]
    Settings: ClassVar[type[RecipeSettings]] = RecipeSettings
    measures: ClassVar[tuple[Measure, ...]] = ()
    target: ClassVar[str] = metrics.DEFAULT
    guard: ClassVar[str] = "pass@1"
    passes: ClassVar[str] = "passes every hidden test"
    has_rounds: ClassVar[bool] = True
    by_shard: ClassVar[bool] = False
    filters: ClassVar[tuple[str, ...] | None] = None
    distances: ClassVar[dict[str, tuple[str, ...]]] = {}

    def __init_subclass__(cls) -> None:
        cls.name = plugins.name_of(cls)

    def __init__(self, settings: S, *, metric: str, seed: int) -> None:
        self.settings, self.metric, self.seed = settings, metric, seed

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return the problems of a run, proven gradable.

        Raises:
            InputError: A source cannot be read, or one set would be empty.
        """
        return problem_sets.build(settings)

    def read_sources(self, settings: RunSettings) -> None:
        """Read what `problems` reads and run nothing, to find mistakes in it beside those of the settings.

        Raises:
            InputError: A source cannot be read.
        """
        problem_sets.load(settings)

    def asked(self, problems: Sequence[Problem]) -> list[Problem]:
        """Return problems of a further benchmark as models that are trained on this recipe's rows are asked."""
        return list(problems)

    def dedup_text(self, problem: Problem) -> str:
        """Return the text that is compared for decontamination; an empty text is never a near-duplicate."""
        return prompt_and_reference(problem)

    def sources(self) -> dict[str, str]:
        """Return the sha256 of every file and folder that the recipe's own settings name, by name."""
        return {}

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with its candidate replies, in order and lazily; a problem may have none."""
        return teacher.solve(problems)

    def reference_samples(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with its reference as the one candidate, or with none where it has no reference."""
        for problem in problems:
            known = [] if problem.reference is None else [_reference(problem, "reference")]
            yield problem, known

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return the samples with their verdicts, in order, and with scores where the recipe has measures of its own.

        Args:
            problems: At least the problems that samples were written for.
            samples: Replies; those of one problem and one ``model`` belong together.
            workers: Sandbox workers; None: one per core.
            limits: What each run in the sandbox may use.
            label: For progress.
        """
        return grade_programs(problems, samples, workers=workers, limits=limits, label=label)

    @property
    def over_all_samples(self) -> tuple[str, ...]:
        """The code metrics that are averaged over all samples too: the target, and the metric that guards it."""
        return () if self.measures else over_all_samples(self.metric)

    def score(self, problems: Sequence[Problem], graded: Sequence[Graded], *, every: bool = False) -> list[Graded]:
        """Return the same rows with scores: where the recipe has no measures, all code metrics of passing programs.

        Args:
            problems: At least the problems that samples were written for.
            graded: Samples with their verdicts.
            every: Whether programs that fail are scored as well, on `over_all_samples`.
        """
        if self.measures:
            return list(graded)
        return score_programs(problems, graded, self.over_all_samples if every else ())

    @abstractmethod
    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return the training rows.

        Args:
            problems: Every problem that candidates were asked for, including those without one.
            graded: All candidates that the filters kept, failing ones too, in any order; they are read from files
                while they are iterated over, where they are many.
        """

    def rows_of_shard(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return what can be said of the rows of some problems without the others; see `rows` for the arguments."""
        return self.rows(problems, graded)

    def merge(self, shards: Iterable[TrainingRows]) -> TrainingRows:
        """Return the rows of all problems from those of each shard, in order."""
        return joined(shards)

    def references(self, problems: Sequence[Problem]) -> dict[str, list[Sample]]:
        """Return reference contenders, one sample per problem each; distances are measured from the first.

        For example what students really wrote. They are graded like a model's replies and never promoted.
        """
        return {}

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the data files that the recipe adds to the data set, content by name."""
        return {}

    def card(self, made: BuiltDataset) -> str:
        """Return Markdown for the data card: what a row is, where it comes from, what is in the recipe's files."""
        return ""

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield what is wrong with the recipe's own files in a data set folder."""
        return iter(())


def over_all_samples(metric: str) -> tuple[str, ...]:
    """Return the code metrics that are averaged over all samples too: the target, and the metric that guards it."""
    if metric not in metrics.names():
        return ()
    guard = metrics.get(metric).guard
    return (metric, guard) if guard else (metric,)


def grade_programs(
    problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
) -> list[Graded]:
    """Return the samples with the sandbox's verdicts, in order; see `Recipe.grade`."""
    by_id = {problem.task_id: problem for problem in problems}
    jobs = [(by_id[sample.task_id], sample) for sample in samples]
    verdicts = grade_samples(jobs, workers=workers, limits=limits, label=label)
    return [Graded(sample=sample, verdict=verdict) for sample, verdict in zip(samples, verdicts, strict=True)]


def score_programs(problems: Sequence[Problem], graded: Sequence[Graded], failing: Sequence[str] = ()) -> list[Graded]:
    """Return the same rows with scores: all code metrics of programs that pass, and some of those that fail.

    Args:
        problems: At least the problems that the rows are about.
        graded: Rows in any order.
        failing: Metrics of programs that fail; empty: they are not scored.
    """
    by_id = {problem.task_id: problem for problem in problems}
    wanted = {True: metrics.names(), **({False: failing} if failing else {})}
    scores: dict[bool, Iterator[tuple[Score, ...]]] = {}
    for passed, names in wanted.items():
        rows = [row for row in graded if row.verdict.passed is passed]
        programs = [program_of(by_id[row.sample.task_id], row.sample) for row in rows]
        scores[passed] = iter(metrics.score_all(programs, names))
    return [
        row.model_copy(update={"scores": next(scores[row.verdict.passed])}) if row.verdict.passed in scores else row
        for row in graded
    ]


def by_task(problems: Iterable[Problem], graded: Iterable[Graded]) -> dict[str, list[Graded]]:
    """Return the graded candidates of each problem, by task id, in the order of the problems.

    Raises:
        InputError: A sample names none of the problems.
    """
    found: dict[str, list[Graded]] = {problem.task_id: [] for problem in problems}
    rows = list(graded)
    if unknown := {row.sample.task_id for row in rows} - found.keys():
        raise InputError(
            f"samples of unknown problems: {', '.join(sorted(unknown)[:5])}",
            where="samples.task_id",
            fix="give the problems that these samples were written for",
        )
    for row in rows:
        found[row.sample.task_id].append(row)
    return found


def passing(problems: Iterable[Problem], graded: Iterable[Graded]) -> Iterator[tuple[Problem, Graded]]:
    """Yield each candidate that passes with its problem, problem by problem."""
    known = {problem.task_id: problem for problem in problems}
    for task_id, rows in by_task(known.values(), graded).items():
        yield from ((known[task_id], row) for row in rows if row.verdict.passed)


def example(problem: Problem, row: Graded) -> Example:
    """Return a candidate as a row for supervised fine-tuning: the problem as it is shown, then the reply."""
    return Example(
        prompt=prompts.messages(problem),
        completion=prompts.reply_turn(problem, program_of(problem, row.sample)),
        task_id=problem.task_id,
        group=problem.group,
    )


def _reference(problem: Problem, model: str) -> Sample:
    return Sample(task_id=problem.task_id, solution=problem.reference, model=model, seed=0)
