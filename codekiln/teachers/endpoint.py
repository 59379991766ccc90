"""A teacher behind any OpenAI-compatible chat server: a hosted model, vLLM, SGLang, llama.cpp."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import ClassVar

from pydantic import Field

from codekiln.data import prompts
from codekiln.data.records import Problem, Sample
from codekiln.errors import InputError
from codekiln.inference import Sampling
from codekiln.inference.endpoint_settings import EndpointSettings
from codekiln.inference.sampling.candidates import sample_programs
from codekiln.teachers import Teacher, TeacherSettings

log = logging.getLogger(__name__)


class EndpointTeacherSettings(TeacherSettings, EndpointSettings):
    """The server, and how candidates are drawn."""

    sampling: Sampling = Field(
        Sampling(n=4, max_new_tokens=1024), description="how candidates are drawn; the run's seed is added"
    )
    structured: bool = Field(
        False,
        description="ask for all n candidates of a problem in one request, each different, as JSON by a schema",
    )
    attempts: int = Field(
        3, ge=1, description="structured: most requests per problem; each asks for the candidates still missing"
    )


class EndpointTeacher(Teacher[EndpointTeacherSettings]):
    """Requests every candidate from a server; answers are cached on disk, and their tokens and cost are counted."""

    describe: ClassVar[str] = "Any OpenAI-compatible chat server; answers are kept on disk, and their cost is counted."
    Settings: ClassVar[type[TeacherSettings]] = EndpointTeacherSettings

    def __init__(self, settings: EndpointTeacherSettings, *, seed: int) -> None:
        super().__init__(settings, seed=seed)
        # The openai package takes a second to import, and every command that reads settings imports this module.
        from codekiln.inference.endpoint import EndpointGenerator
        from codekiln.inference.structured import StructuredGenerator

        self.generator = EndpointGenerator(settings)
        sampling = settings.sampling
        self._sampling = sampling.model_copy(update={"seed": sampling.seed + seed})
        self._structured_generator = StructuredGenerator(self.generator, self._sampling, settings.attempts)

    def solve(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Request ``sampling.n`` candidates per problem: the programs in the replies.

        A problem can have fewer: `usage` counts what the server refused, replies without a text, and, with
        ``structured``, answers outside the schema.

        Raises:
            InputError: Structured answers are programs, and some problem wants a text.
        """
        if not self.settings.structured:
            found = sample_programs(self.generator, self._sampling, problems, self.settings.model)
            return ((problem, _with_text(problem, samples)) for problem, samples in found)
        return self._structured(list(problems))

    def _structured(self, problems: list[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        if texts := [problem.task_id for problem in problems if problem.reply == "text"]:
            raise InputError(
                f"structured answers are programs, and {len(texts)} problems want a text ({texts[0]})",
                where="teachers.endpoint.structured",
                fix="set it to false for this recipe",
            )
        answers = self._structured_generator.generate([prompts.messages(problem) for problem in problems])
        for problem, programs in zip(problems, answers, strict=True):
            yield (
                problem,
                [
                    Sample(
                        task_id=problem.task_id,
                        solution=code,
                        model=self.settings.model,
                        seed=self._sampling.seed + index,
                    )
                    for index, code in enumerate(programs)
                ],
            )

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        self.generator.check()

    def usage(self) -> dict[str, float]:
        """Return the counts of `codekiln.inference.endpoint.Usage`, and those of malformed structured answers."""
        used = asdict(self.generator.usage())
        if self.settings.structured:
            found = self._structured_generator
            used |= {f"malformed_{reason}": float(count) for reason, count in sorted(found.malformed.items())}
            used["missing"] = float(found.missing)
        return used


def _with_text(problem: Problem, samples: list[Sample]) -> list[Sample]:
    kept = [sample for sample in samples if sample.solution]
    if not kept:
        log.warning("%s: no reply has a text", problem.task_id)
    return kept
