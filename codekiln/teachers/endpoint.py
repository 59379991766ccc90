"""A teacher behind any OpenAI-compatible chat server: a hosted model, vLLM, SGLang, llama.cpp."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import ClassVar

from pydantic import Field

from codekiln.inference import Sampling
from codekiln.inference.endpoint import EndpointGenerator, EndpointSettings
from codekiln.records import Problem, Sample
from codekiln.teachers import Teacher, TeacherSettings, ask


class Settings(TeacherSettings, EndpointSettings):
    """The server, and how candidates are drawn."""

    sampling: Sampling = Field(
        Sampling(n=4, max_new_tokens=1024), description="how candidates are drawn; the run's seed is added"
    )


class EndpointTeacher(Teacher):
    """Asks a server for every candidate; answers are kept on disk, and counted with their cost."""

    describe: ClassVar[str] = "Any OpenAI-compatible chat server; answers are kept on disk, and their cost is counted."
    Settings: ClassVar[type[TeacherSettings]] = Settings

    def __init__(self, settings: Settings, *, seed: int) -> None:
        super().__init__(settings, seed=seed)
        self.generator = EndpointGenerator(settings)

    def solve(self, problems: Iterable[Problem]) -> Iterator[tuple[Problem, list[Sample]]]:
        """Ask for ``sampling.n`` candidates per problem; the programs are the fenced Python blocks of the replies."""
        sampling = self.settings.sampling
        sampling = sampling.model_copy(update={"seed": sampling.seed + self.seed})
        return ask(self.generator, sampling, problems, self.settings.model)

    def check(self) -> None:
        """Raise InputError when the server cannot be reached, refuses the key, or does not list the model."""
        self.generator.check()

    def usage(self) -> dict[str, float]:
        """Return answers, tokens and cost so far; see `codekiln.inference.endpoint.Usage`."""
        return asdict(self.generator.usage())
