"""A teacher without a language model: the reference solution in several styles, on request also with bugs."""

import random
from collections.abc import Iterable, Iterator
from typing import ClassVar

from pydantic import Field

from codekiln.code.mutation.ast_operators import mutants
from codekiln.code.rewrite.styles import STYLES, rewrite
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError, InputErrors, did_you_mean
from codekiln.teachers import Teacher, TeacherSettings


class ReferenceTeacherSettings(TeacherSettings):
    """Which styles are written, and how many bugged programs."""

    styles: tuple[str, ...] = Field(
        (), description="names of codekiln.code.rewrite.styles; empty: each structure once, comments drawn at random"
    )
    bugs: int = Field(0, ge=0, description="most programs with a bug per problem, each in one of the styles")


class ReferenceTeacher(Teacher[ReferenceTeacherSettings]):
    """Rewrites the problem's reference solution; a problem without one gets no candidates.

    Raises:
        InputErrors: Some styles do not exist.
    """

    describe: ClassVar[str] = "No language model: each problem's known solution in several styles, also with bugs."
    Settings: ClassVar[type[TeacherSettings]] = ReferenceTeacherSettings

    def __init__(self, settings: ReferenceTeacherSettings, *, seed: int) -> None:
        super().__init__(settings, seed=seed)
        unknown = [style for style in settings.styles if style not in STYLES]
        if unknown:
            raise InputErrors(
                InputError(f"no style '{style}'", where="teachers.reference.styles", fix=did_you_mean(style, STYLES))
                for style in unknown
            )

    def solve(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Yield style variants as ``reference:<style>`` and bugged ones as ``reference:<style>:<kind of bug>``."""
        for problem in problems:
            programs = self._programs(problem)
            yield (
                problem,
                [
                    Sample(task_id=problem.task_id, solution=code, model=f"reference:{label}", seed=self.seed)
                    for label, code in programs
                ],
            )

    def _programs(self, problem: Problem) -> list[tuple[str, str]]:
        if problem.reference is None:
            return []
        styled: dict[str, str] = {}
        for style in self.settings.styles or self._drawn(problem):
            code = rewrite(problem.reference, style)
            if code is not None:
                styled.setdefault(code, style)
        named = [(style, code) for code, style in styled.items()]
        return named + self._bugged(problem, named)

    def _drawn(self, problem: Problem) -> list[str]:
        """Draw comments for every structure at random, so that comments and structure are independent."""
        rng = random.Random(f"{self.seed}:{problem.task_id}:comments")
        structures = [style for style in STYLES if "-" not in style]
        return [rng.choice([style for style in STYLES if style.partition("-")[0] == name]) for name in structures]

    def _bugged(self, problem: Problem, styled: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Put one bug into each of several styles, drawn at random, so that bugs and styles are independent."""
        rng = random.Random(f"{self.seed}:{problem.task_id}")
        bugged: dict[str, str] = {}
        for _ in range(self.settings.bugs if styled else 0):
            style, code = rng.choice(styled)
            for kind, mutant in mutants(code, rng, 1):
                bugged.setdefault(mutant, f"{style}:{kind}")
        return [(label, code) for code, label in bugged.items()]
