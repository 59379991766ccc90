"""Rows of your own files are trained on as they are: nothing is generated, and only the evaluation is graded.

A row becomes a problem without tests whose reply is known. The evaluation problems have hidden tests and come from a
problem set, as for other recipes; no row repeats one of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, ClassVar

from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.data.training_files.files import digests
from codekiln.data.training_files.forms import TrainingRow
from codekiln.errors import both
from codekiln.recipes import problem_sets
from codekiln.recipes.base import Recipe
from codekiln.recipes.dataset import rows, source, tasks
from codekiln.recipes.dataset.settings import DatasetSettings
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher

GIVEN = "given, not run"
"""The detail of the verdict on a reply that the user gave: nothing judged it."""


class Dataset(Recipe[DatasetSettings]):
    """Examples, pairs and labelled replies from SFT, preference and KTO files of the user."""

    describe: ClassVar[str] = "Your own SFT, preference or KTO files, trained on as they are."
    Settings: ClassVar[type[RecipeSettings]] = DatasetSettings
    target: ClassVar[str] = "pass@1"
    filters: ClassVar[tuple[str, ...]] = ()
    has_rounds: ClassVar[bool] = False
    by_shard: ClassVar[bool] = True

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return the rows of the files as training problems, and the problems of the set, all of them for evaluation.

        Raises:
            InputErrors: A file cannot be read, or a row breaks its form.
            InputError: The evaluation problems cannot be read.
        """
        given, (known, places) = self._read(settings)
        label = "check: evaluation references"
        evaluation, unfit = problem_sets.keep_gradable(known, settings.workers or None, label, places)
        train, rejected = tasks.problems_of(given, evaluation)
        return ProblemSets(train[: settings.problems.train], evaluation, [*rejected, *unfit])

    def read_sources(self, settings: RunSettings) -> None:
        """Read the files and the problem set; see `problems` for errors."""
        self._read(settings)

    def _read(self, settings: RunSettings) -> tuple[list[TrainingRow], tuple[list[Problem], problem_sets.Places]]:
        return both(partial(source.read, self.settings.files), partial(problem_sets.load_evaluation, settings))

    def sources(self) -> dict[str, str]:
        """Return the sha256 of each file."""
        return digests(self.settings.files)

    def generate(self, problems: Iterable[Problem], teacher: Teacher[Any]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each row with its own replies; no teacher is asked."""
        for problem in problems:
            yield problem, list(tasks.samples_of(problem))

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return verdicts of the sandbox on evaluation problems; a row's own replies count as given, others as unknown.

        A model's reply to a row cannot be judged, because the row has no tests.
        """
        by_id = {problem.task_id: problem for problem in problems}
        tested = [sample for sample in samples if not tasks.is_row(by_id[sample.task_id])]
        verdicts = iter(super().grade(problems, tested, workers=workers, limits=limits, label=label))
        return [
            _given(by_id[sample.task_id], sample) if tasks.is_row(by_id[sample.task_id]) else next(verdicts)
            for sample in samples
        ]

    def score(self, problems: Sequence[Problem], graded: Sequence[Graded], *, every: bool = False) -> list[Graded]:
        """Return the same rows with code metrics of programs; the replies of rows may be prose, and have none."""
        if any(tasks.is_row(problem) for problem in problems):
            return list(graded)
        return super().score(problems, graded, every=every)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return the rows as they were given."""
        return rows.build(problems, graded, self.settings.sft_on_chosen)

    def card(self, made: BuiltDataset) -> str:
        """Return the section of the data card: the files, and what was left out."""
        names = ", ".join(f"`{name}`" for name in self.settings.files) or "rows that codekiln ships"
        return f"## Rows\n\nThey are those of {names}, as given: nothing was generated, and no reply was run."


def _given(problem: Problem, sample: Sample) -> Graded:
    known = sample.model == "dataset" and sample.solution in problem.grading_context[tasks.REPLIES]
    verdict = Verdict(
        task_id=problem.task_id,
        status="passed" if known else "crashed",
        tests_total=0,
        tests_run=0,
        tests_passed=0,
        detail=GIVEN if known else "cannot be judged: the row has no tests",
    )
    return Graded(sample=sample, verdict=verdict)
