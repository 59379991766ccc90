"""Debugging exercises: a correct program goes in, the same program with exactly so many errors comes out, explained.

Every error of every row is proven alone: a syntax error does not parse, a runtime error raises where the correct
program does not, a logical error changes what is printed or returned. Line numbers come from the diff of the two
programs. A trained model's replies, and a teacher's, are judged by the same proof.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, model_validator

from codekiln.data import prompts
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Problem, Sample, Score, Verdict
from codekiln.errors import InputError
from codekiln.evaluation.measures import Measure
from codekiln.recipes.base import Recipe
from codekiln.recipes.debugging.grading import MEASURES, Judgement, judge
from codekiln.recipes.debugging.prompts import SYSTEM
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher


class Settings(RecipeSettings):
    """Which exercises, how many errors, and which finished examples beside them."""

    content: str = Field("", description="folder of exercises (description, correct program); empty: the shipped ones")
    requests_per_exercise: int = Field(
        3, ge=0, description="rows made of one exercise; many of one exercise are learned by heart"
    )
    least_errors: int = Field(1, ge=1, description="errors in a program, at least")
    most_errors: int = Field(3, ge=1, description="errors in a program, at most")
    mutations_tried: int = Field(3, ge=1, description="mutations of each class that are proven, per request")
    max_program_characters: int = Field(2000, ge=1, description="exercises with longer programs are rejected")
    examples: str = Field("", description="folder of finished examples (fine-tuning-examples); empty: none")
    number_training_examples: int | None = Field(None, ge=0, description="finished training examples; empty: all")
    number_test_examples: int | None = Field(None, ge=0, description="finished test examples; empty: all")
    system_prompt: str = Field(SYSTEM, min_length=1, description="the system turn of every row")
    replies_per_request: int = Field(1, ge=1, description="right replies of a teacher that become rows, per request")
    cpu_seconds: int = Field(1, ge=1, description="CPU time of one run of a program, or less where the sandbox says so")

    @model_validator(mode="after")
    def _has_work(self) -> "Settings":
        if self.least_errors > self.most_errors:
            raise ValueError(f"least_errors = {self.least_errors} is more than most_errors = {self.most_errors}")
        if not self.requests_per_exercise and not self.examples:
            raise ValueError("requests_per_exercise = 0 leaves nothing to do without a folder of examples")
        if not self.system_prompt.strip():
            raise ValueError("system_prompt says nothing")
        return self


class Debugging(Recipe[Settings]):
    """Rows of (request, bugged program with explanations), from proven mutations or from a teacher that is checked."""

    describe: ClassVar[str] = "Debugging exercises: programs with exact counts of proven errors, located and explained."
    Settings: ClassVar[type[RecipeSettings]] = Settings
    measures: ClassVar[tuple[Measure, ...]] = MEASURES
    target: ClassVar[str] = "counts_exact"
    guard: ClassVar[str] = "recoverable"
    passes: ClassVar[str] = "has exactly the errors asked for, each on its line and named, and changes nothing else"
    filters: ClassVar[tuple[str, ...]] = ()

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return exercises with their known replies; both sides are proven, and no exercise is on both.

        Raises:
            InputErrors: The content or the examples cannot be read.
            InputError: One side would be empty.
        """
        from codekiln.recipes.debugging import collection

        return collection.collect(self.settings, settings, self.seed, self._limits(settings.sandbox))

    def dedup_text(self, problem: Problem) -> str:
        """Return the correct program."""
        return problem.grading_context["program"]

    def sources(self) -> dict[str, str]:
        """Return the sha256 of the content and of the examples, where they are folders of the user's."""
        from codekiln.recipes.debugging.collection import folder_digest

        named = {"content": self.settings.content, "examples": self.settings.examples}
        return {name: folder_digest(Path(path)) for name, path in named.items() if path}

    def generate(self, problems: Iterable[Problem], teacher: Teacher) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield the known replies, or a teacher's, which are proven before they become rows."""
        return self.reference_samples(problems) if teacher.name == "reference" else teacher.solve(problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Judge replies by the proof; every reply has a value of every measure, also one that cannot be read."""
        from codekiln.recipes.debugging.tasks import task_of

        tasks = {problem.task_id: task_of(problem) for problem in problems}
        jobs = [(tasks[sample.task_id], sample.solution or sample.completion or "") for sample in samples]
        judged = judge(jobs, workers=workers, limits=self._limits(limits), label=label)
        return [_graded(sample, judgement) for sample, judgement in zip(samples, judged, strict=True)]

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return one example per right reply; wrong replies are rejected with the first thing wrong, and kept.

        ``repeated`` holds right replies that a request of the same words had before, ``enough`` those beyond
        ``replies_per_request``.
        """
        by_task: dict[str, list[Graded]] = defaultdict(list)
        for item in graded:
            by_task[item.sample.task_id].append(item)
        rows = TrainingRows()
        had: dict[str, set[str]] = defaultdict(set)
        for problem in problems:
            kept = 0
            for item in by_task[problem.task_id]:
                reply = (item.sample.solution or "").strip()
                if reason := self._reason(item, reply in had[problem.prompt], kept):
                    rows.rejected.append(Rejected(reason, item))
                else:
                    kept += 1
                    had[problem.prompt].add(reply)
                    rows.examples.append(_example(problem, reply))
            if not by_task[problem.task_id]:
                rows.rejected.append(Rejected("no-reply", problem))
        return rows

    def references(self, problems: Sequence[Problem]) -> dict[str, list[Sample]]:
        """Return the known replies, as the contender ``engine``."""
        known = [problem for problem in problems if problem.reference is not None]
        return {"engine": [Sample(task_id=row.task_id, solution=row.reference, model="engine") for row in known]}

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the two chat files of the text's names, and every exercise with its trials."""
        from codekiln.recipes.debugging import export

        return export.files(made)

    def card(self, made: BuiltDataset) -> str:
        """Return what a row is, how it was proven, and what is in it."""
        from codekiln.recipes.debugging import export

        return export.card(made, self.settings)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield what is wrong with the chat files, after proving every row of them again."""
        from codekiln.recipes.debugging import validate

        return validate.validate(folder, self._limits(Limits()))

    def _limits(self, limits: Limits) -> Limits:
        """Return tighter limits for learners' programs: many of them, changed at random, never end."""
        cpu = min(self.settings.cpu_seconds, limits.cpu_seconds)
        return limits.model_copy(update={"cpu_seconds": cpu, "wall_seconds": min(8.0 * cpu, limits.wall_seconds)})

    def _reason(self, item: Graded, repeated: bool, kept: int) -> str:
        if not item.verdict.passed:
            return item.verdict.detail.partition(":")[0]
        if repeated:
            return "repeated"
        return "enough" if kept == self.settings.replies_per_request else ""


def _graded(sample: Sample, judgement: Judgement) -> Graded:
    from codekiln.recipes.debugging.tasks import describe

    full = sum(value == 1 for value in judgement.values.values())
    unreadable = bool(judgement.faults) and judgement.faults[0][0] == "malformed"
    verdict = Verdict(
        task_id=sample.task_id,
        status="passed" if judgement.passed else "invalid" if unreadable else "failed",
        tests_total=len(MEASURES),
        tests_run=len(MEASURES),
        tests_passed=full,
        detail=describe(judgement),
    )
    scores = tuple(Score(metric=name, value=value) for name, value in judgement.values.items())
    return Graded(sample=sample, verdict=verdict, scores=scores)


def _example(problem: Problem, reply: str) -> Example:
    return Example(
        prompt=prompts.messages(problem),
        completion=prompts.answer_to(problem, reply),
        task_id=problem.task_id,
        group=problem.group,
    )
