"""What a student hands in next, bugs and all: rows of experiments 1 and 2 of ParaStudent, judged by realism.

Every row asks for one real submission; the loss is on that submission alone. Old and new students and problems make
four cells, and results are given for each. `codekiln.recipes.student` holds the parts.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from codekiln.code.distance import PairwiseDistance, pairwise_preorder_distances
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Message, Pair, Problem, Sample, Verdict
from codekiln.errors import InputError
from codekiln.evaluation.measures import Measure
from codekiln.recipes.base import Recipe, by_task
from codekiln.recipes.student import export, grading, tasks
from codekiln.recipes.student.outcomes import observe
from codekiln.recipes.student.partition import Material, divide
from codekiln.recipes.student.source import EMBEDDED, Source, digests, pseudonymous, read_source
from codekiln.recipes.student.split import Fractions, balanced
from codekiln.recipes.student.templates import TEMPLATES
from codekiln.recipes.student.variants import Located, Variant
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher

MADE_UP = {"source": "codekiln/students", "licence": "Apache-2.0"}


class Settings(RecipeSettings):
    """Which rows are made of whose work, and how much of it is held out."""

    source: str = Field(
        "embedded",
        description="'embedded' (a made-up class), a .jsonl file of streams, a .json file of rows, or a folder",
    )
    problems_file: str = Field("", description="problems with their tests; empty: problems.json beside the source")
    experiment: Literal[1, 2] = Field(2, description="1: the first, middle or last submission; 2: the next submission")
    context: bool = Field(False, description="show what the student handed in for earlier problems")
    k: int = Field(1, ge=1, description="submissions shown before the one that is asked for, in experiment 2")
    past_problems: int = Field(1, ge=1, description="earlier problems in a context, the nearest first")
    feedback: bool = Field(
        False, description="show earlier submissions as turns, each with what the grader says; in experiment 2"
    )
    markers: Literal["tags", "fence"] = Field(
        "tags", description="around code: <code>...</code> as in the study, or a Markdown fence, which chat models know"
    )
    pairs: bool = Field(
        True, description="also make DPO pairs: the submission over an earlier one of that student with another grade"
    )
    students: int = Field(36, ge=4, description="size of the embedded class")
    new_students: float = Field(0.2, ge=0, le=1, description="share of the students that only judge")
    new_problems: float = Field(0.25, ge=0, le=1, description="share of the problems that only judge")
    held_out_streams: float = Field(
        0.15, ge=0, le=1, description="share of the old students' streams on old problems that only judge"
    )
    new_semesters: tuple[str, ...] = Field((), description="students of these semesters only judge, instead of a share")
    new_problem_names: tuple[str, ...] = Field((), description="these problems only judge, instead of a share")
    near_duplicate: float = Field(
        0.8, gt=0, le=1, description="training rows as alike to an evaluation row's own code as this are turned away"
    )
    max_characters: int = Field(
        24_000,
        ge=400,
        description="longest row, prompt and submission; longer ones lose context, then early submissions",
    )
    neighbours: int = Field(
        5, ge=1, description="the nearest real submissions that decide what coverage counts as near"
    )
    embedding_model: str = Field(
        "", description="model whose embeddings measure distance: folder, Hub id or name; empty: syntax trees"
    )
    pseudonyms: bool = Field(True, description="give students numbers instead of the names in the source")


class Student(Recipe[Settings]):
    """Students' submissions as they are, from streams or rows; nobody has to write candidates."""

    describe: ClassVar[str] = "What a student hands in next, mistakes included, judged by how real it looks."
    Settings: ClassVar[type[RecipeSettings]] = Settings
    measures: ClassVar[tuple[Measure, ...]] = grading.MEASURES
    target: ClassVar[str] = "ast_distance"
    guard: ClassVar[str] = "valid"
    passes: ClassVar[str] = "is one code block, properly ended"
    filters: ClassVar[tuple[str, ...] | None] = ()
    distances: ClassVar[dict[str, tuple[str, ...]]] = grading.DISTANCES

    @property
    def variant(self) -> Variant:
        """Which rows the run is about."""
        own = self.settings
        return Variant(own.experiment, own.context, own.k if own.experiment == 2 else 1)

    @cached_property
    def source(self) -> Source:
        """Everything the source holds, under pseudonyms where they are asked for."""
        own = self.settings
        found = read_source(own.source, own.problems_file, self.variant, own.students, self.seed)
        return pseudonymous(found, self.seed) if own.pseudonyms else found

    def material(self, variant: Variant) -> Material:
        """Return a variant's rows on their sides."""
        own = self.settings
        fractions = Fractions(
            own.new_students, own.new_problems, own.held_out_streams, own.new_semesters, own.new_problem_names
        )
        return divide(self.source, variant, fractions, own.past_problems, own.near_duplicate, self.seed)

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return rows as problems, every real submission run and measured.

        Turned away are rows that `codekiln.recipes.student.partition.divide` turns away, and ``too-long`` ones.

        Raises:
            InputErrors: What is wrong with the source, all at once.
        """
        own, rejected = self.settings, []
        if own.feedback and own.experiment == 1:
            raise InputError(
                "experiment 1 shows no earlier submissions that feedback could follow",
                where="recipes.student.feedback",
                fix="set experiment = 2, or feedback = false",
            )
        material = self.material(self.variant)
        fitting = {
            side: self._fit(rows, rejected)
            for side, rows in (("train", material.train), ("evaluation", material.evaluation))
        }
        sizes = {"train": settings.problems.train, "evaluation": settings.problems.evaluation}
        chosen = {side: self._choose(rows, material, sizes[side]) for side, rows in fitting.items()}
        everything, wanted = ([row for rows in sides.values() for row in rows] for sides in (fitting, chosen))
        questions, workers = self.source.course.questions, settings.workers or None
        known = tasks.know(everything, wanted, questions, self._distance, own.neighbours, settings.sandbox, workers)
        made = {side: [self._problem(row, material, known) for row in rows] for side, rows in chosen.items()}
        return ProblemSets(made["train"], made["evaluation"], [*material.rejected, *rejected])

    def dedup_text(self, problem: Problem) -> str:
        """Return nothing: all students are given the same problem, so only their own code is compared, in `divide`."""
        return ""

    def sources(self) -> dict[str, str]:
        """Return the sha256 of the files that the settings name."""
        return digests(self.settings.source, self.settings.problems_file, self.variant)

    def generate(self, problems: Iterable[Problem], teacher: Teacher) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each problem with the real submission; a teacher knows nothing of what a student would write."""
        return self.reference_samples(problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return replies with a verdict on their form and a score of every measure; see `Recipe.grade`."""
        by_id = {problem.task_id: problem for problem in problems}
        template = TEMPLATES[self.settings.markers]
        replies = [template.read_reply(sample.solution or sample.completion or "") for sample in samples]
        jobs = [(by_id[sample.task_id], read.code) for sample, read in zip(samples, replies, strict=True)]
        outcomes = observe(jobs, workers=workers, limits=limits, label=label)
        judged = [grading.Judged(*item) for item in zip(samples, replies, outcomes, strict=True)]
        scores = grading.score(by_id, judged, self._distance)
        return [
            Graded(sample=item.sample, verdict=_verdict(item), scores=found)
            for item, found in zip(judged, scores, strict=True)
        ]

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Build an example from every real submission, and pairs where two grades differ.

        The rejected one is a model's first reply of another grade (as in SPIN, arXiv 2401.01335); where there is none,
        the student's nearest earlier submission of another grade (Koutcheme et al. 2026, arXiv 2604.10720).

        ``not-valid`` is the reason for turning away a model's reply that breaks the form.
        """
        problems, rows = list(problems), TrainingRows()
        by_id = by_task(problems, graded)
        for problem in problems:
            truth = grading.Truth.of(problem)
            real = [item for item in by_id[problem.task_id] if item.sample.solution == problem.reference]
            if real:
                rows.examples.append(_example(problem))
            if self.settings.pairs:
                written = [item for item in by_id[problem.task_id] if item not in real]
                rows.rejected += [Rejected("not-valid", item) for item in written if not item.verdict.passed]
                rows.pairs += _pairs(problem, truth, written)
        return rows

    def references(self, problems: Sequence[Problem]) -> dict[str, list[Sample]]:
        """Return the real submissions."""
        return {"real": [Sample(task_id=row.task_id, solution=row.reference, model="real", seed=0) for row in problems]}

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the text's data-set files for training, the same of the four cells for testing, and the problems.

        Raises:
            InputError: The source is no longer what the problems were made from.
        """
        self._refuse_change(made)
        return export.files(self.source, self.material, self.variant)

    def card(self, made: BuiltDataset) -> str:
        """Return what a row is and whose work it comes from."""
        return export.card(self.source, self.material(self.variant), self.variant, self.settings)

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield wrong rows, streams on both sides, and leaks through contexts and near-duplicates."""
        return export.validate(folder, self.settings.near_duplicate)

    @cached_property
    def _distance(self) -> PairwiseDistance:
        if not self.settings.embedding_model:
            return pairwise_preorder_distances
        from codekiln.recipes.student.embedding import Embedder

        return Embedder(self.settings.embedding_model).distances

    def _refuse_change(self, made: BuiltDataset) -> None:
        material = self.material(self.variant)
        known = {row.task_id: row.row.code for row in [*material.train, *material.evaluation]}
        for problem in [*made.train, *made.evaluation]:
            if known.get(problem.task_id) != grading.Truth.of(problem).code:
                raise InputError(
                    f"has changed since the problems were made: {problem.task_id} is another",
                    where=f"recipes.student.source = {self.settings.source}",
                    fix="start the run again with its first stage",
                )

    def _fit(self, rows: Sequence[Located], rejected: list[Rejected]) -> list[Located]:
        own, kept = self.settings, []
        for row in rows:
            fitting = tasks.shortened(row, own.max_characters, TEMPLATES[own.markers], own.feedback)
            if fitting is None:
                rejected.append(tasks.too_long(row))
            else:
                kept.append(fitting)
        return kept

    def _problem(self, row: Located, material: Material, known: tasks.Reality) -> Problem:
        own, question = self.settings, self.source.course.questions[row.key[1]]
        template, side = TEMPLATES[own.markers], material.sides[row.key]
        made = tasks.problem_of(row, side, question, known, template, own.feedback, own.pairs)
        return made.model_copy(update=MADE_UP) if own.source == EMBEDDED else made

    def _choose(self, rows: Sequence[Located], material: Material, size: int | None) -> list[Located]:
        return [rows[index] for index in balanced([row.key for row in rows], material.sides, size, self.seed)]


def _verdict(item: grading.Judged) -> Verdict:
    fault = item.reply.fault
    return Verdict(
        task_id=item.sample.task_id,
        status="invalid" if fault else "passed",
        tests_total=1,
        tests_run=1,
        tests_passed=int(not fault),
        detail=fault,
    )


def _example(problem: Problem) -> Example:
    return Example(
        prompt=problem.messages, completion=_turn(problem.reference), task_id=problem.task_id, group=problem.group
    )


def _pairs(problem: Problem, truth: grading.Truth, written: Sequence[Graded]) -> list[Pair]:
    rejected = _unlike(truth, written) or _earlier(problem)
    if rejected is None or truth.outcome is None:
        return []
    return [
        Pair(
            prompt=problem.messages,
            chosen=_turn(problem.reference),
            rejected=_turn(rejected[0]),
            task_id=problem.task_id,
            group=problem.group,
            stratum="correctness",
            metric="pass_rate",
            chosen_score=truth.outcome.rate,
            rejected_score=rejected[1],
        )
    ]


def _earlier(problem: Problem) -> tuple[str, float] | None:
    found = problem.grading_context.get("other_grade")
    return found and (found["reply"], found["pass_rate"])


def _unlike(truth: grading.Truth, written: Sequence[Graded]) -> tuple[str, float] | None:
    for item in written:
        rate = item.score("pass_rate")
        if item.verdict.passed and rate is not None and truth.outcome and rate != truth.outcome.rate:
            return item.sample.solution, rate
    return None


def _turn(text: str) -> tuple[Message, ...]:
    return (Message(role="assistant", content=text),)
