"""Docstring, explanation, bug fix, completion and test tasks from any tree of Python source, with proven answers.

The other modules of this folder find functions, run them and word the tasks; here the tasks are split, graded and made
training rows.
Two functions of one file, and two that are nearly equal, are always on the same side.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator, model_validator

from codekiln.code import mutation
from codekiln.data import near_duplicates, prompts
from codekiln.data.folders import Rejected
from codekiln.data.records import Example, Graded, Problem, Sample
from codekiln.errors import InputError, did_you_mean
from codekiln.evaluation.measures import Measure
from codekiln.recipes.base import Recipe, by_task
from codekiln.recipes.corpus_tasks import allocation, card, export, structural_duplicates
from codekiln.recipes.corpus_tasks.grading import judge, refusal
from codekiln.recipes.corpus_tasks.prompts import CATEGORIES, fenced
from codekiln.recipes.corpus_tasks.source import STDLIB, open_corpus
from codekiln.recipes.corpus_tasks.split import Wanted, divide, in_proportion, is_spare, without_repeats
from codekiln.recipes.corpus_tasks.survey import Plan, survey
from codekiln.recipes.corpus_tasks.tasks import Known, Terms, problems_of
from codekiln.recipes.types import BuiltDataset, ProblemSets, RecipeSettings, RunSettings, TrainingRows
from codekiln.sandbox.limits import Limits
from codekiln.teachers import Teacher

_PROOF_SECONDS = 1


class Settings(RecipeSettings):
    """Which functions are used, for what, and what counts as proof."""

    corpus: str = Field(
        STDLIB, min_length=1, description="a folder of Python files, or 'stdlib': that of the running interpreter"
    )
    include: tuple[str, ...] = Field((), description="globs of paths below the folder; empty: all")
    exclude: tuple[str, ...] = Field((), description="globs of paths that are left out")
    licence: str = Field("", description="licence of the corpus, written into each row; empty: PSF-2.0 for stdlib")
    shares: dict[str, float] = Field(
        dict.fromkeys(CATEGORIES, 1.0), description="weight of each category; counts are exact"
    )
    min_lines: int = Field(5, ge=1, description="shortest function, in lines")
    max_lines: int = Field(60, ge=1, description="longest function, in lines")
    max_characters: int = Field(6000, ge=500, description="most characters of a task and its reference together")
    functions: int = Field(1200, ge=1, description="at most so many functions are looked at")
    per_file: int = Field(12, ge=1, description="at most so many functions of one file")
    trials: int = Field(8, ge=1, description="most calls on which a function is compared")
    outcomes: int = Field(3, ge=2, description="least number of different results on them; with fewer it is not run")
    mutants: int = Field(5, ge=1, description="mutants tried per function")
    families: tuple[str, ...] = Field((), description="families of bugs; empty: all that aim at logical errors")
    spare: float = Field(
        0.5, ge=0, description="further training tasks, as a share, that stand in where a teacher's reply is refused"
    )
    unproven: bool = Field(False, description="also use bugs that were not proven to change behaviour; marked")
    duplicate: float = Field(
        near_duplicates.THRESHOLD, gt=0, le=1, description="similarity from which two functions or replies count as one"
    )
    alike: float = Field(
        0.5, gt=0, le=near_duplicates.THRESHOLD, description="similarity from which two functions stay on one side"
    )

    @field_validator("shares")
    @classmethod
    def _known_categories(cls, value: dict[str, float]) -> dict[str, float]:
        if unknown := [name for name in value if name not in CATEGORIES]:
            raise ValueError(f"no category '{unknown[0]}': {did_you_mean(unknown[0], CATEGORIES)}")
        if min(value.values(), default=0) < 0 or not 0 < sum(value.values()) < math.inf:
            raise ValueError("weights are numbers of zero or more, and one of them is more")
        return {name: value.get(name, 0.0) for name in CATEGORIES}

    @model_validator(mode="after")
    def _in_order(self) -> "Settings":
        for low, high in (("min_lines", "max_lines"), ("outcomes", "trials")):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} = {getattr(self, low)} is more than {high} = {getattr(self, high)}")
        return self

    @field_validator("families")
    @classmethod
    def _known_families(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [name for name, kind in mutation.kinds().items() if kind.intended != "syntax"]
        if unknown := [name for name in value if name not in known]:
            raise ValueError(f"no family '{unknown[0]}': {did_you_mean(unknown[0], known)}")
        return value


class CorpusTasks(Recipe[Settings]):
    """Five kinds of task from functions that exist, with replies that the source gives or a teacher writes."""

    describe: ClassVar[str] = "Docstrings, explanations, bug fixes, completions and tests from any Python source tree."
    Settings: ClassVar[type[RecipeSettings]] = Settings
    measures: ClassVar[tuple[Measure, ...]] = (
        Measure(name="behaviour", direction="higher", share=True,
                describe="Share of fixes, completions and tests that behave right when they are run."),
        Measure(name="style_score", direction="higher", share=True,
                describe="Share of the elements that a reply of its category should have."),
        Measure(name="hallucination_rate", direction="lower", share=True,
                describe="Share of replies with TODO, placeholder or other marks of unfinished work."),
        Measure(name="invented_names", direction="lower", share=True,
                describe="Share of replies with code that name parameters or things that do not exist."),
    )  # fmt: skip
    target: ClassVar[str] = "behaviour"
    passes: ClassVar[str] = "has every required element of its category"
    filters: ClassVar[tuple[str, ...]] = ()

    def sources(self) -> dict[str, str]:
        """Return the digest of the corpus."""
        return {"corpus": self._corpus().digest()}

    def problems(self, settings: RunSettings) -> ProblemSets:
        """Return tasks in exact proportions, divided by file, whose references are proven.

        Raises:
            InputError: The corpus is not there, or does not give as many tasks as were asked for.
        """
        workers, limits = settings.workers or None, self._proof_limits(settings.sandbox)
        found = survey(self._corpus(), self._plan(), workers=workers, limits=limits)
        made, rejected = self._make(found.known, needs_gold=settings.teacher == "reference")
        fit, unfit = self._prove(made, workers, limits)
        divided = divide(fit, self._wanted(settings), self.seed)
        left = [Rejected("not-needed", problem) for problem in divided.left]
        return ProblemSets(divided.train, divided.evaluation, [*found.rejected, *rejected, *unfit, *left])

    def generate(self, problems: Iterable[Problem], teacher: Teacher) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield each task with what the source itself answers, or with the replies of another teacher."""
        return self.reference_samples(problems) if teacher.name == "reference" else teacher.solve(problems)

    def grade(
        self, problems: Sequence[Problem], samples: Sequence[Sample], *, workers: int | None, limits: Limits, label: str
    ) -> list[Graded]:
        """Return each reply with its verdict (the required elements) and a score per measure."""
        return judge(problems, samples, workers=workers, limits=limits, label=label)

    def rows(self, problems: Iterable[Problem], graded: Iterable[Graded]) -> TrainingRows:
        """Return one row per task: the first reply that passes, behaves right and makes nothing up.

        Replies are turned away as ``lacks-<element>``, ``misbehaves``, ``not-the-original`` (a fix that nobody could
        run), ``placeholder``, ``invents``, ``second``; rows as ``near-duplicate``, or as ``surplus`` where the others
        of a proportion are missing; a task as ``no-reply``.

        Raises:
            InputError: The rows that are left do not make up the proportions, whatever their number.
        """
        problems = list(problems)
        rows, chosen = TrainingRows(), []
        for problem, items in zip(problems, by_task(problems, graded).values(), strict=True):
            good = None
            for item in items:
                reason = refusal(problem, item) or ("second" if good else None)
                if reason:
                    rows.rejected.append(Rejected(reason, item))
                else:
                    good = item
            if good:
                chosen.append((problem, good.sample.solution or ""))
            elif not items:
                rows.rejected.append(Rejected("no-reply", problem))
        kept, repeated = without_repeats(chosen, self.settings.duplicate)
        kept, surplus = in_proportion(kept, self.settings.shares, sum(not is_spare(problem) for problem in problems))
        rows.examples += [_example(*item) for item in kept]
        rows.rejected += [Rejected("near-duplicate", _example(*item)) for item in repeated]
        rows.rejected += [Rejected("surplus", _example(*item)) for item in surplus]
        return rows

    def files(self, made: BuiltDataset) -> dict[str, str | bytes]:
        """Return the three files of the published data set."""
        return export.files(made)

    def card(self, made: BuiltDataset) -> str:
        """Return what a stranger has to know about the rows."""
        return card.card(made, self.settings.model_dump())

    def validate(self, folder: Path) -> Iterator[InputError]:
        """Yield what is wrong with the three files."""
        return export.validate(folder, self.settings.shares)

    def _corpus(self):
        own = self.settings
        return open_corpus(own.corpus, own.include, own.exclude, where="recipes.corpus-tasks.corpus")

    def _plan(self) -> Plan:
        own = self.settings
        return Plan(
            shortest=own.min_lines, longest=own.max_lines, characters=own.max_characters * 2 // 3,
            functions=own.functions, per_file=own.per_file, duplicate=own.duplicate, outcomes=own.outcomes,
            trials=own.trials, mutants=own.mutants, families=own.families, unproven=own.unproven, seed=self.seed,
        )  # fmt: skip

    def _wanted(self, settings: RunSettings) -> Wanted:
        asked, own = settings.problems, self.settings
        spare = 0.0 if settings.teacher == "reference" else own.spare
        return Wanted(asked.train, asked.evaluation, asked.evaluation_fraction, own.shares, spare)

    def _proof_limits(self, limits: Limits) -> Limits:
        return limits.model_copy(update={"cpu_seconds": min(limits.cpu_seconds, _PROOF_SECONDS)})

    def _make(self, known: Sequence[Known], needs_gold: bool) -> tuple[list[Problem], list[Rejected]]:
        own = self.settings
        is_stdlib = own.corpus == STDLIB
        terms = Terms(
            source=STDLIB if is_stdlib else Path(own.corpus).resolve().name,
            licence=own.licence or ("PSF-2.0" if is_stdlib else ""),
            longest=own.max_characters, needs_gold=needs_gold, unproven=own.unproven,
        )  # fmt: skip
        texts = [item.function.text for item in known]
        alike = [(left, right) for left, right, _ in near_duplicates.near(texts, texts, own.alike) if left < right]
        alike += structural_duplicates.renamed([item.function for item in known], own.min_lines)
        groups = allocation.groups([item.function.file for item in known], alike)
        made, rejected = [], []
        for item, group in zip(known, groups, strict=True):
            for problem, reason in problems_of(item, group, terms):
                if own.shares[problem.stratum]:
                    rejected += [Rejected(reason, problem)] if reason else []
                    made += [] if reason else [problem]
        return made, rejected

    def _prove(
        self, problems: Sequence[Problem], workers: int | None, limits: Limits
    ) -> tuple[list[Problem], list[Rejected]]:
        """Keep problems whose reference would be taken as a row, and whose bug is not taken for a fix."""
        proofs = [(row, Sample(task_id=row.task_id, solution=row.reference)) for row in problems if row.reference]
        bugged = [(row, Sample(task_id=row.task_id, solution=fenced(row.grading_context["shown"])))
                  for row in problems if row.stratum == "bugfix"]  # fmt: skip
        samples = [sample for _, sample in proofs + bugged]
        graded = self.grade(problems, samples, workers=workers, limits=limits, label="check: proving references")
        reasons = {}
        for (problem, _), item in zip(proofs, graded, strict=False):
            if reason := refusal(problem, item):
                reasons[problem.task_id] = f"reference-{reason}"
        for (problem, _), item in zip(bugged, graded[len(proofs) :], strict=True):
            if item.score("behaviour") == 1.0:
                reasons.setdefault(problem.task_id, "bug-behaves")
        rejected = [Rejected(reasons[row.task_id], row) for row in problems if row.task_id in reasons]
        return [row for row in problems if row.task_id not in reasons], rejected


def _example(problem: Problem, text: str) -> Example:
    return Example(
        prompt=prompts.messages(problem), completion=prompts.answer_to(problem, text), task_id=problem.task_id,
        group=problem.group,
    )  # fmt: skip
